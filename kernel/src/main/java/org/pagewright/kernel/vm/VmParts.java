package org.pagewright.kernel.vm;

/**
 * The collaborators of user memory that decide something of their own.
 *
 * @param batch flushes that wait for each other
 * @param huge huge pages
 * @param remapping moves of mapped pages
 * @param gup pins without locks
 * @param shared middle tables that several processes use
 * @param migration moves of pages to other frames
 */
public record VmParts(
    BatchedFlush batch,
    HugePages huge,
    Remapping remapping,
    GupFast gup,
    SharedTables shared,
    Migration migration) {
  /** As Linux 7.0 has them. */
  public static VmParts of(VmServices services) {
    BatchedFlush batch = new BatchedFlush(services);
    HugePages huge = new HugePages(services);
    return new VmParts(
        batch,
        huge,
        new Remapping(services, batch, huge),
        new GupFast(services),
        new SharedTables(services),
        new Migration(services, batch));
  }

  /** The same with other moves to other frames. */
  public VmParts withMigration(Migration other) {
    return new VmParts(batch, huge, remapping, gup, shared, other);
  }

  /** The same with other huge pages. */
  public VmParts withHuge(HugePages other) {
    return new VmParts(batch, other, remapping, gup, shared, migration);
  }

  /** The same with other flushes. */
  public VmParts withBatch(BatchedFlush other) {
    return new VmParts(other, huge, remapping, gup, shared, migration);
  }

  /** The same with other moves. */
  public VmParts withRemapping(Remapping other) {
    return new VmParts(batch, huge, other, gup, shared, migration);
  }

  /** The same with other pins. */
  public VmParts withGup(GupFast other) {
    return new VmParts(batch, huge, remapping, other, shared, migration);
  }

  /** The same with other shared tables. */
  public VmParts withShared(SharedTables other) {
    return new VmParts(batch, huge, remapping, gup, other, migration);
  }
}

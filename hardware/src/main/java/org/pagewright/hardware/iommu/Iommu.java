package org.pagewright.hardware.iommu;

import java.util.Map;
import java.util.TreeMap;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PagingRegisters;
import org.pagewright.hardware.paging.WalkPath;
import org.pagewright.hardware.paging.Walker;
import org.pagewright.hardware.tlb.Tlb;
import org.pagewright.hardware.tlb.TlbScope;

/**
 * Translates for devices that use addresses of processes: a walker with caches of its own.
 *
 * <p>Intel VT-d specification, "Caching translation information": a device's access may leave
 * entries for every table on the way in the paging-structure caches, tagged with the PASID, and
 * they stay until a command invalidates them.
 */
public final class Iommu {
  private final Walker walker;
  private final Tlb tlb;
  private final PagingRegisters registers;
  private final WalkPath path = new WalkPath();

  /** Top tables by PASID. */
  private final Map<Integer, Long> roots = new TreeMap<>();

  /** An IOMMU of a machine, with the translation caches that its CPUs have. */
  public Iommu(Machine machine) {
    this.walker = machine.walker();
    this.tlb = new Tlb(machine.config().tlb(), machine.format());
    this.registers = new PagingRegisters(machine.format());
    machine.attach(tlb);
  }

  /** Lets devices use the tables below {@code rootPa} by a PASID. */
  public void bind(int pasid, long rootPa) {
    if (roots.putIfAbsent(pasid, rootPa) != null) {
      throw new IllegalArgumentException("PASID " + pasid + " is bound");
    }
  }

  /** Ends that, and forgets what was cached for the PASID. */
  public void unbind(int pasid) {
    if (roots.remove(pasid) == null) {
      throw new IllegalArgumentException("PASID " + pasid + " is not bound");
    }
    int scope = TlbScope.ONE_ASID | TlbScope.EVERYWHERE | TlbScope.STRUCTURES;
    int dropped = tlb.invalidate(0, 0, pasid, scope);
    assert dropped >= 0 : dropped;
  }

  /**
   * Translates for a device, as user mode does.
   *
   * @param access of {@link Access}, without the bit for user mode
   * @return a translation, or a fault
   */
  public long translate(int pasid, long va, int access) {
    Long root = roots.get(pasid);
    if (root == null) {
      throw new IllegalArgumentException("PASID " + pasid + " is not bound");
    }
    int asUser = access | Access.USER;
    int role = asUser >>> 2 & 1;
    registers.setRoot(root);
    registers.setAsid(pasid);
    long cached = tlb.lookup(va, pasid, role);
    if (cached > Tlb.MISS) {
      return Walker.check(registers, cached, asUser);
    }
    tlb.structures().start(va, pasid, path);
    long translation = walker.translate(registers, va, asUser, path);
    if (path.topLevel() > 0) {
      tlb.structures().fill(va, pasid, path);
    }
    if (translation > 0) {
      tlb.fill(va, pasid, translation, role);
    }
    return translation;
  }

  /** Forgets everything. */
  public void invalidateAll() {
    int dropped = tlb.invalidate(0, 0, /* asid= */ 0, TlbScope.ALL);
    assert dropped >= 0 : dropped;
  }
}

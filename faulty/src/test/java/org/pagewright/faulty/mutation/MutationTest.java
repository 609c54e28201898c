package org.pagewright.faulty.mutation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.lab.mutation.MutantResult;
import org.pagewright.lab.mutation.MutationLog;
import org.pagewright.lab.mutation.MutationPlan;
import org.pagewright.lab.mutation.MutationTable;

/**
 * Mutants are found where they should be, can be loaded, and are tried in a machine of their own.
 */
final class MutationTest {
  /** Code with a mutant of each kind. */
  private static final class Sample {
    private static final long SIZE = 4096;

    static int rest(int number, int flags) {
      assert number != 77 : "left alone";
      if (number < 3) {
        throw new IllegalArgumentException("left alone: " + (number + 78));
      }
      return number & flags;
    }

    boolean isLarge(long bytes) {
      return bytes + SIZE > SIZE * 3;
    }
  }

  private static byte[] bytes(Class<?> type) throws IOException {
    String name = type.getName().replace('.', '/') + ".class";
    try (InputStream in = type.getClassLoader().getResourceAsStream(name)) {
      assertThat(in).as(name).isNotNull();
      return in.readAllBytes();
    }
  }

  private static List<String> changes(String method) throws IOException {
    return MutantFinder.of(bytes(Sample.class)).stream()
        .filter(mutant -> mutant.place().method().equals(method))
        .map(mutant -> mutant.place().what())
        .toList();
  }

  @Test
  void mutants_ofCodeWithChecks_areOfDecisionsOnly() throws IOException {
    assertThat(changes("rest"))
        .containsExactlyInAnyOrder(
            "< becomes >=",
            "< becomes <=",
            "3 becomes 4",
            "& becomes |",
            "second operand of & goes",
            "answers 0");
    assertThat(new Sample().isLarge(1)).isFalse();
    assertThat(Sample.rest(5, 4)).isEqualTo(4);
    assertThat(changes("isLarge")).contains("+ becomes -", "> becomes >=");
  }

  @Test
  void rewriter_everyMutantOfAClass_givesAClassThatCanBeLoaded() throws IOException {
    byte[] before = bytes(PageTables.class);
    List<Mutant> mutants = MutantFinder.of(before);
    assertThat(mutants).hasSizeGreaterThan(100);
    Set<String> kinds = new TreeSet<>();
    String name = PageTables.class.getName().replace('.', '/');
    Rewriter rewriter = new Rewriter();
    for (Mutant mutant : mutants) {
      rewriter.plant(mutant);
      byte[] after = rewriter.transform(null, name, null, null, before);
      assertThat(rewriter.takeFailure()).as(mutant.toString()).isNull();
      assertThat(ClassFile.of().verify(after)).as(mutant.toString()).isEmpty();
      kinds.add(mutant.mutator().label());
    }
    assertThat(kinds).contains("negated-condition", "moved-bound", "no-call", "first-operand");
  }

  @Test
  void runner_fewMutants_areTriedAndSomeAreNoticed() {
    MutationPlan plan =
        new MutationPlan(
            /* seed= */ 3,
            /* mutants= */ 12,
            List.of("pgtable"),
            List.of("PageTables"),
            /* jobs= */ 1,
            /* seconds= */ 60,
            /* isSmoke= */ true);
    MutationLog log = MutationLog.inMemory();
    List<MutantResult> results = new ForkedMutationRunner().run(plan, log, (done, all) -> {});
    assertThat(results).hasSize(12);
    assertThat(results).anyMatch(result -> result.fate().isKilled());
    assertThat(results).allSatisfy(result -> assertThat(result.place().source()).isNotEmpty());
    MutationTable.Row all = MutationTable.rows(results).getLast();
    assertThat(all.mutants()).isEqualTo(12);
    assertThat(all.byOracle() + all.byException() + all.byTimeout() + all.survived())
        .isEqualTo(12 - all.notReached());
  }
}

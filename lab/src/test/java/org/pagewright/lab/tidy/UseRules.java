package org.pagewright.lab.tidy;

import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.ImportTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.NewClassTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.TreePathScanner;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What may be used where: native memory, threads, clocks, chance, settings, the console. */
final class UseRules extends TreePathScanner<@Nullable Void, @Nullable Void> {

  /** Something that only some sources may use, written as in the source; a dot ends a prefix. */
  private record Ban(String use, Predicate<Source> mayUse, String instead) {}

  private static final Predicate<Source> TEST = source -> !source.isMain();
  private static final Predicate<Source> LAB_OR_BENCH =
      source -> source.isIn("org.pagewright.lab") || source.isIn("org.pagewright.bench");
  private static final Predicate<Source> TIME =
      TEST.or(LAB_OR_BENCH).or(source -> source.isIn("org.pagewright.hardware.choice"));
  private static final Predicate<Source> SETTINGS =
      TEST.or(source -> source.isIn("org.pagewright.lab.cli"));
  private static final Predicate<Source> NOBODY =
      source -> source.packageName().endsWith(".fixture");

  private static final String SEEDED = "a decision of Choices or a seeded generator";
  private static final String CONFIGURED = "a value of a configuration record";
  private static final String RETURNED = "a result or an event that lab prints";

  private static final List<Ban> BANS =
      List.of(
          new Ban(
              "java.lang.foreign.",
              source -> source.isIn("org.pagewright.hardware.memory"),
              "PhysicalMemory or a sparse array"),
          new Ban("sun.misc.", NOBODY, "a supported interface"),
          new Ban("Thread", TIME, "one deterministic machine"),
          new Ban("System.nanoTime", TIME, "simulated cycles"),
          new Ban("System.currentTimeMillis", TIME, "simulated cycles"),
          new Ban("Instant.now", TIME, "simulated cycles"),
          new Ban("Math.random", NOBODY, SEEDED),
          new Ban("new Random()", NOBODY, SEEDED),
          new Ban("new SplittableRandom()", NOBODY, SEEDED),
          new Ban("ThreadLocalRandom", NOBODY, SEEDED),
          new Ban("UUID.randomUUID", NOBODY, SEEDED),
          new Ban("System.identityHashCode", NOBODY, "an order that does not vary"),
          new Ban("System.getProperty", SETTINGS, CONFIGURED),
          new Ban("System.getenv", SETTINGS, CONFIGURED),
          new Ban("Integer.getInteger", SETTINGS, CONFIGURED),
          new Ban("Long.getLong", SETTINGS, CONFIGURED),
          new Ban("Boolean.getBoolean", SETTINGS, CONFIGURED),
          new Ban("System.out", TEST.or(LAB_OR_BENCH), RETURNED),
          new Ban("System.err", TEST.or(LAB_OR_BENCH), RETURNED));

  private final Source source;
  private final Findings findings;

  UseRules(Source source, Findings findings) {
    this.source = source;
    this.findings = findings;
  }

  void check() {
    scan(source.tree(), null);
  }

  private void use(Tree part, String what) {
    for (Ban ban : BANS) {
      boolean matches =
          ban.use().endsWith(".") ? what.startsWith(ban.use()) : what.equals(ban.use());
      if (matches && !ban.mayUse().test(source)) {
        findings.add(source.path(), source.line(part), "uses " + what, ban.instead());
      }
    }
  }

  @Override
  public @Nullable Void visitImport(ImportTree statement, @Nullable Void unused) {
    String name = statement.getQualifiedIdentifier().toString();
    use(statement, name);
    if (statement.isStatic()) {
      String owner = name.substring(0, name.lastIndexOf('.'));
      use(statement, owner.substring(owner.lastIndexOf('.') + 1) + name.substring(owner.length()));
    }
    return null;
  }

  @Override
  public @Nullable Void visitIdentifier(IdentifierTree name, @Nullable Void unused) {
    use(name, name.getName().toString());
    return null;
  }

  @Override
  public @Nullable Void visitMemberSelect(MemberSelectTree select, @Nullable Void unused) {
    use(select, select.toString());
    return super.visitMemberSelect(select, null);
  }

  @Override
  public @Nullable Void visitNewClass(NewClassTree creation, @Nullable Void unused) {
    if (creation.getArguments().isEmpty()) {
      use(creation, "new " + creation.getIdentifier() + "()");
    }
    return super.visitNewClass(creation, null);
  }
}

package org.pagewright.lab.tidy;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.DoWhileLoopTree;
import com.sun.source.tree.EnhancedForLoopTree;
import com.sun.source.tree.ForLoopTree;
import com.sun.source.tree.IfTree;
import com.sun.source.tree.LambdaExpressionTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.SwitchExpressionTree;
import com.sun.source.tree.SwitchTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.WhileLoopTree;
import com.sun.source.util.TreePathScanner;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The limits of size: lines of a file and of a method, columns, parameters, nesting.
 *
 * <p>Nesting counts loops and branches. An {@code else if} is no deeper than its {@code if}; a
 * lambda or a local class starts anew, as it is a function of its own.
 */
final class SizeRules extends TreePathScanner<@Nullable Void, @Nullable Void> {
  static final int FILE_LINES_MAX = 800;
  static final int LINE_COLUMNS_MAX = 100;
  static final int METHOD_LINES_MAX = 70;
  static final int PARAMETERS_MAX = 7;
  static final int NESTING_MAX = 3;

  private static final String QUOTES = "\"".repeat(3);

  private final Source source;
  private final Map<String, Long> ratchet;
  private final Findings findings;
  private int nesting;

  /** Methods named in {@code ratchet} may be as long as they are listed there. */
  SizeRules(Source source, Map<String, Long> ratchet, Findings findings) {
    this.source = source;
    this.ratchet = ratchet;
    this.findings = findings;
  }

  void check() {
    long lines = source.lines().count();
    if (lines > FILE_LINES_MAX) {
      findings.add(source.path(), 1, lines + " lines", "at most " + FILE_LINES_MAX);
    }
    checkColumns();
    scan(source.tree(), null);
  }

  /** Imports and addresses cannot be broken; the lines of a text block are meant as they are. */
  private void checkColumns() {
    int number = 0;
    boolean isText = false;
    for (String line : source.text().split("\n", -1)) {
      number++;
      int columns = line.codePointCount(0, line.length());
      boolean isFree = isText || line.startsWith("import ") || line.contains("://");
      if (columns > LINE_COLUMNS_MAX && !isFree) {
        findings.add(source.path(), number, columns + " columns", "at most " + LINE_COLUMNS_MAX);
      }
      isText ^= line.contains(QUOTES);
    }
  }

  @Override
  public @Nullable Void visitMethod(MethodTree method, @Nullable Void unused) {
    long lines = source.lineCount(method);
    long allowed = ratchet.getOrDefault(key(method), (long) METHOD_LINES_MAX);
    if (lines > allowed) {
      complain(method, "method " + method.getName() + " has " + lines + " lines", allowed);
    }
    int parameters = method.getParameters().size();
    if (parameters > PARAMETERS_MAX && !isOfRecord()) {
      complain(
          method,
          "method " + method.getName() + " has " + parameters + " parameters",
          PARAMETERS_MAX);
    }
    return anew(() -> super.visitMethod(method, null));
  }

  private void complain(Tree part, String what, long most) {
    findings.add(source.path(), source.line(part), what, "at most " + most);
  }

  /** What the ratchet file calls {@code method}; overloads share the entry. */
  private String key(MethodTree method) {
    return source.path() + "#" + method.getName();
  }

  private boolean isOfRecord() {
    return getCurrentPath().getParentPath().getLeaf() instanceof ClassTree type
        && type.getKind() == Tree.Kind.RECORD;
  }

  @Override
  public @Nullable Void visitClass(ClassTree type, @Nullable Void unused) {
    return anew(() -> super.visitClass(type, null));
  }

  @Override
  public @Nullable Void visitLambdaExpression(LambdaExpressionTree lambda, @Nullable Void unused) {
    return anew(() -> super.visitLambdaExpression(lambda, null));
  }

  @Override
  public @Nullable Void visitIf(IfTree branch, @Nullable Void unused) {
    boolean isElseIf =
        getCurrentPath().getParentPath().getLeaf() instanceof IfTree outer
            && branch.equals(outer.getElseStatement());
    return isElseIf
        ? super.visitIf(branch, null)
        : deeper(branch, () -> super.visitIf(branch, null));
  }

  @Override
  public @Nullable Void visitForLoop(ForLoopTree loop, @Nullable Void unused) {
    return deeper(loop, () -> super.visitForLoop(loop, null));
  }

  @Override
  public @Nullable Void visitEnhancedForLoop(EnhancedForLoopTree loop, @Nullable Void unused) {
    return deeper(loop, () -> super.visitEnhancedForLoop(loop, null));
  }

  @Override
  public @Nullable Void visitWhileLoop(WhileLoopTree loop, @Nullable Void unused) {
    return deeper(loop, () -> super.visitWhileLoop(loop, null));
  }

  @Override
  public @Nullable Void visitDoWhileLoop(DoWhileLoopTree loop, @Nullable Void unused) {
    return deeper(loop, () -> super.visitDoWhileLoop(loop, null));
  }

  @Override
  public @Nullable Void visitSwitch(SwitchTree branch, @Nullable Void unused) {
    return deeper(branch, () -> super.visitSwitch(branch, null));
  }

  @Override
  public @Nullable Void visitSwitchExpression(SwitchExpressionTree branch, @Nullable Void unused) {
    return deeper(branch, () -> super.visitSwitchExpression(branch, null));
  }

  private @Nullable Void anew(Runnable visit) {
    int outer = nesting;
    nesting = 0;
    visit.run();
    nesting = outer;
    return null;
  }

  private @Nullable Void deeper(Tree part, Runnable visit) {
    nesting++;
    if (nesting == NESTING_MAX + 1) {
      complain(part, "nested " + nesting + " deep", NESTING_MAX);
    }
    visit.run();
    nesting--;
    return null;
  }
}

package org.pagewright.lab.tidy;

import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/** One parsed source file; the path is relative to the root of the checkout, with slashes. */
record Source(String path, String text, CompilationUnitTree tree, DocTrees trees) {

  /** Parses files, given as path to text; nothing is resolved, so fragments of a project do. */
  static List<Source> parse(Map<String, String> files) {
    List<JavaFileObject> objects = new ArrayList<>();
    files.forEach((path, text) -> objects.add(new Text(path, text)));
    DiagnosticCollector<JavaFileObject> diagnostics = new DiagnosticCollector<>();
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    JavacTask task =
        (JavacTask) compiler.getTask(null, null, diagnostics, List.of("-proc:none"), null, objects);
    DocTrees trees = DocTrees.instance(task);
    List<Source> sources = new ArrayList<>();
    try {
      Iterator<Map.Entry<String, String>> file = files.entrySet().iterator();
      for (CompilationUnitTree tree : task.parse()) {
        Map.Entry<String, String> entry = file.next();
        sources.add(new Source(entry.getKey(), entry.getValue(), tree, trees));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (!diagnostics.getDiagnostics().isEmpty()) {
      throw new IllegalArgumentException("does not parse: " + diagnostics.getDiagnostics());
    }
    return sources;
  }

  /** The first folder of the path, which is the Maven module. */
  String module() {
    return path.substring(0, path.indexOf('/'));
  }

  boolean isMain() {
    return path.contains("/src/main/java/");
  }

  String packageName() {
    return tree.getPackageName() == null ? "" : tree.getPackageName().toString();
  }

  /** True if the package is {@code name} or below it. */
  boolean isIn(String name) {
    return packageName().equals(name) || packageName().startsWith(name + ".");
  }

  /** The name of the file without folder and ending. */
  String simpleName() {
    return path.substring(path.lastIndexOf('/') + 1).replaceFirst("\\.java$", "");
  }

  Stream<String> lines() {
    return text.lines();
  }

  long line(Tree part) {
    return lineOf(trees.getSourcePositions().getStartPosition(tree, part));
  }

  /** Lines from the first modifier of {@code part} to its end, both counted. */
  long lineCount(Tree part) {
    return lineOf(trees.getSourcePositions().getEndPosition(tree, part)) - line(part) + 1;
  }

  @Nullable String documentation(TreePath part) {
    return trees.getDocComment(part);
  }

  private long lineOf(long position) {
    return tree.getLineMap().getLineNumber(position);
  }

  /** A source file in memory. */
  private static final class Text extends SimpleJavaFileObject {
    private final String text;

    Text(String path, String text) {
      super(URI.create("text:///" + path), Kind.SOURCE);
      this.text = text;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return text;
    }
  }
}

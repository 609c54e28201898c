package org.pagewright.lab.tidy;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.util.TreePathScanner;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Names that say nothing, acronyms in capitals, accessors with {@code get}, undocumented types. */
final class NameRules extends TreePathScanner<@Nullable Void, @Nullable Void> {
  private static final Set<String> EMPTY_WORDS =
      Set.of(
          "Manager", "Helper", "Helpers", "Util", "Utils", "Impl", "Handler", "Context", "Info",
          "Data");
  private static final Pattern WORD_START = Pattern.compile("(?=\\p{Upper})");
  private static final Pattern CAPITALS = Pattern.compile("\\p{Upper}{3,}");
  private static final Pattern GETTER = Pattern.compile("get\\p{Upper}.*");

  private final Source source;
  private final Findings findings;

  NameRules(Source source, Findings findings) {
    this.source = source;
    this.findings = findings;
  }

  void check() {
    scan(source.tree(), null);
  }

  @Override
  public @Nullable Void visitClass(ClassTree type, @Nullable Void unused) {
    String name = type.getSimpleName().toString();
    if (!name.isEmpty()) {
      checkTypeName(type, name);
      if (source.isMain() && source.documentation(getCurrentPath()) == null) {
        findings.add(
            source.path(), source.line(type), name + " has no Javadoc", "a sentence on what it is");
      }
    }
    return super.visitClass(type, null);
  }

  private void checkTypeName(ClassTree type, String name) {
    String before = "";
    for (String word : WORD_START.split(name, -1)) {
      boolean isFaultHandler = word.equals("Handler") && before.equals("Fault");
      if (EMPTY_WORDS.contains(word) && !isFaultHandler) {
        findings.add(
            source.path(),
            source.line(type),
            name + " has '" + word + "'",
            "a word that says more");
      }
      before = word;
    }
    if (CAPITALS.matcher(name).find()) {
      findings.add(
          source.path(), source.line(type), name + " shouts", "acronyms as words, such as Tlb");
    }
  }

  @Override
  public @Nullable Void visitMethod(MethodTree method, @Nullable Void unused) {
    String name = method.getName().toString();
    if (GETTER.matcher(name).matches()
        && method.getParameters().isEmpty()
        && !isOverride(method.getModifiers())) {
      findings.add(
          source.path(), source.line(method), name + " is an accessor with get", "the bare noun");
    }
    return super.visitMethod(method, null);
  }

  private static boolean isOverride(ModifiersTree modifiers) {
    return modifiers.getAnnotations().stream()
        .anyMatch(annotation -> annotation.getAnnotationType().toString().equals("Override"));
  }
}

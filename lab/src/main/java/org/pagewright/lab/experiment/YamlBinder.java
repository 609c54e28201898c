package org.pagewright.lab.experiment;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/**
 * Reads YAML 1.2 into records: keys are component names in kebab-case, nothing is guessed.
 *
 * <p>Components may be strings, numbers, booleans, enums, records, lists of those, and maps from
 * strings to those. A record with a method {@code parse(String)} is written as a text. Every
 * problem of a file is found in one go; each is reported with line and column. An unknown key, a
 * key given twice and a missing key are problems.
 */
public final class YamlBinder {

  /** The value of a component whose key may be left out, written as in the file. */
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.RECORD_COMPONENT, ElementType.FIELD})
  public @interface Default {
    /** The text that is bound instead. */
    String value();
  }

  private final String file;
  private final List<String> problems = new ArrayList<>();

  private YamlBinder(String file) {
    this.file = file;
  }

  /** Reads {@code text} into {@code type}; {@code file} is what messages call it. */
  public static <T extends Record> T read(String file, String text, Class<T> type) {
    YamlBinder binder = new YamlBinder(file);
    Object value = binder.document(text, type);
    if (!binder.problems.isEmpty() || value == null) {
      throw new BadFile(binder.problems);
    }
    return type.cast(value);
  }

  private @Nullable Object document(String text, Class<?> type) {
    LoadSettings settings =
        LoadSettings.builder()
            .setLabel(file)
            .setSchema(new CoreSchema())
            .setAllowDuplicateKeys(true) // reported here, with the place of the first
            .build();
    try {
      Optional<Node> root = new Compose(settings).composeString(text);
      if (root.isEmpty()) {
        problems.add(file + ": the file is empty; expected a mapping");
        return null;
      }
      return bind(root.get(), type, type, "the document");
    } catch (MarkedYamlEngineException e) {
      Mark mark = e.getProblemMark().orElse(null);
      problems.add(position(mark) + ": " + e.getProblem() + "; expected YAML 1.2");
    } catch (YamlEngineException e) {
      problems.add(file + ": " + e.getMessage() + "; expected YAML 1.2");
    } catch (StackOverflowError e) {
      // The parser recurses once per level of nesting.
      problems.add(file + ": nested too deeply; expected a few levels");
    }
    return null;
  }

  private @Nullable Object bind(Node node, Class<?> raw, Type type, String what) {
    Method parser = parser(raw);
    if (parser != null) {
      return node instanceof ScalarNode scalar
          ? parse(scalar, parser)
          : problem(node, what + " is " + kind(node), "a text");
    }
    if (raw.isRecord()) {
      return node instanceof MappingNode map
          ? record(map, raw, what)
          : problem(node, what + " is " + kind(node), "a mapping");
    }
    if (raw == List.class) {
      return node instanceof SequenceNode items
          ? list(items, argument(type, 0), what)
          : problem(node, what + " is " + kind(node), "a list");
    }
    if (raw == Map.class) {
      return node instanceof MappingNode map
          ? map(map, argument(type, 1), what)
          : problem(node, what + " is " + kind(node), "a mapping");
    }
    return node instanceof ScalarNode scalar
        ? scalar(scalar, raw, what)
        : problem(node, what + " is " + kind(node), article(raw));
  }

  private static @Nullable Method parser(Class<?> type) {
    try {
      return type.isRecord() ? type.getMethod("parse", String.class) : null;
    } catch (NoSuchMethodException e) {
      return null;
    }
  }

  /** What a type reads itself it also refuses itself, as "what; expected X". */
  private @Nullable Object parse(ScalarNode node, Method parser) {
    try {
      return parser.invoke(null, node.getValue());
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof IllegalArgumentException refused) {
        problems.add(position(node) + ": " + refused.getMessage());
        return null;
      }
      throw new IllegalStateException(e.getCause());
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }

  private @Nullable Object record(MappingNode map, Class<?> type, String what) {
    RecordComponent[] components = type.getRecordComponents();
    List<String> keys = Arrays.stream(components).map(c -> kebab(c.getName())).toList();
    Map<String, Node> given = entries(map);
    int before = problems.size();
    given.forEach((key, node) -> checkKey(key, node, keys, map));
    @Nullable Object[] values = new @Nullable Object[components.length];
    for (int i = 0; i < components.length; i++) {
      values[i] = component(map, components[i], given.get(keys.get(i)), keys.get(i), what);
    }
    return problems.size() == before ? construct(map, type, components, values) : null;
  }

  private void checkKey(String key, Node node, List<String> keys, MappingNode map) {
    if (!keys.contains(key)) {
      problem(
          keyNode(map, key).orElse(node),
          "unknown key " + key,
          "one of " + String.join(", ", keys) + Nearest.hint(key, keys));
    }
  }

  private @Nullable Object component(
      MappingNode map, RecordComponent component, @Nullable Node node, String key, String what) {
    Class<?> raw = component.getType();
    if (node != null) {
      return bind(node, raw, component.getGenericType(), key);
    }
    Default fallback = component.getAnnotation(Default.class);
    if (fallback == null) {
      return problem(map, what + " lacks the key " + key, article(raw));
    }
    if (raw == List.class) {
      return List.of();
    }
    if (raw == Map.class) {
      return Map.of();
    }
    return convert(map, fallback.value(), raw, key);
  }

  private @Nullable Object construct(
      MappingNode map, Class<?> type, RecordComponent[] components, @Nullable Object[] values) {
    try {
      Class<?>[] types =
          Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
      Constructor<?> constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof IllegalArgumentException refused) {
        // Validation in a compact constructor speaks as "what; expected X" or just says what.
        problems.add(position(map) + ": " + refused.getMessage());
        return null;
      }
      throw new IllegalStateException(e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private List<Object> list(SequenceNode items, Type element, String what) {
    List<Object> values = new ArrayList<>();
    for (Node item : items.getValue()) {
      Object value = bind(item, raw(element), element, "an item of " + what);
      if (value != null) {
        values.add(value);
      }
    }
    return values;
  }

  private Map<String, Object> map(MappingNode map, Type element, String what) {
    Map<String, Object> values = new LinkedHashMap<>();
    entries(map)
        .forEach((key, node) -> {
          Object value = bind(node, raw(element), element, key + " of " + what);
          if (value != null) {
            values.put(key, value);
          }
        });
    return values;
  }

  private Map<String, Node> entries(MappingNode map) {
    Map<String, Node> entries = new LinkedHashMap<>();
    for (NodeTuple tuple : map.getValue()) {
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        problem(tuple.getKeyNode(), "a key is " + kind(tuple.getKeyNode()), "a plain word");
        continue;
      }
      if (entries.containsKey(key.getValue())) {
        String first = keyNode(map, key.getValue()).map(n -> line(n)).orElse("before");
        problem(key, "the key " + key.getValue() + " was given " + first, "each key once");
        continue;
      }
      entries.put(key.getValue(), tuple.getValueNode());
    }
    return entries;
  }

  private static String line(Node node) {
    return node.getStartMark().map(mark -> "in line " + (mark.getLine() + 1)).orElse("before");
  }

  private static Optional<Node> keyNode(MappingNode map, String key) {
    return map.getValue().stream()
        .map(NodeTuple::getKeyNode)
        .filter(node -> node instanceof ScalarNode scalar && scalar.getValue().equals(key))
        .findFirst();
  }

  private @Nullable Object scalar(ScalarNode node, Class<?> type, String what) {
    return convert(node, node.getValue(), type, what);
  }

  private @Nullable Object convert(Node node, String text, Class<?> type, String what) {
    try {
      if (type == String.class) {
        return text;
      }
      if (type == boolean.class) {
        return switch (text) {
          case "true" -> true;
          case "false" -> false;
          default -> problem(node, what + " is " + text, "true or false");
        };
      }
      if (type == int.class) {
        return Integer.decode(text);
      }
      if (type == long.class) {
        return Long.decode(text);
      }
      if (type == double.class) {
        double value = Double.parseDouble(text);
        return Double.isFinite(value) ? value : problem(node, what + " is " + text, "a number");
      }
    } catch (NumberFormatException e) {
      return problem(node, what + " is " + text, article(type));
    }
    return constant(node, text, type, what);
  }

  private @Nullable Object constant(Node node, String text, Class<?> type, String what) {
    if (!type.isEnum()) {
      throw new IllegalStateException("cannot read " + type + " from YAML");
    }
    List<String> names = new ArrayList<>();
    for (Object constant : type.getEnumConstants()) {
      String name = ((Enum<?>) constant).name().toLowerCase(Locale.ROOT).replace('_', '-');
      if (name.equals(text)) {
        return constant;
      }
      names.add(name);
    }
    return problem(
        node,
        what + " is " + text,
        "one of " + String.join(", ", names) + Nearest.hint(text, names));
  }

  private @Nullable Object problem(Node node, String what, String expected) {
    problems.add(position(node) + ": " + what + "; expected " + expected);
    return null;
  }

  private String position(Node node) {
    return position(node.getStartMark().orElse(null));
  }

  private String position(@Nullable Mark mark) {
    return mark == null ? file : file + ":" + (mark.getLine() + 1) + ":" + (mark.getColumn() + 1);
  }

  private static String kind(Node node) {
    return switch (node.getNodeType()) {
      case SCALAR -> "a plain value";
      case SEQUENCE -> "a list";
      case MAPPING -> "a mapping";
      case ANCHOR -> "an alias";
    };
  }

  private static String article(Class<?> type) {
    if (type == int.class || type == long.class) {
      return "a whole number";
    }
    if (type == double.class) {
      return "a number";
    }
    if (type == boolean.class) {
      return "true or false";
    }
    if (type == List.class) {
      return "a list";
    }
    return type.isRecord() || type == Map.class ? "a mapping" : "a text";
  }

  private static Type argument(Type type, int index) {
    return ((ParameterizedType) type).getActualTypeArguments()[index];
  }

  private static Class<?> raw(Type type) {
    return type instanceof ParameterizedType p ? (Class<?>) p.getRawType() : (Class<?>) type;
  }

  private static String kebab(String name) {
    return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
  }
}

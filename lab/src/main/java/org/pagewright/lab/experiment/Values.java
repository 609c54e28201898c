package org.pagewright.lab.experiment;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.pagewright.lab.report.Setting;

/** The value of every parameter of an experiment, each with its source. */
public final class Values {

  private final Map<String, Parameter> parameters = new LinkedHashMap<>();
  private final Map<String, Setting> settings = new LinkedHashMap<>();

  private Values() {}

  /**
   * The values that {@code assignments} (each {@code name=value}) give, defaults for the rest.
   *
   * @throws IllegalArgumentException for an unknown name or an impossible value
   */
  public static Values of(List<Parameter> parameters, List<String> assignments) {
    Values values = new Values();
    for (Parameter parameter : parameters) {
      values.parameters.put(parameter.name(), parameter);
      values.settings.put(
          parameter.name(), new Setting(parameter.name(), parameter.fallback(), "default"));
    }
    assignments.forEach(values::assign);
    return values;
  }

  private void assign(String assignment) {
    int equals = assignment.indexOf('=');
    if (equals < 1) {
      throw new IllegalArgumentException(
          "--set " + assignment + " has no value; expected NAME=VALUE");
    }
    String name = assignment.substring(0, equals).strip();
    String text = assignment.substring(equals + 1).strip();
    Parameter parameter = parameters.get(name);
    if (parameter == null) {
      throw new IllegalArgumentException(
          "unknown parameter "
              + name
              + "; expected one of "
              + String.join(", ", parameters.keySet())
              + Nearest.hint(name, parameters.keySet()));
    }
    parameter.check(text);
    settings.put(name, new Setting(name, text, "--set"));
  }

  /** The number that {@code name} stands for. */
  public long number(String name) {
    return parameter(name).number(text(name));
  }

  /** The word that {@code name} stands for. */
  public String text(String name) {
    Setting setting = settings.get(parameter(name).name());
    assert setting != null : name;
    return setting.value();
  }

  /** All settings, in the order of the parameters. */
  public List<Setting> settings() {
    return List.copyOf(settings.values());
  }

  private Parameter parameter(String name) {
    Parameter parameter = parameters.get(name);
    if (parameter == null) {
      throw new IllegalArgumentException("the experiment has no parameter " + name);
    }
    return parameter;
  }
}

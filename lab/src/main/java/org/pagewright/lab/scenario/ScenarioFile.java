package org.pagewright.lab.scenario;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.pagewright.check.explore.Operation;
import org.pagewright.check.explore.Scenario;
import org.pagewright.kernel.secret.SecretmemConfig.Backing;
import org.pagewright.lab.experiment.YamlBinder;
import org.pagewright.lab.report.InputText;

/**
 * A scenario as its file says it.
 *
 * @param name in kebab-case
 * @param what one sentence: the hazard
 * @param file how pages of the secret file are kept out of the direct map
 * @param isolation whether page-table isolation is on
 * @param cpus what each CPU does
 */
public record ScenarioFile(
    String name,
    String what,
    @YamlBinder.Default("remove-each") Backing file,
    @YamlBinder.Default("false") boolean isolation,
    List<List<Operation>> cpus) {
  /** More than any scenario needs. */
  private static final int BYTES_MAX = 1 << 16;

  /** Checks what a scenario must be. */
  public ScenarioFile {
    cpus = new Scenario(name, what, file, isolation, cpus).programs();
  }

  /** Whether the words name a file and not a scenario that comes with Pagewright. */
  public static boolean isFile(String name) {
    return name.contains("/") || name.endsWith(".yaml") || name.endsWith(".yml");
  }

  /** Reads a file; all that is wrong with it is told at once. */
  public static Scenario read(Path path) throws IOException {
    String text = InputText.read(path, BYTES_MAX, "a scenario file");
    ScenarioFile read = YamlBinder.read(path.toString(), text, ScenarioFile.class);
    return new Scenario(read.name, read.what, read.file, read.isolation, read.cpus);
  }

  /** A scenario as a file that {@link #read} reads. */
  public static String print(Scenario scenario) {
    StringBuilder text = new StringBuilder();
    text.append("name: ").append(scenario.name()).append('\n');
    text.append("what: \"").append(scenario.what().replace("\"", "'")).append("\"\n");
    String backing = scenario.backing().name().toLowerCase(Locale.ROOT).replace('_', '-');
    text.append("file: ").append(backing).append('\n');
    text.append("isolation: ").append(scenario.isolation()).append("\ncpus:\n");
    for (List<Operation> program : scenario.programs()) {
      List<String> words = program.stream().map(Operation::text).toList();
      text.append("  - [").append(String.join(", ", words)).append("]\n");
    }
    return text.toString();
  }
}

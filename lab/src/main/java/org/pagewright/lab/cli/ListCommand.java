package org.pagewright.lab.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.explore.Scenario;
import org.pagewright.check.oracle.Checker;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.PteFormats;
import org.pagewright.lab.experiment.Catalogue;
import org.pagewright.lab.experiment.CostFile;
import org.pagewright.lab.experiment.Experiment;
import org.pagewright.lab.experiment.MachineFile;
import org.pagewright.lab.experiment.Parameter;
import org.pagewright.lab.experiment.Variant;
import org.pagewright.lab.experiment.suite.Experiments;
import org.pagewright.lab.report.TextTable;
import org.pagewright.lab.show.ByteText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Lists what there is to run, to choose and to look at. */
@Command(
    name = "list",
    description = "Lists what there is.",
    footer = {
      "",
      "Examples:",
      "  pagewright list experiments",
      "  pagewright list formats --json -"
    })
final class ListCommand implements Callable<Integer> {
  @Mixin private final CommonOptions common = new CommonOptions();

  /** What can be listed. */
  enum Kind {
    experiments,
    variants,
    formats,
    machines,
    costs,
    scenarios,
    checkers,
    planted
  }

  /** A name with its sentence. */
  private record Entry(String name, String what) {}

  @Parameters(
      arity = "0..1",
      paramLabel = "KIND",
      description = "One of: ${COMPLETION-CANDIDATES}.")
  private @Nullable Kind kind;

  @Spec private @Nullable CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    List<Entry> entries =
        switch (chosen()) {
          case experiments -> experiments();
          case variants -> variants();
          case machines -> machines();
          case costs -> costs();
          case formats -> formats();
          case scenarios ->
              Scenario.all().stream().map(one -> new Entry(one.name(), one.what())).toList();
          case planted -> planted();
          case checkers ->
              Checker.all().stream().map(one -> new Entry(one.name(), one.property())).toList();
        };
    if (!common.isJsonOnly()) {
      print(entries);
    }
    common.printJson(entries);
    return ExitStatus.FINE;
  }

  private Kind chosen() {
    if (kind == null) {
      CommandSpec command = Objects.requireNonNull(spec, "picocli sets the command");
      String kinds = Arrays.stream(Kind.values()).map(Kind::name).collect(Collectors.joining(", "));
      throw new ParameterException(
          command.commandLine(), "no KIND of things; expected one of " + kinds);
    }
    return kind;
  }

  private void print(List<Entry> entries) {
    TextTable table =
        new TextTable()
            .column("name", TextTable.Align.LEFT)
            .column("what it is", TextTable.Align.LEFT);
    entries.forEach(entry -> table.row(List.of(entry.name(), entry.what())));
    common.out().print(table.text());
  }

  private static List<Entry> experiments() {
    List<Entry> entries = new ArrayList<>();
    for (Experiment experiment : Experiments.all()) {
      entries.add(new Entry(experiment.name(), firstSentence(experiment.description())));
      for (Parameter parameter : experiment.parameters()) {
        entries.add(
            new Entry("  --set " + parameter.name() + "=" + parameter.fallback(), help(parameter)));
      }
    }
    return entries;
  }

  private static String help(Parameter parameter) {
    return parameter.choices().isEmpty()
        ? parameter.help()
        : parameter.help() + " (" + String.join(", ", parameter.choices()) + ")";
  }

  private static List<Entry> variants() {
    List<Entry> entries = new ArrayList<>();
    for (Experiment experiment : Experiments.all()) {
      for (Variant variant : experiment.variants()) {
        String note = variant.byDefault() ? "" : " (on request)";
        entries.add(new Entry(experiment.name() + " " + variant.name(), variant.summary() + note));
      }
    }
    return entries;
  }

  private static List<Entry> machines() {
    List<Entry> entries = new ArrayList<>();
    for (String name : Catalogue.machines()) {
      MachineFile machine = Catalogue.machine(name);
      entries.add(new Entry(name, machine.title()));
    }
    return entries;
  }

  private static List<Entry> costs() {
    List<Entry> entries = new ArrayList<>();
    for (String name : Catalogue.costs()) {
      CostFile costs = Catalogue.costs(name);
      entries.add(new Entry(name, costs.title()));
    }
    return entries;
  }

  private static List<Entry> formats() {
    List<Entry> entries = new ArrayList<>();
    for (PteFormat format : PteFormats.all()) {
      List<String> pages = new ArrayList<>();
      for (int level = 1; level <= format.topLevel(); level++) {
        if (format.isLeafLevel(level)) {
          pages.add(ByteText.of(format.levelBytes(level)));
        }
      }
      entries.add(
          new Entry(
              format.name(),
              format.topLevel()
                  + " levels, "
                  + format.vaBits()
                  + "-bit addresses, pages of "
                  + String.join(", ", pages)));
    }
    return entries;
  }

  private static List<Entry> planted() {
    return PlantedCommand.all().stream().map(bug -> new Entry(bug.name(), bug.wrong())).toList();
  }

  private static String firstSentence(String text) {
    return text.split("(?<=[.?]) ", 2)[0];
  }
}

package org.pagewright.lab.cli;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints the help of a command, or explains a topic. */
@Command(
    name = "help",
    description = "Prints the help of a command, or explains a topic.",
    footer = {"", "Examples:", "  pagewright help run", "  pagewright help exit-codes"})
final class HelpCommand implements Callable<Integer> {
  @Mixin private final CommonOptions common = new CommonOptions();

  @Spec private @Nullable CommandSpec spec;

  @Parameters(arity = "0..1", paramLabel = "TOPIC", description = "A command or a topic.")
  private @Nullable String topic;

  @Override
  public Integer call() {
    assert spec != null : "picocli sets the command before it runs";
    CommandLine root = spec.root().commandLine();
    if (topic == null) {
      root.usage(common.out());
      common.out().println();
      common.out().println("Topics of 'pagewright help TOPIC':");
      HelpTopic.all().forEach(t -> common.out().printf("  %-14s %s%n", t.name(), t.gist()));
      return ExitStatus.FINE;
    }
    CommandLine command = root.getSubcommands().get(topic);
    if (command != null) {
      command.usage(common.out());
      return ExitStatus.FINE;
    }
    HelpTopic found = HelpTopic.named(topic);
    if (found == null) {
      throw new ParameterException(
          spec.commandLine(),
          "'%s' is neither a command nor a topic; expected one of: %s"
              .formatted(topic, HelpTopic.names()));
    }
    common.out().print(found.text());
    return ExitStatus.FINE;
  }
}

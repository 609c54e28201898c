package org.pagewright.lab.cli;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A subject that {@code pagewright help} explains at length. */
record HelpTopic(String name, String gist, String text) {

  private static final List<HelpTopic> ALL =
      List.of(
          new HelpTopic(
              "exit-codes",
              "what the exit status means",
              """
              0    fine
              1    a check failed, or a difference was found
              2    wrong usage
              3    bad input: one line 'file:line:column: what; expected what'; also a file
                   that cannot be read or written
              4    a bug of Pagewright itself; the message says how to report it
              69   no JDK 25 or newer; the message says where the launcher looked
              130  interrupted (Ctrl-C)

              A reader of standard output that goes away ('| head') ends a command quietly.
              """),
          new HelpTopic(
              "environment",
              "variables that the launcher and the commands read",
              """
              PAGEWRIGHT_JAVA_HOME  the JDK to try first
              JAVA_HOME             the JDK to try next; then java on PATH, then the folders
                                    where JDKs are usually installed
              PAGEWRIGHT_JVM_DIRS   colon-separated folders to search instead of those
              PAGEWRIGHT_JAVA_OPTS  more options for java, such as -Xmx8g
              NO_COLOR              set: no colours, whatever the terminal can do
              """),
          new HelpTopic(
              "output",
              "what goes where",
              """
              Results go to standard output; progress and complaints to standard error.
              --json FILE also writes the result as one JSON document; '-' is standard output.
              Every file that an option names appears complete or not at all: it is written
              beside its place and then renamed. Nothing else is written.
              """),
          new HelpTopic(
              "seeds",
              "how to get the same run again",
              """
              Everything that may vary in a run is a decision drawn from one seed. The same
              version, options and --seed give the same output to the last byte. The seed is a
              64-bit number, decimal or hexadecimal (0x2a), and 1 when none is given.
              """));

  static List<HelpTopic> all() {
    return ALL;
  }

  static @Nullable HelpTopic named(String name) {
    return ALL.stream().filter(topic -> topic.name().equals(name)).findFirst().orElse(null);
  }

  static String names() {
    return ALL.stream().map(HelpTopic::name).collect(Collectors.joining(", "));
  }
}

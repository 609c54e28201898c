package org.pagewright.lab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the launcher in a checkout of empty files, with Java and Maven replaced by scripts that say
 * how they were called, and with nothing else on {@code PATH} but what a POSIX system has.
 */
class LauncherTest {
  private static final Path LAUNCHER = Path.of("../pagewright").toAbsolutePath().normalize();
  private static final List<String> TOOLS =
      List.of("sed", "find", "head", "cat", "dirname", "readlink", "mkdir", "rm", "mv", "sleep");
  private static final String SAYS_HOW = "echo \"$0\"; for a in \"$@\"; do echo \"[$a]\"; done\n";

  @TempDir Path temp = Path.of("");

  private final Map<String, String> environment = new TreeMap<>();
  private Path tools = temp;
  private Path checkout = temp;

  /** What a run of the launcher left: its status and its output. */
  private record Run(int status, String out, String err) {}

  @BeforeEach
  void makeACheckoutAndItsTools() throws IOException {
    temp = temp.toRealPath();
    tools = Files.createDirectories(temp.resolve("tools"));
    for (String tool : TOOLS) {
      Path found =
          Stream.of("/bin/", "/usr/bin/")
              .map(folder -> Path.of(folder + tool))
              .filter(Files::isExecutable)
              .findFirst()
              .orElseThrow();
      script(tools.resolve(tool), "exec " + found + " \"$@\"\n");
    }
    checkout = Files.createDirectories(temp.resolve("check out"));
    Files.copy(LAUNCHER, checkout.resolve("pagewright"));
    Files.writeString(checkout.resolve("pom.xml"), "");
    Files.createDirectories(checkout.resolve("lab/src/main"));
    Files.writeString(checkout.resolve("lab/pom.xml"), "");
    environment.put("PATH", tools.toString());
    environment.put("HOME", temp.toString());
    environment.put("PAGEWRIGHT_JVM_DIRS", temp.resolve("jvms").toString());
  }

  private static void script(Path file, String body) throws IOException {
    Files.createDirectories(file.resolveSibling("."));
    Files.writeString(file, "#!/bin/sh\n" + body);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** Makes a folder that looks like a JDK of {@code version}, with or without a release file. */
  private Path jdk(String folder, String version, boolean hasRelease) throws IOException {
    Path home = temp.resolve(folder);
    script(
        home.resolve("bin/java"),
        "[ \"$1\" != -version ] || { echo 'openjdk version \""
            + version
            + "\"' >&2; exit; }\n"
            + SAYS_HOW);
    script(home.resolve("bin/javac"), "");
    if (hasRelease) {
      Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    }
    return home;
  }

  private void markAsBuilt() throws IOException {
    Files.createDirectories(checkout.resolve("lab/target/run/lib"));
    Files.createDirectories(checkout.resolve("target"));
    Files.writeString(checkout.resolve("target/launcher-quick.stamp"), "");
  }

  private void changeASource() throws IOException {
    Files.setLastModifiedTime(
        Files.writeString(checkout.resolve("lab/src/main/A.java"), ""),
        FileTime.fromMillis(
            Files.getLastModifiedTime(checkout.resolve("target/launcher-quick.stamp")).toMillis()
                + 2000));
  }

  private Run run(String... args) throws IOException, InterruptedException {
    return run(checkout.resolve("pagewright"), args);
  }

  private Run run(Path launcher, String... args) throws IOException, InterruptedException {
    List<String> command =
        Stream.concat(Stream.of("/bin/sh", launcher.toString()), Stream.of(args)).toList();
    Path out = temp.resolve("out");
    Path err = temp.resolve("err");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(temp.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().clear();
    builder.environment().putAll(environment);
    Process process = builder.start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("the launcher ends").isTrue();
    return new Run(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  @Nested
  class WithoutAJdk {
    @Test
    void launcher_withoutAnyJava_saysWhereItLookedAndExits69() throws Exception {
      Run run = run("list", "formats");

      assertThat(run.status()).isEqualTo(69);
      assertThat(run.out()).isEmpty();
      assertThat(run.err())
          .contains("needs a JDK 25 or newer")
          .contains("JAVA_HOME: not set")
          .contains("java on PATH: none")
          .contains("all JDKs in: " + temp.resolve("jvms"));
    }

    @Test
    void launcher_withOlderJavas_namesThemAndExits69() throws Exception {
      environment.put("JAVA_HOME", jdk("java-17", "17.0.15", true).toString());
      Files.createSymbolicLink(
          tools.resolve("java"), jdk("java-21", "21.0.1", true).resolve("bin/java"));
      jdk("jvms/java-8", "1.8.0_392", false);

      Run run = run("--help");

      assertThat(run.status()).isEqualTo(69);
      assertThat(run.err())
          .contains("JAVA_HOME: " + temp.resolve("java-17") + " (Java 17)")
          .contains("java on PATH: " + temp.resolve("java-21") + " (Java 21)")
          .contains(temp.resolve("jvms/java-8") + " (Java 1)");
    }

    @Test
    void launcher_withARunTimeOnly_saysThatTheCompilerIsMissing() throws Exception {
      Files.delete(jdk("jvms/jre-25", "25.0.1", true).resolve("bin/javac"));

      Run run = run("--help");

      assertThat(run.status()).isEqualTo(69);
      assertThat(run.err()).contains("Java 25 without javac");
    }

    @Test
    void test_withoutAJdk_exits69Too() throws Exception {
      assertThat(run("test").status()).isEqualTo(69);
    }
  }

  @Nested
  class WithAJdk {
    @Test
    void launcher_withAnOldJavaHome_findsTheJdkBesideIt() throws Exception {
      environment.put("JAVA_HOME", jdk("java-17", "17.0.15", true).toString());
      jdk("jvms/java-11", "11.0.2", true);
      Path jdk = jdk("jvms/jdk-25", "25.0.1", true);
      markAsBuilt();

      Run run = run("list", "a b");

      assertThat(run.err()).isEmpty();
      assertThat(run.status()).isZero();
      assertThat(run.out())
          .startsWith(jdk.resolve("bin/java") + "\n")
          .contains("[-XX:+UseSerialGC]", "[--enable-native-access=ALL-UNNAMED]")
          .endsWith("[org.pagewright.lab.cli.Pagewright]\n[list]\n[a b]\n");
    }

    @Test
    void launcher_findsJdksInTheOrderOfTheirNames() throws Exception {
      jdk("jvms/jdk-25", "25.0.1", true);
      environment.put("JAVA_HOME", jdk("home", "26", true).toString());
      environment.put("PAGEWRIGHT_JAVA_HOME", jdk("mine", "27-ea", false).toString());
      markAsBuilt();

      assertThat(run("list").out()).startsWith(temp.resolve("mine").toString());
      environment.remove("PAGEWRIGHT_JAVA_HOME");
      assertThat(run("list").out()).startsWith(temp.resolve("home").toString());
      environment.remove("JAVA_HOME");
      assertThat(run("list").out()).startsWith(temp.resolve("jvms/jdk-25").toString());
    }

    @Test
    void launcher_ofAMac_findsTheHomeInsideTheBundle() throws Exception {
      jdk("jvms/temurin-25.jdk/Contents/Home", "25.0.1", true);
      markAsBuilt();

      assertThat(run("list").out()).startsWith(temp.resolve("jvms/temurin-25.jdk").toString());
    }

    @Test
    void launcher_throughALink_runsItsOwnCheckout() throws Exception {
      jdk("jvms/jdk-25", "25.0.1", true);
      markAsBuilt();
      Path link = Files.createSymbolicLink(temp.resolve("pw"), Path.of("check out", "pagewright"));

      assertThat(run(link, "list").out()).contains(checkout + "/lab/target/run/classes");
    }

    @Test
    void options_ofTheUser_comeLastAndMayChooseTheCollector() throws Exception {
      jdk("jvms/jdk-25", "25.0.1", true);
      markAsBuilt();
      environment.put("PAGEWRIGHT_JAVA_OPTS", "-Xmx8g -XX:+UseParallelGC");

      assertThat(run("list").out())
          .contains("[-Xmx8g]\n[-XX:+UseParallelGC]\n[-cp]")
          .doesNotContain("SerialGC");
    }

    @Test
    void plantedBugs_areOnTheClassPathOfTheirCommandsOnly() throws Exception {
      jdk("jvms/jdk-25", "25.0.1", true);
      markAsBuilt();

      assertThat(run("planted").out()).contains("/faulty/");
      assertThat(run("mutate").out()).contains("/faulty/");
      assertThat(run("list").out()).contains("/faulty/");
      assertThat(run("check").out()).doesNotContain("/faulty/");
    }
  }

  @Nested
  class Building {
    @BeforeEach
    void installAJdk() throws IOException {
      jdk("jvms/jdk-25", "25.0.1", true);
    }

    private void maven(Path file, String version, int status) throws IOException {
      script(
          file,
          "for a in \"$@\"; do [ \"$a\" != --version ] || { echo 'Apache Maven "
              + version
              + "'; exit; }; done\n"
              + "mkdir -p lab/target/run/lib\n"
              + "echo \"$JAVA_HOME $0 $*\" >> calls\n"
              + "echo 'A.java:1: broken'\n"
              + ("exit " + status + "\n"));
    }

    private List<String> calls() throws IOException {
      Path calls = checkout.resolve("calls");
      return Files.exists(calls) ? Files.readAllLines(calls) : List.of();
    }

    @Test
    void sources_thatChanged_areBuiltOnce() throws Exception {
      maven(tools.resolve("mvn"), "3.8.6", 0);

      assertThat(run("list").out()).contains("[list]");
      assertThat(run("list").err()).isEmpty();
      assertThat(calls()).singleElement().asString().contains("-Dquick", "process-classes");
      assertThat(calls().getFirst()).startsWith(temp.resolve("jvms/jdk-25").toString());

      changeASource();
      assertThat(run("list").err()).contains("building");
      assertThat(calls()).hasSize(2);
    }

    @Test
    void build_thatFails_showsItsOutputAndExits4() throws Exception {
      maven(tools.resolve("mvn"), "3.9.11", 1);

      Run run = run("list");

      assertThat(run.status()).isEqualTo(4);
      assertThat(run.out()).isEmpty();
      assertThat(run.err()).contains("A.java:1: broken", "target/launcher-build.log");
      assertThat(checkout.resolve("target/launcher.lock")).doesNotExist();
    }

    @Test
    void maven_thatIsTooOld_isPassedOverForTheWrapper() throws Exception {
      maven(tools.resolve("mvn"), "3.6.3", 0);
      maven(checkout.resolve("mvnw"), "3.9.11", 0);

      run("list");

      assertThat(calls()).singleElement().asString().contains("/mvnw ");
    }

    @Test
    void lock_ofABuildThatDied_isTakenOver() throws Exception {
      maven(tools.resolve("mvn"), "3.9.11", 0);
      Path lock = Files.createDirectories(checkout.resolve("target/launcher.lock"));
      Files.writeString(lock.resolve("owner"), "999999999");

      assertThat(run("list").status()).isZero();
      assertThat(lock).doesNotExist();
    }

    @Test
    void test_passesItsArgumentsAndStatusOn() throws Exception {
      maven(tools.resolve("mvn"), "3.9.11", 1);

      assertThat(run("test", "-pl", "hardware").status()).isEqualTo(1);
      assertThat(calls()).singleElement().asString().endsWith(" verify -pl hardware");
      assertThat(calls().getFirst()).doesNotContain("-Dquick");
    }
  }
}

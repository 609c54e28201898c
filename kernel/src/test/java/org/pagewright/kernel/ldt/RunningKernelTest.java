package org.pagewright.kernel.ldt;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.mmlocal.MmLocalRegion;

/**
 * The same calls to the model and to the kernel that runs this test: results and every byte of the
 * caller's memory agree. Needs Linux on x86-64 with the system call, and a C compiler.
 */
class RunningKernelTest {
  private static final int CALLS = 4000;
  private static final int[] FUNCTIONS = {
    ModifyLdt.READ, ModifyLdt.WRITE_OLD, ModifyLdt.READ_DEFAULT, ModifyLdt.WRITE, 3
  };
  private static final long[] LENGTHS = {0, 7, 8, 20, 127, 128, 129, 4096, 65535, 65536, 70000, -1};
  private static final int[] ENTRIES = {0, 1, 2, 511, 512, 600, 8191, 8192, -1};
  private static final int[] ADDRESSES = {0, 0, 1, 10, 0xfffff, 0x1234_5678, -1};

  /** One call, as the program reads it. */
  private record Call(int function, long bytes, boolean isMissing, UserDescriptor wanted) {
    String line() {
      return "%d %s %d %s %s %s %s"
          .formatted(
              function,
              Long.toUnsignedString(bytes),
              isMissing ? 1 : 0,
              Integer.toUnsignedString(wanted.entryNumber()),
              Integer.toUnsignedString(wanted.base()),
              Integer.toUnsignedString(wanted.limit()),
              Integer.toUnsignedString(wanted.flags()));
    }
  }

  @Test
  void calls_drawnAtRandom_answerAsTheRunningKernelDoes(@TempDir Path directory) throws Exception {
    assumeTrue(System.getProperty("os.name").equals("Linux"), "Linux");
    assumeTrue(System.getProperty("os.arch").equals("amd64"), "x86-64");
    Path program = compile(directory);
    Call sixteenBits = new Call(ModifyLdt.WRITE, 16, false, new UserDescriptor(0, 0, 10, 0));
    String probe = run(program, directory, List.of(sixteenBits)).getFirst().split(" ", -1)[0];
    assumeTrue(
        !probe.equals(Long.toHexString(ModifyLdt.register(-Errno.ENOSYS))),
        "modify_ldt() is built in");
    List<Call> calls = calls(new Random(1));
    List<String> answers = run(program, directory, calls);
    assertThat(answers).hasSameSizeAs(calls);
    try (LdtKernel world = kernel(/* allows16Bit= */ probe.equals("0"))) {
      LdtKernels.start(world);
      for (int i = 0; i < calls.size(); i++) {
        assertThat(answer(world, calls.get(i)))
            .as("call %d: %s", i, calls.get(i))
            .isEqualTo(answers.get(i));
      }
    }
  }

  private static LdtKernel kernel(boolean allows16Bit) {
    return LdtKernels.with(
        "x86_64-4level",
        /* isIsolated= */ true,
        new LdtKernel.Parts() {
          @Override
          public ModifyLdt ldt(KernelMachine kernel, MmLocalRegion region) {
            return new ModifyLdt(
                kernel.machine(),
                region,
                kernel.tables(),
                kernel.allocator(),
                kernel.shootdown(),
                allows16Bit);
          }
        });
  }

  private static List<Call> calls(Random random) {
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < CALLS; i++) {
      int function = FUNCTIONS[random.nextInt(FUNCTIONS.length)];
      boolean isWrite = function == ModifyLdt.WRITE || function == ModifyLdt.WRITE_OLD;
      boolean isOdd = random.nextInt(8) == 0;
      long bytes = isWrite && !isOdd ? 16 : LENGTHS[random.nextInt(LENGTHS.length)];
      UserDescriptor wanted =
          new UserDescriptor(
              ENTRIES[random.nextInt(ENTRIES.length)],
              ADDRESSES[random.nextInt(ADDRESSES.length)],
              ADDRESSES[random.nextInt(ADDRESSES.length)],
              random.nextInt(isOdd ? 1 << 10 : 1 << 7));
      calls.add(new Call(function, bytes, random.nextInt(20) == 0, wanted));
    }
    return calls;
  }

  private static String answer(LdtKernel world, Call call) {
    Bytes buffer = new Bytes(call.wanted().bytes(), call.isMissing());
    int result = world.ldt().call(world.cpu(0), call.function(), buffer, call.bytes());
    return Long.toHexString(ModifyLdt.register(result)) + " " + Long.toHexString(buffer.checksum());
  }

  private static Path compile(Path directory) throws IOException, InterruptedException {
    Path source = Path.of("src/test/c/modify-ldt.c");
    assumeTrue(Files.exists(source), "runs in the module's folder");
    Path program = directory.resolve("modify-ldt");
    try {
      Process cc =
          new ProcessBuilder("cc", "-O1", "-o", program.toString(), source.toString())
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("cc.out").toFile())
              .start();
      assertThat(cc.waitFor(1, TimeUnit.MINUTES)).isTrue();
      assertThat(cc.exitValue()).isZero();
    } catch (IOException missing) {
      abort("no C compiler: " + missing.getMessage());
    }
    return program;
  }

  private static List<String> run(Path program, Path directory, List<Call> calls)
      throws IOException, InterruptedException {
    File input = directory.resolve("calls").toFile();
    File output = directory.resolve("answers").toFile();
    Files.write(input.toPath(), calls.stream().map(Call::line).toList(), US_ASCII);
    Process process =
        new ProcessBuilder(program.toString()).redirectInput(input).redirectOutput(output).start();
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    return Files.readAllLines(output.toPath(), US_ASCII);
  }
}

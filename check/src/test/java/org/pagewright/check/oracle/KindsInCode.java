package org.pagewright.check.oracle;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.ConvertInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.LookupSwitchInstruction;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.classfile.instruction.TableSwitchInstruction;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.pagewright.hardware.cpu.EventLog;

/**
 * The kinds of events that a reader tells apart, read from its compiled code.
 *
 * <p>A kind may be switched on, compared with a constant, or handed to a method of the checkers as
 * the first argument, which is then looked at too. Anything else cannot be followed and is refused:
 * what is found is all there is.
 */
final class KindsInCode {
  private static final String OURS = "org/pagewright/check/";

  private final Set<Integer> found = new TreeSet<>();

  private KindsInCode() {}

  /** Those that {@code event} of a reader's class looks for. */
  static EventLog.Kinds of(Class<?> reader) {
    KindsInCode kinds = new KindsInCode();
    kinds.look(reader.getName().replace('.', '/'), "event", "(IIJJJ)V");
    return EventLog.Kinds.of(kinds.found.stream().mapToInt(Integer::intValue).toArray());
  }

  private void look(String owner, String name, String type) {
    MethodModel method =
        parse(owner).methods().stream()
            .filter(each -> each.methodName().equalsString(name))
            .filter(each -> each.methodType().equalsString(type))
            .findFirst()
            .orElseThrow(() -> new AssertionError("%s has no %s%s".formatted(owner, name, type)));
    int slot = (method.flags().flagsMask() & ClassFile.ACC_STATIC) == 0 ? 1 : 0;
    List<Instruction> code =
        method.code().orElseThrow().elementList().stream()
            .filter(Instruction.class::isInstance)
            .map(Instruction.class::cast)
            .toList();
    for (int i = 0; i < code.size(); i++) {
      if (code.get(i) instanceof LoadInstruction load
          && load.typeKind() == TypeKind.INT
          && load.slot() == slot) {
        used(owner + "." + name, code.subList(i + 1, code.size()));
      }
    }
  }

  /** What comes after a kind was loaded. */
  private void used(String where, List<Instruction> rest) {
    switch (rest.getFirst()) {
      case LookupSwitchInstruction on -> on.cases().forEach(this::add);
      case TableSwitchInstruction on ->
          on.cases().stream()
              .filter(each -> !each.target().equals(on.defaultTarget()))
              .forEach(this::add);
      case ConstantInstruction constant when isEquality(rest.get(1)) ->
          found.add((Integer) constant.constantValue());
      default -> handedOn(where, rest);
    }
  }

  private void add(SwitchCase one) {
    found.add(one.caseValue());
  }

  private static boolean isEquality(Instruction next) {
    return next instanceof BranchInstruction
        && (next.opcode() == Opcode.IF_ICMPEQ || next.opcode() == Opcode.IF_ICMPNE);
  }

  private void handedOn(String where, List<Instruction> rest) {
    int at = 0;
    while (rest.get(at) instanceof LoadInstruction || rest.get(at) instanceof ConvertInstruction) {
      at++;
    }
    if (rest.get(at) instanceof InvokeInstruction call
        && call.typeSymbol().parameterCount() == at + 1 - converted(rest.subList(0, at))
        && call.owner().asInternalName().startsWith(OURS)) {
      look(call.owner().asInternalName(), call.name().stringValue(), call.type().stringValue());
    } else {
      throw new AssertionError("cannot follow what becomes of the kind in " + where);
    }
  }

  private static int converted(List<Instruction> arguments) {
    return (int) arguments.stream().filter(ConvertInstruction.class::isInstance).count();
  }

  private static ClassModel parse(String owner) {
    String path = "/" + owner + ".class";
    try (InputStream in = KindsInCode.class.getResourceAsStream(path)) {
      return ClassFile.of().parse(Objects.requireNonNull(in, path).readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

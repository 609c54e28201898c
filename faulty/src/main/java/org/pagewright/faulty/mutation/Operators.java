package org.pagewright.faulty.mutation;

import java.lang.classfile.Instruction;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.ArrayStoreInstruction;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.IncrementInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.classfile.instruction.StackInstruction;
import java.lang.classfile.instruction.StoreInstruction;
import java.lang.classfile.instruction.ThrowInstruction;
import java.lang.constant.ConstantDescs;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which instructions stand for others: negations, bounds, counterparts of operators. */
final class Operators {
  /** What only counts or tells checkers what happens; its absence is no bug. */
  private static final Set<String> TELLING =
      Set.of(
          "step",
          "record",
          "enter",
          "leave",
          "setContent",
          "setOwner",
          "locked",
          "drained",
          "fellBack");

  private static final Set<String> TELLERS =
      Set.of(
          "org/pagewright/hardware/cpu/Cpu",
          "org/pagewright/hardware/cpu/EventLog",
          "org/pagewright/kernel/arch/CostLedger",
          "org/pagewright/hardware/memory/FrameTags",
          "org/pagewright/kernel/buddy/EventSink");

  private static final Map<Opcode, Opcode> NEGATED =
      Map.ofEntries(
          Map.entry(Opcode.IFEQ, Opcode.IFNE),
          Map.entry(Opcode.IFNE, Opcode.IFEQ),
          Map.entry(Opcode.IFLT, Opcode.IFGE),
          Map.entry(Opcode.IFGE, Opcode.IFLT),
          Map.entry(Opcode.IFGT, Opcode.IFLE),
          Map.entry(Opcode.IFLE, Opcode.IFGT),
          Map.entry(Opcode.IF_ICMPEQ, Opcode.IF_ICMPNE),
          Map.entry(Opcode.IF_ICMPNE, Opcode.IF_ICMPEQ),
          Map.entry(Opcode.IF_ICMPLT, Opcode.IF_ICMPGE),
          Map.entry(Opcode.IF_ICMPGE, Opcode.IF_ICMPLT),
          Map.entry(Opcode.IF_ICMPGT, Opcode.IF_ICMPLE),
          Map.entry(Opcode.IF_ICMPLE, Opcode.IF_ICMPGT),
          Map.entry(Opcode.IF_ACMPEQ, Opcode.IF_ACMPNE),
          Map.entry(Opcode.IF_ACMPNE, Opcode.IF_ACMPEQ),
          Map.entry(Opcode.IFNULL, Opcode.IFNONNULL),
          Map.entry(Opcode.IFNONNULL, Opcode.IFNULL));

  private static final Map<Opcode, Opcode> WITH_BOUND =
      Map.of(
          Opcode.IFLT, Opcode.IFLE,
          Opcode.IFLE, Opcode.IFLT,
          Opcode.IFGT, Opcode.IFGE,
          Opcode.IFGE, Opcode.IFGT,
          Opcode.IF_ICMPLT, Opcode.IF_ICMPLE,
          Opcode.IF_ICMPLE, Opcode.IF_ICMPLT,
          Opcode.IF_ICMPGT, Opcode.IF_ICMPGE,
          Opcode.IF_ICMPGE, Opcode.IF_ICMPGT);

  private static final Map<Opcode, Opcode> OTHER =
      Map.ofEntries(
          Map.entry(Opcode.IADD, Opcode.ISUB),
          Map.entry(Opcode.ISUB, Opcode.IADD),
          Map.entry(Opcode.LADD, Opcode.LSUB),
          Map.entry(Opcode.LSUB, Opcode.LADD),
          Map.entry(Opcode.IMUL, Opcode.IDIV),
          Map.entry(Opcode.IDIV, Opcode.IMUL),
          Map.entry(Opcode.LMUL, Opcode.LDIV),
          Map.entry(Opcode.LDIV, Opcode.LMUL),
          Map.entry(Opcode.IREM, Opcode.IMUL),
          Map.entry(Opcode.LREM, Opcode.LMUL),
          Map.entry(Opcode.IAND, Opcode.IOR),
          Map.entry(Opcode.IOR, Opcode.IAND),
          Map.entry(Opcode.LAND, Opcode.LOR),
          Map.entry(Opcode.LOR, Opcode.LAND),
          Map.entry(Opcode.IXOR, Opcode.IAND),
          Map.entry(Opcode.LXOR, Opcode.LAND),
          Map.entry(Opcode.ISHL, Opcode.IUSHR),
          Map.entry(Opcode.IUSHR, Opcode.ISHL),
          Map.entry(Opcode.ISHR, Opcode.ISHL),
          Map.entry(Opcode.LSHL, Opcode.LUSHR),
          Map.entry(Opcode.LUSHR, Opcode.LSHL),
          Map.entry(Opcode.LSHR, Opcode.LSHL));

  private static final Set<Opcode> SHIFTS =
      Set.of(Opcode.ISHL, Opcode.ISHR, Opcode.IUSHR, Opcode.LSHL, Opcode.LSHR, Opcode.LUSHR);

  private static final Set<Opcode> MASKS =
      Set.of(Opcode.IAND, Opcode.IOR, Opcode.IXOR, Opcode.LAND, Opcode.LOR, Opcode.LXOR);

  private static final Map<String, String> CONDITIONS =
      Map.of("EQ", "==", "NE", "!=", "LT", "<", "GE", ">=", "GT", ">", "LE", "<=");

  private static final Map<String, String> SYMBOLS =
      Map.ofEntries(
          Map.entry("ADD", "+"),
          Map.entry("SUB", "-"),
          Map.entry("MUL", "*"),
          Map.entry("DIV", "/"),
          Map.entry("REM", "%"),
          Map.entry("AND", "&"),
          Map.entry("OR", "|"),
          Map.entry("XOR", "^"),
          Map.entry("SHL", "<<"),
          Map.entry("SHR", ">>"),
          Map.entry("USHR", ">>>"));

  private Operators() {}

  /** The operator as it is written. */
  static String symbol(Opcode opcode) {
    return SYMBOLS.getOrDefault(opcode.name().substring(1), opcode.name());
  }

  /** The condition as it is written: compilers branch where it does not hold. */
  static String condition(Opcode opcode) {
    Opcode written = NEGATED.getOrDefault(opcode, opcode);
    String name = written.name();
    return name.endsWith("NULL")
        ? (written == Opcode.IFNULL ? "== null" : "!= null")
        : CONDITIONS.getOrDefault(name.substring(name.length() - 2), name);
  }

  static @Nullable Opcode negated(Opcode opcode) {
    return NEGATED.get(opcode);
  }

  static @Nullable Opcode withBound(Opcode opcode) {
    return WITH_BOUND.get(opcode);
  }

  static @Nullable Opcode other(Opcode opcode) {
    return OTHER.get(opcode);
  }

  static boolean isShift(Opcode opcode) {
    return SHIFTS.contains(opcode);
  }

  static boolean isOfBits(Opcode opcode) {
    return isShift(opcode) || MASKS.contains(opcode);
  }

  /** A call of the kernel or the hardware whose answer nobody wants. */
  static boolean isForEffect(InvokeInstruction call, boolean isAnswerDropped) {
    String owner = call.owner().asInternalName();
    String name = call.name().stringValue();
    boolean isOurs = owner.startsWith("org/pagewright/");
    boolean isVoid = call.typeSymbol().returnType().equals(ConstantDescs.CD_void);
    return isOurs && !isTelling(call) && !name.equals("<init>") && (isVoid || isAnswerDropped);
  }

  /** A call that charges time, counts, or tells checkers what happens. */
  static boolean isTelling(InvokeInstruction call) {
    String name = call.name().stringValue();
    return name.startsWith("charge")
        || (TELLERS.contains(call.owner().asInternalName()) && TELLING.contains(name));
  }

  /** Whether the operands of what comes next are not there yet: a statement has ended. */
  static boolean endsStatement(Instruction instruction) {
    return switch (instruction) {
      case StoreInstruction _, ArrayStoreInstruction _, IncrementInstruction _ -> true;
      case BranchInstruction _, ReturnInstruction _, ThrowInstruction _ -> true;
      case FieldInstruction field ->
          field.opcode() == Opcode.PUTFIELD || field.opcode() == Opcode.PUTSTATIC;
      case StackInstruction stack -> stack.opcode() == Opcode.POP || stack.opcode() == Opcode.POP2;
      case InvokeInstruction call ->
          call.typeSymbol().returnType().equals(ConstantDescs.CD_void)
              && !call.name().stringValue().equals("<init>");
      default -> false;
    };
  }

  static Instruction pop(TypeKind kind) {
    return StackInstruction.of(kind.slotSize() == 2 ? Opcode.POP2 : Opcode.POP);
  }
}

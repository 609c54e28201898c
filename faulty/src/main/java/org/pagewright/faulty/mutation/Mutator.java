package org.pagewright.faulty.mutation;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Instruction;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.IncrementInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.constant.ClassDesc;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** One way to change one instruction, as a slip of the programmer would. */
enum Mutator {
  /** The other branch is taken. */
  NEGATED_CONDITION {
    @Override
    @Nullable Replacement replace(Site site) {
      return site.instruction() instanceof BranchInstruction branch
              && Operators.negated(branch.opcode()) != null
          ? branching(branch, Operators.negated(branch.opcode()))
          : null;
    }
  },

  /** A bound belongs to the other side: {@code <} becomes {@code <=}. */
  MOVED_BOUND {
    @Override
    @Nullable Replacement replace(Site site) {
      return site.instruction() instanceof BranchInstruction branch
              && Operators.withBound(branch.opcode()) != null
          ? branching(branch, Operators.withBound(branch.opcode()))
          : null;
    }
  },

  /** Another operator: plus becomes minus, and becomes or, left becomes right. */
  OTHER_OPERATOR {
    @Override
    @Nullable Replacement replace(Site site) {
      if (site.instruction() instanceof IncrementInstruction step) {
        return new Replacement(
            "adds " + -step.constant(), code -> code.iinc(step.slot(), -step.constant()));
      }
      if (!(site.instruction() instanceof OperatorInstruction operator)) {
        return null;
      }
      Opcode other = Operators.other(operator.opcode());
      return other == null
          ? null
          : new Replacement(
              Operators.symbol(operator.opcode()) + " becomes " + Operators.symbol(other),
              code -> code.with(OperatorInstruction.of(other)));
    }
  },

  /** A mask, a flag that is added or a shift goes: only the first operand is left. */
  FIRST_OPERAND {
    @Override
    @Nullable Replacement replace(Site site) {
      if (!(site.instruction() instanceof OperatorInstruction operator)
          || !Operators.isOfBits(operator.opcode())) {
        return null;
      }
      boolean isWide =
          operator.typeKind() == TypeKind.LONG && !Operators.isShift(operator.opcode());
      return new Replacement(
          "second operand of " + Operators.symbol(operator.opcode()) + " goes",
          code -> code.with(Operators.pop(isWide ? TypeKind.LONG : TypeKind.INT)));
    }
  },

  /** A number is one larger; true becomes false. */
  OTHER_CONSTANT {
    @Override
    @Nullable Replacement replace(Site site) {
      if (!(site.instruction() instanceof ConstantInstruction constant)) {
        return null;
      }
      return switch (constant.constantValue()) {
        case Integer value -> {
          int other = value == 1 ? 0 : value + 1;
          yield new Replacement(value + " becomes " + other, code -> code.loadConstant(other));
        }
        case Long value -> {
          long other = value == 1 ? 0 : value + 1;
          yield new Replacement(value + " becomes " + other, code -> code.loadConstant(other));
        }
        default -> null;
      };
    }
  },

  /** The answer is 0; a truth is turned round. */
  OTHER_ANSWER {
    @Override
    @Nullable Replacement replace(Site site) {
      if (!(site.instruction() instanceof ReturnInstruction answer) || site.followsConstant()) {
        return null;
      }
      return switch (answer.typeKind()) {
        case INT ->
            site.isTruth()
                ? new Replacement(
                    "answers the opposite", code -> code.loadConstant(1).ixor().ireturn())
                : new Replacement("answers 0", code -> code.pop().loadConstant(0).ireturn());
        case LONG -> new Replacement("answers 0", code -> code.pop2().loadConstant(0L).lreturn());
        default -> null;
      };
    }
  },

  /** A call that is made for what it does is not made. */
  NO_CALL {
    @Override
    @Nullable Replacement replace(Site site) {
      if (!(site.instruction() instanceof InvokeInstruction call)
          || !Operators.isForEffect(call, site.isAnswerDropped())) {
        return null;
      }
      return new Replacement(
          "no call of " + call.name().stringValue(), code -> dropCall(code, call));
    }
  };

  /** What stands in the place of an instruction. */
  record Replacement(String what, java.util.function.Consumer<CodeBuilder> writer) {}

  /**
   * An instruction and what a mutator must know of its surroundings.
   *
   * @param isTruth whether its method answers true or false
   * @param followsConstant whether the instruction before it loads a constant
   * @param isAnswerDropped whether the instruction after it throws away what it leaves
   */
  record Site(
      Instruction instruction, boolean isTruth, boolean followsConstant, boolean isAnswerDropped) {}

  /** What it does to an instruction, or null if nothing. */
  abstract @Nullable Replacement replace(Site site);

  /** As printed. */
  String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static Replacement branching(BranchInstruction branch, @Nullable Opcode other) {
    if (other == null) {
      throw new IllegalArgumentException(branch + " has no counterpart");
    }
    return new Replacement(
        Operators.condition(branch.opcode()) + " becomes " + Operators.condition(other),
        code -> code.with(BranchInstruction.of(other, branch.target())));
  }

  private static void dropCall(CodeBuilder code, InvokeInstruction call) {
    List<ClassDesc> parameters = call.typeSymbol().parameterList();
    for (ClassDesc parameter : parameters.reversed()) {
      code.with(Operators.pop(TypeKind.from(parameter)));
    }
    if (call.opcode() != Opcode.INVOKESTATIC) {
      code.pop();
    }
    switch (TypeKind.from(call.typeSymbol().returnType())) {
      case VOID -> {}
      case LONG -> code.loadConstant(0L);
      case REFERENCE -> code.aconst_null();
      default -> code.loadConstant(0);
    }
  }
}

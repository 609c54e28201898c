package org.pagewright.faulty.mutation;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LineNumber;
import java.lang.classfile.instruction.NewObjectInstruction;
import java.lang.classfile.instruction.ThrowInstruction;
import java.lang.constant.ConstantDescs;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.mutation.MutantPlace;

/** Finds all mutants of a class. */
final class MutantFinder {
  /** Methods without decisions of the kernel: what is printed, and values that are loaded once. */
  private static final Set<String> SKIPPED_METHODS =
      Set.of("<clinit>", "toString", "hashCode", "equals");

  private final String type;
  private final List<Mutant> mutants = new ArrayList<>();

  private MutantFinder(String type) {
    this.type = type;
  }

  /** All mutants of a class, in the order of its code. */
  static List<Mutant> of(byte[] bytes) {
    ClassModel model = ClassFile.of().parse(bytes);
    MutantFinder finder = new MutantFinder(model.thisClass().asInternalName().replace('/', '.'));
    model.methods().forEach(finder::search);
    return finder.mutants;
  }

  /** What tells a method from all others of its class. */
  static String key(MethodModel method) {
    return method.methodName().stringValue() + method.methodType().stringValue();
  }

  private void search(MethodModel method) {
    CodeModel code = method.code().orElse(null);
    String name = method.methodName().stringValue();
    boolean isGenerated = method.flags().has(AccessFlag.SYNTHETIC) && !name.startsWith("lambda$");
    if (code == null || isGenerated || SKIPPED_METHODS.contains(name)) {
      return;
    }
    boolean isTruth = method.methodTypeSymbol().returnType().equals(ConstantDescs.CD_boolean);
    new Walk(key(method), name, isTruth).run(code.elementList());
  }

  /** One method, instruction by instruction. */
  private final class Walk {
    private final String method;
    private final String name;
    private final boolean isTruth;
    private int line;
    private int instruction;
    private @Nullable Instruction before;

    /** How many mutants were found before the statement. */
    private int statement = mutants.size();

    /** Where an assertion ends, while in one. */
    private @Nullable Label assertionEnd;

    /** Whether in what makes an exception and its message. */
    private boolean isThrowing;

    Walk(String method, String name, boolean isTruth) {
      this.method = method;
      this.name = name;
      this.isTruth = isTruth;
    }

    void run(List<CodeElement> elements) {
      for (int i = 0; i < elements.size(); i++) {
        switch (elements.get(i)) {
          case LineNumber number -> line = number.line();
          case LabelTarget target -> {
            if (target.label().equals(assertionEnd)) {
              assertionEnd = null;
            }
          }
          case Instruction found -> {
            follow(found);
            if (assertionEnd == null && !isThrowing) {
              add(found, next(elements, i));
            }
            leaveOutWhatIsTold(found);
            before = found;
            instruction++;
          }
          default -> {}
        }
      }
    }

    private void follow(Instruction found) {
      boolean isAssertion =
          before instanceof FieldInstruction field
              && field.name().stringValue().equals("$assertionsDisabled");
      if (isAssertion && found instanceof BranchInstruction branch) {
        assertionEnd = branch.target();
      }
      switch (found) {
        case NewObjectInstruction creation -> {
          String created = creation.className().asInternalName();
          isThrowing |= created.endsWith("Exception") || created.endsWith("Error");
        }
        case ThrowInstruction _ -> isThrowing = false;
        default -> {}
      }
    }

    /** What is worked out only to be charged or told is no decision. */
    private void leaveOutWhatIsTold(Instruction found) {
      if (found instanceof InvokeInstruction call && Operators.isTelling(call)) {
        mutants.subList(statement, mutants.size()).clear();
      }
      if (Operators.endsStatement(found)) {
        statement = mutants.size();
      }
    }

    private static @Nullable Instruction next(List<CodeElement> elements, int index) {
      for (CodeElement element : elements.subList(index + 1, elements.size())) {
        if (element instanceof Instruction found) {
          return found;
        }
      }
      return null;
    }

    private void add(Instruction found, @Nullable Instruction next) {
      boolean isDropped =
          next != null && (next.opcode() == Opcode.POP || next.opcode() == Opcode.POP2);
      Mutator.Site site =
          new Mutator.Site(found, isTruth, before instanceof ConstantInstruction, isDropped);
      for (Mutator mutator : Mutator.values()) {
        Mutator.Replacement replacement = mutator.replace(site);
        if (replacement != null) {
          MutantPlace place =
              new MutantPlace(type, name, line, mutator.label(), replacement.what(), "");
          mutants.add(new Mutant(method, instruction, mutator, place));
        }
      }
    }
  }
}

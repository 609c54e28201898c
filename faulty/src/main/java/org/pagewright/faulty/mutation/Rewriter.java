package org.pagewright.faulty.mutation;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Instruction;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.ClassFileTransformer;
import java.security.ProtectionDomain;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Changes classes while they are loaded: every loop reports to {@link Meter}, and either one mutant
 * is in place or every place of a mutant reports that it is reached.
 */
final class Rewriter implements ClassFileTransformer {
  private static final ClassDesc METER = ClassDesc.of(Meter.class.getName());
  private static final MethodTypeDesc NOTHING = MethodTypeDesc.of(ConstantDescs.CD_void);
  private static final MethodTypeDesc NUMBER =
      MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_int);

  private @Nullable Mutant planted;

  /** Mutants whose places report, by class; empty if none does. */
  private final Map<String, Map<Integer, Mutant>> watched = new TreeMap<>();

  private @Nullable Throwable failure;

  /** Puts a mutant in its place, or takes it out. */
  void plant(@Nullable Mutant mutant) {
    planted = mutant;
  }

  /** Lets the places of all these mutants report their index in the list. */
  void watch(List<Mutant> mutants) {
    watched.clear();
    for (int i = 0; i < mutants.size(); i++) {
      watched.computeIfAbsent(mutants.get(i).type(), _ -> new TreeMap<>()).put(i, mutants.get(i));
    }
  }

  /** What went wrong since the last call, which the virtual machine would not tell. */
  @Nullable Throwable takeFailure() {
    Throwable taken = failure;
    failure = null;
    return taken;
  }

  @Override
  public byte @Nullable [] transform(
      @Nullable ClassLoader loader,
      String name,
      @Nullable Class<?> redefined,
      @Nullable ProtectionDomain domain,
      byte[] bytes) {
    boolean isModel =
        name.startsWith("org/pagewright/kernel/") || name.startsWith("org/pagewright/check/");
    if (!isModel) {
      return null;
    }
    try {
      return rewrite(bytes, name.replace('/', '.'));
    } catch (RuntimeException | Error e) {
      failure = e;
      return null;
    }
  }

  private byte[] rewrite(byte[] bytes, String type) {
    ClassFile files = ClassFile.of();
    ClassModel model = files.parse(bytes);
    ClassTransform transform =
        (builder, element) -> {
          if (element instanceof MethodModel found) {
            CodeTransform code = rewriting(type, MutantFinder.key(found));
            builder.transformMethod(found, MethodTransform.transformingCode(code));
          } else {
            builder.with(element);
          }
        };
    return files.transformClass(model, transform);
  }

  private CodeTransform rewriting(String type, String method) {
    Set<Label> passed = new HashSet<>();
    int[] instruction = {0};
    Map<Integer, Mutant> places = watched.getOrDefault(type, Map.of());
    Mutant mutant = planted;
    boolean isHere = mutant != null && mutant.type().equals(type) && mutant.method().equals(method);
    return (code, element) -> {
      if (element instanceof LabelTarget target) {
        passed.add(target.label());
      }
      if (!(element instanceof Instruction)) {
        code.with(element);
        return;
      }
      int number = instruction[0]++;
      if (element instanceof BranchInstruction branch && passed.contains(branch.target())) {
        code.invokestatic(METER, "loop", NOTHING);
      }
      places.forEach((index, place) -> {
        if (place.method().equals(method) && place.instruction() == number) {
          code.loadConstant(index.intValue()).invokestatic(METER, "reach", NUMBER);
        }
      });
      if (isHere && mutant != null && mutant.instruction() == number) {
        replace(code, element, mutant);
      } else {
        code.with(element);
      }
    };
  }

  /** What a mutator must know of the surroundings was looked at when the mutant was found. */
  private static void replace(CodeBuilder code, CodeElement element, Mutant mutant) {
    boolean isTruth = mutant.place().what().equals("answers the opposite");
    Mutator.Site site =
        new Mutator.Site((Instruction) element, isTruth, false, /* isAnswerDropped= */ true);
    Mutator.Replacement replacement = mutant.mutator().replace(site);
    if (replacement == null) {
      throw new IllegalStateException("no " + mutant.mutator() + " of " + element);
    }
    replacement.writer().accept(code);
  }
}

package org.jdit.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.codeUnits;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** The rules that keep the rooms clean, by name. */
final class Rules {
  private static final String VECTOR_API = "jdk.incubator.vector..";
  private static final Set<String> UNSTABLE_OPERATORS =
      Set.of(
          "SIN", "COS", "TAN", "ASIN", "ACOS", "ATAN", "EXP", "LOG", "LOG10", "CBRT", "SINH",
          "COSH", "TANH", "EXPM1", "LOG1P", "ATAN2", "POW", "HYPOT");

  private Rules() {}

  static Map<String, ArchRule> all() {
    Map<String, ArchRule> rules = new LinkedHashMap<>();
    rules.put(
        "TornadoVM only in tensor.tornado",
        noClasses()
            .that()
            .resideOutsideOfPackage("org.jdit.tensor.tornado..")
            .should()
            .dependOnClassesThat(resideInAPackage("uk.ac.manchester.tornado..")));
    rules.put(
        "Vector API only in tensor.cpu.kernel",
        noClasses()
            .that()
            .resideOutsideOfPackage("org.jdit.tensor.cpu.kernel..")
            .should()
            .dependOnClassesThat(resideInAPackage(VECTOR_API)));
    rules.put(
        "native calls only in tensor.cpu.machine, memory and bench",
        noClasses()
            .that()
            .resideOutsideOfPackages(
                "org.jdit.tensor.cpu.machine..", "org.jdit.tensor.memory..", "org.jdit.bench..")
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(Linker.class, SymbolLookup.class));
    rules.put(
        "no vector operator whose interpreted and compiled forms differ",
        noClasses()
            .should()
            .accessFieldWhere(
                target(
                    describe(
                        "VectorOperators with unstable results",
                        f ->
                            f.getOwner().getName().equals("jdk.incubator.vector.VectorOperators")
                                && UNSTABLE_OPERATORS.contains(f.getName())))));
    rules.put("no lane sum in an order of the JVM's choice", codeUnits().should(notSumLanes()));
    rules.put(
        "tensor knows nothing of what is built on it",
        noClasses()
            .that()
            .resideInAPackage("org.jdit.tensor..")
            .should()
            .dependOnClassesThat(
                resideInAnyPackage(
                    "org.jdit.nn..",
                    "org.jdit.diffusion..",
                    "org.jdit.dit..",
                    "org.jdit.weights..")));
    rules.put(
        "diffusion knows tensor only",
        noClasses()
            .that()
            .resideInAPackage("org.jdit.diffusion..")
            .should()
            .dependOnClassesThat(
                resideInAnyPackage("org.jdit.nn..", "org.jdit.dit..", "org.jdit.weights..")));
    rules.put(
        "weights-converter knows tensor only",
        noClasses()
            .that()
            .resideInAPackage("org.jdit.weights..")
            .should()
            .dependOnClassesThat(
                resideInAnyPackage("org.jdit.nn..", "org.jdit.diffusion..", "org.jdit.dit..")));
    rules.put(
        "backends are found by ServiceLoader, not by name",
        noClasses()
            .that()
            .resideOutsideOfPackages(
                "org.jdit.tensor.cpu..", "org.jdit.tensor.tornado..", "org.jdit.bench..")
            .should()
            .dependOnClassesThat(
                resideInAnyPackage("org.jdit.tensor.cpu..", "org.jdit.tensor.tornado..")));
    rules.put(
        "memory is freed by hand",
        noClasses()
            .should()
            .callMethod(Arena.class, "ofAuto")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.lang.ref.Cleaner"));
    rules.put("no finalizers", classes().should(notFinalize()));
    rules.put(
        "console output only in dit.cli and bench",
        noClasses()
            .that()
            .resideOutsideOfPackages("org.jdit.dit.cli..", "org.jdit.bench..")
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .orShould()
            .callMethod(Throwable.class, "printStackTrace"));
    rules.put("no package cycles", slices().assignedFrom(new Rooms()).should().beFreeOfCycles());
    return rules;
  }

  /** A package is a room; handle, operation and Program define one another, so they are one. */
  private static final class Rooms implements SliceAssignment {
    private static final Set<String> LANGUAGE =
        Set.of("org.jdit.tensor", "org.jdit.tensor.op", "org.jdit.tensor.program");

    @Override
    public SliceIdentifier getIdentifierOf(JavaClass c) {
      String name = c.getPackageName();
      return name.startsWith("org.jdit.")
          ? SliceIdentifier.of(LANGUAGE.contains(name) ? "the tensor language" : name)
          : SliceIdentifier.ignore();
    }

    @Override
    public String getDescription() {
      return "packages";
    }
  }

  private static ArchCondition<JavaCodeUnit> notSumLanes() {
    return new ArchCondition<>("not reduce lanes with ADD or MUL") {
      @Override
      public void check(JavaCodeUnit unit, ConditionEvents events) {
        boolean reduces =
            unit.getMethodCallsFromSelf().stream()
                .anyMatch(call -> call.getTarget().getName().startsWith("reduceLanes"));
        boolean adds =
            unit.getFieldAccesses().stream()
                .anyMatch(
                    access ->
                        access
                                .getTargetOwner()
                                .getName()
                                .equals("jdk.incubator.vector.VectorOperators")
                            && Set.of("ADD", "MUL").contains(access.getTarget().getName()));
        if (reduces && adds) {
          events.add(SimpleConditionEvent.violated(unit, unit.getFullName() + " sums lanes"));
        }
      }
    };
  }

  private static ArchCondition<JavaClass> notFinalize() {
    return new ArchCondition<>("not declare finalize()") {
      @Override
      public void check(JavaClass c, ConditionEvents events) {
        if (c.getMethods().stream()
            .anyMatch(m -> m.getName().equals("finalize") && m.getParameters().isEmpty())) {
          events.add(SimpleConditionEvent.violated(c, c.getName() + " declares finalize()"));
        }
      }
    };
  }
}

package org.jdit.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Map;
import java.util.stream.Stream;
import org.jdit.diffusion.fixture.KnowsDit;
import org.jdit.dit.fixture.Finalizes;
import org.jdit.dit.fixture.NamesBackend;
import org.jdit.dit.fixture.UsesTornado;
import org.jdit.dit.fixture.UsesVectorApi;
import org.jdit.tensor.fixture.CallsNative;
import org.jdit.tensor.fixture.FreesByCollector;
import org.jdit.tensor.fixture.KnowsNn;
import org.jdit.tensor.fixture.Prints;
import org.jdit.tensor.fixture.SumsLanes;
import org.jdit.tensor.fixture.UnstableExp;
import org.jdit.weights.fixture.KnowsDiffusion;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The rooms stay clean, and each rule is seen to fail on a class that breaks it. */
class ArchitectureTest {
  private static final Map<String, Class<?>[]> FIXTURES =
      Map.ofEntries(
          fixture("TornadoVM only in tensor.tornado", UsesTornado.class),
          fixture("Vector API only in tensor.cpu.kernel", UsesVectorApi.class),
          fixture("native calls only in tensor.cpu.machine, memory and bench", CallsNative.class),
          fixture(
              "no vector operator whose interpreted and compiled forms differ", UnstableExp.class),
          fixture("no lane sum in an order of the JVM's choice", SumsLanes.class),
          fixture("tensor knows nothing of what is built on it", KnowsNn.class),
          fixture("diffusion knows tensor only", KnowsDit.class),
          fixture("weights-converter knows tensor only", KnowsDiffusion.class),
          fixture("backends are found by ServiceLoader, not by name", NamesBackend.class),
          fixture("memory is freed by hand", FreesByCollector.class),
          fixture("no finalizers", Finalizes.class),
          fixture("console output only in dit.cli and bench", Prints.class),
          fixture("no package cycles", KnowsNn.class, org.jdit.nn.fixture.KnowsTensor.class));

  private static Map.Entry<String, Class<?>[]> fixture(String rule, Class<?>... breakers) {
    return Map.entry(rule, breakers);
  }

  @TestFactory
  Stream<DynamicTest> theCodeKeepsEachRule() {
    JavaClasses code =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("-tests.jar"))
            .importPackages("org.jdit");
    assertThat(code.size()).isGreaterThan(100);
    return Rules.all().entrySet().stream()
        .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> e.getValue().check(code)));
  }

  @TestFactory
  Stream<DynamicTest> eachRuleFailsOnItsFixture() {
    return FIXTURES.entrySet().stream()
        .map(
            e ->
                DynamicTest.dynamicTest(
                    e.getKey(),
                    () ->
                        assertThatThrownBy(
                                () ->
                                    Rules.all()
                                        .get(e.getKey())
                                        .check(new ClassFileImporter().importClasses(e.getValue())))
                            .isInstanceOf(AssertionError.class)
                            .hasMessageContaining(e.getValue()[0].getSimpleName())));
  }

  @Test
  void everyRuleHasAFixture() {
    assertThat(FIXTURES.keySet()).isEqualTo(Rules.all().keySet());
  }
}

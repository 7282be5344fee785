package org.jdit.tensor.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jdit.tensor.op.Binary;
import org.jdit.tensor.op.Compare;
import org.jdit.tensor.op.Linear;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.op.Reduce;
import org.jdit.tensor.op.Unary;
import org.junit.jupiter.api.Test;

/** No operation is without a case. */
class OpCasesTest {
  private static final List<Op> COVERED = OpCases.all().stream().map(OpCase::op).toList();

  @Test
  void everyPermittedOperationHasACase() {
    Set<Class<?>> have = COVERED.stream().map(Object::getClass).collect(Collectors.toSet());
    assertThat(have).containsExactlyInAnyOrderElementsOf(records(Op.class).toList());
  }

  @Test
  void everyFunctionHasACase() {
    Stream<Op> functions =
        Stream.of(
                Stream.of(Unary.Fn.values()).map(Unary::new),
                Stream.of(Binary.Fn.values()).map(Binary::new),
                Stream.of(Compare.Fn.values()).map(Compare::new),
                Stream.of(Linear.Activation.values()).map(Linear::new))
            .flatMap(s -> s);
    assertThat(COVERED).containsAll(functions.toList());
    assertThat(COVERED.stream().filter(Reduce.class::isInstance).map(op -> ((Reduce) op).fn()))
        .contains(Reduce.Fn.values());
  }

  private static Stream<Class<?>> records(Class<?> type) {
    return type.isRecord()
        ? Stream.of(type)
        : Stream.of(type.getPermittedSubclasses()).flatMap(OpCasesTest::records).distinct();
  }
}

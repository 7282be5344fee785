package org.jdit.weights.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import org.jdit.tensor.DType;
import org.jdit.tensor.JditException;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.Safetensors;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.Reference;
import org.jdit.weights.pickle.PickleValue;
import org.jdit.weights.pickle.PickleValue.Bytes;
import org.jdit.weights.pickle.PickleValue.Dict;
import org.jdit.weights.pickle.PickleValue.Global;
import org.jdit.weights.pickle.PickleValue.Instance;
import org.jdit.weights.pickle.PickleValue.Scalar;
import org.jdit.weights.pickle.PickleValue.Sequence;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that torch 1.13 and 2.13 wrote against what those saw in them. */
class TorchFileReferenceTest {
  private static Dict dict(Dict parent, String key) {
    return (Dict) parent.get(key).orElseThrow();
  }

  private static void assertSame(TensorFile actual, TensorFile expected, String prefix) {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      for (String name : actual.tensors().keySet()) {
        Spec spec = expected.tensors().get(prefix + name);
        assertThat(actual.tensors().get(name)).as(name).isEqualTo(spec);
        Tensor a = actual.map(name, scope);
        Tensor b = expected.map(prefix + name, scope);
        if (spec.dtype().isFloating()) {
          assertThat(a.toDoubles()).as(name).containsExactly(b.toDoubles());
        } else {
          assertThat(a.toLongs()).as(name).containsExactly(b.toLongs());
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"pickle_zoo.pt", "pickle_zoo_legacy.pt"})
  void everyTypeAndEveryKindOfViewReads(String name) {
    try (TorchFile file = TorchFile.open(Reference.file(name));
        TensorFile expected = Safetensors.open(Reference.file("pickle_zoo.safetensors"))) {
      TensorFile zoo = file.tensors(dict((Dict) file.root(), "zoo"));
      assertThat(zoo.tensors().keySet())
          .containsExactlyInAnyOrderElementsOf(expected.tensors().keySet());
      assertSame(zoo, expected, "");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"pickle_zoo.pt", "pickle_zoo_legacy.pt"})
  void longDictsReadInOrder(String name) {
    try (TorchFile file = TorchFile.open(Reference.file(name));
        TensorScope scope = TensorScope.open(new Memory())) {
      TensorFile many = file.tensors(dict((Dict) file.root(), "many"));
      assertThat(many.tensors()).hasSize(700);
      int i = 0;
      for (String key : many.tensors().keySet()) {
        assertThat(key).isEqualTo("layer." + i + ".weight");
        assertThat(many.map(key, scope).toFloats()).containsExactly(i, i);
        i++;
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"pickle_zoo.pt", "pickle_zoo_legacy.pt"})
  void valuesBesidesTensorsReadAsData(String name) {
    try (TorchFile file = TorchFile.open(Reference.file(name))) {
      Dict plain = dict((Dict) file.root(), "plain");
      assertThat(plain.get("none")).contains(PickleValue.NONE);
      assertThat(plain.get("t")).contains(new Scalar(true));
      assertThat(plain.get("f")).contains(new Scalar(false));
      assertThat(plain.get("pi")).contains(new Scalar(Math.PI));
      assertThat(plain.get("neg")).contains(new Scalar(-5L));
      assertThat(plain.get("i16")).contains(new Scalar(40000L));
      assertThat(plain.get("i32")).contains(new Scalar(-2147483648L));
      assertThat(plain.get("big")).contains(new Scalar(1L << 40));
      assertThat(plain.get("huge")).contains(new Scalar(BigInteger.TWO.pow(70)));
      assertThat(plain.get("text")).contains(new Scalar("gr\u00fc\u00df \uD83D\uDE00"));
      assertThat(plain.entries()).contains(new Dict.Entry(new Scalar(7L), new Scalar("int key")));
      assertThat(((Bytes) plain.get("bytes").orElseThrow()).toArray()).containsExactly(0, 0xff);
      assertThat(plain.get("float32")).contains(new Scalar(1.5));
      assertThat(plain.get("dtype")).contains(new Global("torch", "bfloat16"));
      Sequence size = (Sequence) plain.get("size").orElseThrow();
      assertThat(size.items()).containsExactly(new Scalar(2L), new Scalar(3L));
      Instance device = (Instance) plain.get("device").orElseThrow();
      assertThat(device.isFrom("torch", "device")).isTrue();
      assertThat(device.args()).containsExactly(new Scalar("cpu"));
    }
  }

  @Test
  void filesOfLaterTorchRead() {
    try (TorchFile file = TorchFile.open(Reference.file("pickle_newer.pt"));
        TensorFile expected = Safetensors.open(Reference.file("rng_newer.safetensors"))) {
      Dict root = (Dict) file.root();
      TensorFile model = file.tensors(dict(root, "model"));
      assertThat(model.tensors()).hasSize(5);
      assertSame(model, expected, "pickle_newer/");
      assertThat(root.get("np")).contains(new Scalar(2.5));
      Instance args = (Instance) root.get("args").orElseThrow();
      assertThat(((Dict) args.state()).get("lr")).contains(new Scalar(1e-4));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny.pt", "tiny_legacy.pt"})
  void transposedTensorKeepsItsStrides(String name) {
    try (TorchFile file = TorchFile.open(Reference.file(name));
        TensorScope scope = TensorScope.open(new Memory())) {
      Tensor w = file.tensors(dict((Dict) file.root(), "ema")).map("w", scope);
      assertThat(w.concrete().layout().strides()).isEqualTo(List.of(1L, 2L));
      assertThat(w.toFloats()).containsExactly(1, 3, 2, 4);
    }
  }

  @Test
  void typesWithoutCounterpartAreRefusedByNameWhenAskedFor() {
    try (TorchFile file = TorchFile.open(Reference.file("foreign.pt"));
        TensorScope scope = TensorScope.open(new Memory())) {
      StateDict tensors = file.tensors((Dict) file.root());
      assertThat(tensors.unreadable()).contains("c (ComplexFloatStorage)");
      assertThat(tensors.tensors())
          .containsExactly(Map.entry("ok", new Spec(Shape.of(2), DType.F32)));
      assertThat(tensors.map("ok", scope).toFloats()).containsExactly(1, 1);
      assertThatThrownBy(() -> tensors.map("c", scope))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("tensor c")
          .hasMessageContaining("ComplexFloatStorage");
      assertThatThrownBy(() -> tensors.map("f8", scope))
          .isInstanceOf(JditException.class)
          .hasMessageContaining("torch.float8_e4m3fn");
    }
  }

  @Test
  void numbersOutliveTheFile() {
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Tensor w;
      try (TorchFile file = TorchFile.open(Reference.file("tiny.pt"))) {
        w = file.tensors(dict((Dict) file.root(), "ema")).map("w", scope);
      }
      assertThat(w.toFloats()).containsExactly(1, 3, 2, 4);
    }
  }
}

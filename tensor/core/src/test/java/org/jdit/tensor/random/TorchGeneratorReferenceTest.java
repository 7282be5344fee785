package org.jdit.tensor.random;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Arrays;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jdit.tensor.random.TorchGenerator.Release;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * Every number that PyTorch recorded for sequences of calls after {@code manual_seed} comes out
 * again, compared as bits. (Of 16 or more doubles, this holds where the virtual machine's sine and
 * cosine are as close as the C library's, as on x86.)
 */
class TorchGeneratorReferenceTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A sequence of calls and the file that holds its results. */
  record Sequence(JsonNode node, Recording recording, Release release) {
    @Override
    public String toString() {
      return node.get("label").asString() + " " + release;
    }
  }

  @ParameterizedTest
  @MethodSource
  void sequencesMatchPyTorchBitForBit(Sequence sequence) {
    var generator = new TorchGenerator(sequence.node.get("seed").asLong(), sequence.release);
    for (JsonNode call : sequence.node.get("calls")) {
      String kind = call.get("kind").asString();
      assertThat(draw(generator, kind, call.get("arg")))
          .as("%s %s", kind, call.get("arg"))
          .isEqualTo(sequence.recording.bits(call.get("tensor").asString()));
    }
  }

  /** Only the sequences with wide integer ranges differ between the releases. */
  static Stream<Sequence> sequencesMatchPyTorchBitForBit() throws IOException {
    JsonNode all = JSON.readTree(Recording.bytes("rng.json"));
    var older = Recording.open("rng.safetensors");
    var newer = Recording.open("rng_newer.safetensors");
    return StreamSupport.stream(all.spliterator(), false)
        .filter(node -> node.has("calls"))
        .flatMap(
            node ->
                Stream.of(
                    new Sequence(node, older, Release.TORCH_1_13),
                    new Sequence(
                        node,
                        node.get("label").asString().startsWith("wide/") ? newer : older,
                        Release.TORCH_2_7)));
  }

  @Test
  void permutationMatchesAGeneratorOfItsOwnAsDistributedSamplerUses() throws IOException {
    assertThat(new TorchGenerator(1).randperm(33))
        .isEqualTo(Recording.open("rng.safetensors").bits("generator_randperm"));
  }

  private static Object draw(TorchGenerator g, String kind, JsonNode arg) {
    return switch (kind) {
      case "randn" -> bits(g.randn(arg.asInt()));
      case "rand" -> bits(g.rand(arg.asInt()));
      case "randn64" -> bits(g.randnDouble(arg.asInt()));
      case "rand64" -> bits(g.randDouble(arg.asInt()));
      case "randperm" -> g.randperm(arg.asInt());
      case "randint" -> g.randint(arg.get(0).asLong(), arg.get(1).asLong(), arg.get(2).asInt());
      case "uniform" ->
          bits(g.uniform(arg.get(2).asInt(), arg.get(0).asDouble(), arg.get(1).asDouble()));
      case "normal" ->
          bits(g.normal(arg.get(2).asInt(), arg.get(0).asDouble(), arg.get(1).asDouble()));
      case "bernoulli" -> bits(g.bernoulli(arg.get(0).asDouble(), arg.get(1).asInt()));
      default -> throw new AssertionError("a call this test does not know: " + kind);
    };
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
    return bits;
  }

  private static long[] bits(double[] values) {
    return Arrays.stream(values).mapToLong(Double::doubleToRawLongBits).toArray();
  }

  private static int[] bits(boolean[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = values[i] ? 1 : 0;
    }
    return bits(floats);
  }
}

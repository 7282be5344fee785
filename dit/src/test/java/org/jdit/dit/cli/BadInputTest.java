package org.jdit.dit.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.jdit.dit.data.LatentShards;
import org.jdit.dit.sample.MemoryEstimate;
import org.jdit.tensor.DType;
import org.jdit.tensor.Shape;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.SafetensorsWriter;
import org.jdit.tensor.io.TensorEntry;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.weights.Checkpoint;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Bad input gets one clear message and the right exit code, and leaves nothing half-written. The
 * cases are those of docs/bad-input.md, which must show just these and their messages.
 */
class BadInputTest {
  private static final Path DIT = Run.resource("e2e/dit.pt");
  private static final Path VAE = Run.resource("e2e/vae");
  private static final double GIB = 1L << 30;

  @TempDir private Path dir;

  /**
   * A bad command.
   *
   * @param name as in the docs
   * @param code exit code
   * @param message part of what must be said
   */
  private static Misuse bad(String name, int code, String message, Object... args) {
    return new Misuse(name, code, message, List.of(args));
  }

  /** A sampling command with these options in the place of good ones. */
  private List<Object> sample(Object... options) {
    Map<Object, Object> all = new LinkedHashMap<>();
    all.put("--ckpt", DIT);
    all.put("--vae", VAE);
    all.put("--num-heads", 2);
    all.put("--num-sampling-steps", 2);
    all.put("--out", dir.resolve("out.png"));
    for (int i = 0; i < options.length; i += 2) {
      all.put(options[i], options[i + 1]);
    }
    List<Object> args = new ArrayList<>(List.of("sample"));
    all.forEach((option, value) -> args.addAll(List.of(option, value)));
    return args;
  }

  private Misuse badSample(String name, int code, String message, Object... options) {
    return new Misuse(name, code, message, sample(options));
  }

  private Object[] dataset(Object... options) {
    return Stream.concat(
            Stream.of("dataset", "demo", "--out", dir.resolve("set")), Stream.of(options))
        .toArray();
  }

  /** An extraction of these images, with these options in the place of good ones. */
  private List<Object> extraction(Path images, Object... options) {
    Map<Object, Object> all = new LinkedHashMap<>();
    all.put("--data-path", images);
    all.put("--features-path", dir.resolve("features"));
    all.put("--vae", VAE);
    all.put("--image-size", 16);
    for (int i = 0; i < options.length; i += 2) {
      all.put(options[i], options[i + 1]);
    }
    List<Object> args = new ArrayList<>(List.of("extract-features"));
    all.forEach((option, value) -> args.addAll(List.of(option, value)));
    return args;
  }

  private Misuse badTraining(String name, int code, String message, Path features, Object... more) {
    List<Object> args = new ArrayList<>(List.of("train", "--feature-path", features));
    args.addAll(List.of("--results-dir", dir.resolve("results"), "--model", "32x1x2/2"));
    args.addAll(List.of(more));
    return new Misuse(name, code, message, args);
  }

  private Path images(String name, boolean readable) throws IOException {
    Path images = Files.createDirectories(dir.resolve(name).resolve("class"));
    Files.copy(Run.resource("pictures/gray8.png"), images.resolve("1.png"));
    if (!readable) {
      Files.write(images.resolve("2.png"), new byte[] {1, 2, 3});
    }
    return dir.resolve(name);
  }

  /** Commands that extract features or train on them. */
  private List<Misuse> featureCases() throws IOException {
    Path images = images("images", true);
    Path unreadable = images("unreadable", false);
    Run begun = Run.jdit(extraction(images).toArray());
    assertThat(begun.code()).as(begun.err()).isZero();
    Path npy = dir.resolve("npy");
    begun = Run.jdit(extraction(images, "--features-path", npy, "--format", "npy").toArray());
    assertThat(begun.code()).as(begun.err()).isZero();
    Path unfinished = Files.createDirectory(dir.resolve("unfinished"));
    try (TensorScope scope = TensorScope.open(new Memory())) {
      Tensor some = scope.zeros(Spec.f32(1, 4, 8, 8));
      List<Tensor> posterior = List.of(some, some, some, some);
      Tensor labels = scope.of(Shape.of(1), 0L);
      LatentShards.write(unfinished, 0, posterior, labels, 1, 1, false);
    }
    return List.of(
        new Misuse(
            "no images to extract from",
            1,
            "there is no folder of training images",
            extraction(dir.resolve("absent"))),
        new Misuse(
            "an image that cannot be read",
            1,
            "1 of 2 images cannot be read",
            extraction(unreadable, "--features-path", dir.resolve("new"))),
        new Misuse(
            "no images at once", 2, "--batch is from 1 to", extraction(images, "--batch", 0)),
        new Misuse("no image in a file", 2, "--per-file is 1", extraction(images, "--per-file", 0)),
        new Misuse("no reader", 2, "--num-workers is 1", extraction(images, "--num-workers", 0)),
        new Misuse(
            "an image size that does not divide",
            1,
            "17 is no multiple of 2",
            extraction(images, "--image-size", 17, "--features-path", dir.resolve("new"))),
        new Misuse(
            "features over other files",
            1,
            "holds files of something else",
            extraction(images, "--features-path", images)),
        new Misuse(
            "an extraction with other settings",
            1,
            "image-size was 16, now 32",
            extraction(images, "--image-size", 32)),
        badTraining("missing features", 1, "there is no folder of features", dir.resolve("no")),
        badTraining("a folder without features", 1, "holds no features", images),
        badTraining("features that are not complete", 1, "finish the extraction", unfinished),
        badTraining("features that are mirrored", 1, "leave --no-flip out", npy, "--no-flip"));
  }

  private Path file(String name, byte[] content) throws IOException {
    return Files.write(dir.resolve(name), content);
  }

  private Path safetensors(String name, String header, int dataBytes) throws IOException {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer b = ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    b.putLong(json.length).put(json);
    return file(name, b.array());
  }

  private Path zip(String name, String entry, byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.putNextEntry(new ZipEntry(entry));
      zip.write(content);
      zip.closeEntry();
    }
    return file(name, bytes.toByteArray());
  }

  /** The network with one tensor changed or left out. */
  private Path network(String name, String tensor, Spec replacement) {
    Path out = dir.resolve(name);
    try (TensorFile file = Checkpoint.open(DIT, Checkpoint.Choice.AUTO);
        TensorScope scope = TensorScope.open(new Memory())) {
      List<TensorEntry> entries = new ArrayList<>();
      for (String key : file.tensors().keySet()) {
        if (!key.equals(tensor)) {
          entries.add(TensorEntry.of(key, file.map(key, scope)));
        } else if (replacement != null) {
          entries.add(TensorEntry.of(key, scope.zeros(replacement)));
        }
      }
      SafetensorsWriter.write(out, Map.of(), entries);
    }
    return out;
  }

  private List<Misuse> cases() throws IOException {
    byte[] dit = Files.readAllBytes(DIT);
    Path truncated = file("truncated.pt", Arrays.copyOf(dit, dit.length / 2));
    byte[] noise = new byte[4000];
    Arrays.fill(noise, (byte) 0x5a);
    Path garbage = file("garbage.pt", noise);
    Path attack =
        zip(
            "attack.pt",
            "a/data.pkl",
            "cposix\nsystem\n(S'touch owned'\ntR.".getBytes(StandardCharsets.US_ASCII));
    Path bomb = zip("bomb.pt", "a/data.pkl", new byte[50_000_000]);
    Path longHeader =
        file(
            "long.safetensors",
            ByteBuffer.allocate(20)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(1L << 40)
                .put((byte) '{')
                .array());
    String one = "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";
    Path overlap = safetensors("overlap.safetensors", "{\"a\":" + one + ",\"b\":" + one + "}", 8);
    Path outside = safetensors("outside.safetensors", "{\"a\":" + one + "}", 4);
    Path unscaled =
        network(
            "unscaled.safetensors",
            "blocks.0.mlp.fc1.weight",
            new Spec(Shape.of(512, 128), DType.I8));
    Path lacking = network("lacking.safetensors", "blocks.1.attn.proj.bias", null);
    Path misshapen = network("misshapen.safetensors", "blocks.0.mlp.fc1.bias", Spec.f32(100));
    Path noNull =
        network("no-null.safetensors", "y_embedder.embedding_table.weight", Spec.f32(10, 128));
    Path thousand =
        network("thousand.safetensors", "y_embedder.embedding_table.weight", Spec.f32(1001, 128));
    network("part.safetensors", "", null);
    Path index =
        file(
            "dit.safetensors.index.json",
            "{\"weight_map\": {\"pos_embed\": \"part.safetensors\"}}"
                .getBytes(StandardCharsets.UTF_8));
    Path pipeline = dir.resolve("pipeline");
    Run converted = Run.jdit("convert", DIT, pipeline, "--num-heads", 2);
    assertThat(converted.code()).as(converted.err()).isZero();
    return List.of(
        bad("no command", 2, "a command is missing"),
        bad("unknown command", 2, "Unmatched argument at index 0: 'draw'", "draw"),
        badSample("unknown option", 2, "Unknown options: '--speed', '3'", "--speed", 3),
        badSample("missing file", 1, "absent.pt", "--ckpt", dir.resolve("absent.pt")),
        bad("truncated file", 1, "truncated.pt", "inspect", truncated),
        bad("not a weights file", 1, "garbage.pt", "inspect", garbage),
        bad("pickle that calls a function", 1, "attack.pt", "inspect", attack),
        bad("zip bomb", 1, "bomb.pt", "inspect", bomb),
        bad("header longer than the file", 1, "long.safetensors", "inspect", longHeader),
        bad("overlapping tensors", 1, "overlap.safetensors", "inspect", overlap),
        bad("tensor outside the file", 1, "outside.safetensors", "inspect", outside),
        bad(
            "a weight in int8 without scales",
            1,
            "no f32 scale for each of its rows",
            "inspect",
            unscaled),
        badSample("an autoencoder as the network", 1, "holds no DiT", "--ckpt", VAE),
        badSample("a network as the autoencoder", 1, "is no AutoencoderKL", "--vae", DIT),
        badSample(
            "a weight is missing",
            1,
            "blocks.1.attn.proj.bias",
            "--ckpt",
            lacking,
            "--num-heads",
            2),
        badSample(
            "a weight of another shape",
            1,
            "blocks.0.mlp.fc1.bias is [100], the model has [512]",
            "--ckpt",
            misshapen,
            "--num-heads",
            2),
        badSample("another model than asked", 1, "not a DiT-S/2", "--model", "DiT-S/2"),
        badSample("a model there is not", 2, "there is no model DiT-Q/3", "--model", "DiT-Q/3"),
        badSample(
            "another image size", 1, "make images of 16 pixels, not 256", "--image-size", 256),
        badSample("another number of classes", 1, "has 11 label rows", "--num-classes", 1000),
        badSample("heads that do not divide", 1, "does not divide into 7 heads", "--num-heads", 7),
        badSample(
            "guidance without a null class",
            2,
            "guidance is impossible",
            "--ckpt",
            noNull,
            "--num-heads",
            2),
        badSample("class out of range", 2, "class label 12 is out of range", "--class-labels", 12),
        badSample(
            "name for other classes", 2, "has no names known here", "--class-labels", "otter"),
        badSample("no label", 2, "no class label in ','", "--class-labels", ","),
        badSample("unknown sampler", 2, "no sampler is called magic", "--sampler", "magic"),
        badSample("too many steps", 2, "2000", "--num-sampling-steps", 2000),
        badSample("steps that are no number", 2, "many", "--num-sampling-steps", "many"),
        badSample("negative batch", 2, "a batch of -1 images", "--batch", -1),
        badSample("eta out of range", 2, "eta is from 0 to 1", "--eta", 2),
        badSample("guidance on no channel", 2, "guidance on 9 channels", "--cfg-channels", 9),
        badSample("interval of one end", 2, "is two numbers such as", "--cfg-interval", "0.5"),
        badSample(
            "interval outside the chain", 2, "lies within 0 and 1", "--cfg-interval", "0.5,2"),
        badSample("unknown backend", 2, "no backend is called abacus", "--backend", "abacus"),
        badSample("no GPU engine", 1, "TORNADOVM_HOME", "--backend", "tornado"),
        badSample("unknown device", 1, "has no device 0:0", "--backend", "cpu:0:0"),
        badSample("unknown precision", 2, "no precision is called fp8", "--precision", "fp8"),
        badSample("negative threads", 2, "threads must be 0 (all) or more", "--threads", -2),
        badSample(
            "no such directory", 2, "there is no directory", "--out", dir.resolve("no/such.png")),
        badSample(
            "two outputs in one file",
            2,
            "is named twice",
            "--save-latents",
            dir.resolve("out.png")),
        badSample("output over the checkpoint", 2, "is the input", "--out", DIT),
        badSample(
            "output in the checkpoint's directory",
            2,
            "is a part of the input",
            "--ckpt",
            pipeline,
            "--out",
            pipeline.resolve("transformer/config.json")),
        badSample(
            "output over a part of the checkpoint",
            2,
            "is a part of the input",
            "--ckpt",
            index,
            "--save-latents",
            dir.resolve("part.safetensors")),
        badSample(
            "output over the autoencoder",
            2,
            "is a part of the input",
            "--save-latents",
            VAE.resolve("config.json")),
        badSample(
            "a picture too large",
            2,
            "choose a smaller --enlarge",
            "--class-labels",
            String.join(",", Collections.nCopies(800, "1")),
            "--enlarge",
            64,
            "--columns",
            20),
        badSample(
            "an animation too large",
            2,
            "that a side of a GIF can have",
            "--class-labels",
            String.join(",", Collections.nCopies(80, "1")),
            "--enlarge",
            46,
            "--columns",
            80,
            "--frames",
            dir.resolve("out.gif")),
        badSample(
            "a name of several ImageNet classes",
            2,
            "several classes are called 'crane'",
            "--ckpt",
            thousand,
            "--class-labels",
            "crane"),
        badSample("no download URL", 2, "is no http or https URL", "--official-url", "file:///tmp"),
        badSample(
            "output is a directory",
            2,
            "it is a directory",
            "--out",
            Files.createDirectory(dir.resolve("out"))),
        bad("conversion onto itself", 2, "is the input", "convert", DIT, DIT),
        bad(
            "conversion onto a part of itself",
            2,
            "is a part of the input",
            "convert",
            pipeline,
            pipeline.resolve("transformer/diffusion_pytorch_model.safetensors")),
        bad(
            "a tolerance that nothing passes",
            2,
            "--tolerance is 0 or more",
            "compare",
            DIT,
            DIT,
            "--tolerance",
            -1),
        bad(
            "conversion to an unknown format",
            1,
            "cannot tell the format",
            "convert",
            DIT,
            dir.resolve("dit.gguf"),
            "--layout",
            "official"),
        bad(
            "conversion to int8 for torch",
            2,
            "in the official layout to a .safetensors file",
            "convert",
            DIT,
            dir.resolve("small.pt"),
            "--dtype",
            "int8"),
        bad(
            "conversion to int8 for diffusers",
            2,
            "in that of diffusers",
            "convert",
            DIT,
            dir.resolve("small"),
            "--dtype",
            "int8",
            "--layout",
            "diffusers"),
        bad(
            "conversion of an autoencoder to int8",
            1,
            "holds no DiT, of which alone the weights are written in int8",
            "convert",
            VAE,
            dir.resolve("small.safetensors"),
            "--dtype",
            "int8"),
        bad("no drawings", 2, "choose 1 to 1000000", dataset("--per-class", 0)),
        bad("drawings too small", 2, "choose a size from 16 to 512", dataset("--size", 8)),
        bad(
            "a data set over other files",
            1,
            "is not an empty directory",
            "dataset",
            "demo",
            "--out",
            Files.createDirectories(dir.resolve("drawings/cat")).getParent()),
        bad("no EMA weights", 1, "ema", "inspect", DIT, "--weights", "ema"));
  }

  @TestFactory
  Stream<DynamicTest> saysWhatIsWrong() throws IOException {
    List<Misuse> all = Stream.concat(cases().stream(), featureCases().stream()).toList();
    return Misuse.tests("Commands, files and data", all, dir);
  }

  @Test
  void theDocsShowTheMessagesOfShortMemory() throws IOException {
    MemoryEstimate need = new MemoryEstimate((long) (2.5 * GIB), (long) (38.8 * GIB));
    assertThatThrownBy(() -> need.require((long) (22.1 * GIB)))
        .satisfies(e -> assertThat(Misuse.docs()).contains("| 1 | " + e.getMessage() + " |"));
    String said = Main.outOfMemory(new OutOfMemoryError("Java heap space"));
    assertThat(Misuse.docs()).contains("| 1 | " + said + " |");
  }

  @BeforeEach
  void nothingWasExecuted() {
    assertThat(Path.of("owned")).doesNotExist();
  }

  @Test
  void warnsOfNaNWeights() throws IOException {
    Path out = dir.resolve("nan.safetensors");
    try (TensorFile file = Checkpoint.open(DIT, Checkpoint.Choice.AUTO);
        TensorScope scope = TensorScope.open(new Memory())) {
      List<TensorEntry> entries = new ArrayList<>();
      for (String key : file.tensors().keySet()) {
        boolean poisoned = key.equals("blocks.0.mlp.fc2.bias");
        double[] nan = new double[128];
        nan[100] = Double.NaN;
        entries.add(
            TensorEntry.of(
                key,
                poisoned
                    ? scope.of(new Spec(Shape.of(128), DType.F32), nan)
                    : file.map(key, scope)));
      }
      SafetensorsWriter.write(out, Map.of(), entries);
    }
    Run run = Run.jdit(sample("--ckpt", out, "--num-heads", 2).toArray());
    assertThat(run.code()).as(run.err()).isZero();
    String warning = "warning: weights blocks.0.mlp.fc2.bias hold NaN or infinity";
    assertThat(run.err()).contains(warning);
    assertThat(Misuse.docs()).contains("| 0 | " + warning + " |");
  }

  @Test
  void showsTheStackTraceOnlyIfAsked() {
    assertThat(Run.jdit("inspect", dir.resolve("absent"), "--verbose").err()).contains("\tat ");
  }
}

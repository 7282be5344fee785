package org.jdit.dit.demo;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jdit.dit.model.Recognition;
import org.jdit.dit.sample.Model;
import org.jdit.tensor.io.Mappable;
import org.jdit.tensor.io.Safetensors;
import org.jdit.tensor.io.TensorFile;

/**
 * The small model in the box, which works on pixels: what {@code jdit train} made of {@link
 * DemoDrawings}.
 */
public final class DemoModel {
  /** What users call it. */
  public static final String NAME = "demo";

  private static final String FILE = "demo.safetensors";
  private static final int OF_EACH = 4;

  /** Read when it is first asked for, and once. */
  private static final class Weights {
    /** The file off the heap, where kernels read numbers fastest. */
    static final MemorySegment BYTES = bytes();

    private static MemorySegment bytes() {
      try (InputStream in = DemoModel.class.getResourceAsStream(FILE)) {
        return Arena.global().allocateFrom(ValueLayout.JAVA_BYTE, in.readAllBytes());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private DemoModel() {}

  /** The names of its classes, by label. */
  public static List<String> classes() {
    return DemoDrawings.CLASSES;
  }

  /** Every class once, and again, for a picture of four rows. */
  public static List<Integer> someOfEach() {
    int n = classes().size();
    return IntStream.range(0, OF_EACH * n).mapToObj(i -> i % n).toList();
  }

  /** Opens it. */
  public static Model open() {
    TensorFile file = Safetensors.open(Mappable.of(FILE, Weights.BYTES));
    return new Model(file, Recognition.of(file, Recognition.Wishes.NONE), Optional.empty());
  }
}

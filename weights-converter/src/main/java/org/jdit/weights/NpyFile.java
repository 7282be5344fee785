package org.jdit.weights;

import java.nio.file.Path;
import java.util.Map;
import org.jdit.tensor.Spec;
import org.jdit.tensor.Tensor;
import org.jdit.tensor.io.Mappable;
import org.jdit.tensor.io.Npy;
import org.jdit.tensor.io.TensorFile;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;

/** The one array of an .npy file, under the name of the file without its ending. */
record NpyFile(Mappable file, String name, Spec spec) implements TensorFile {
  private static final String ENDING = ".npy";

  static NpyFile open(Path path) {
    Mappable file = Mappable.open(path);
    try (TensorScope scope = TensorScope.open(new Memory())) {
      String name = path.toAbsolutePath().getFileName().toString();
      String stem =
          name.endsWith(ENDING) ? name.substring(0, name.length() - ENDING.length()) : name;
      return new NpyFile(file, stem, Npy.map(file, scope).spec());
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  @Override
  public String source() {
    return file.source();
  }

  @Override
  public Map<String, String> metadata() {
    return Map.of();
  }

  @Override
  public Map<String, Spec> tensors() {
    return Map.of(name, spec);
  }

  @Override
  public Tensor map(String tensor, TensorScope scope) {
    if (!tensor.equals(name)) {
      throw new IllegalArgumentException("no tensor " + tensor + " in " + source());
    }
    return Npy.map(file, scope);
  }

  @Override
  public void close() {
    file.close();
  }
}

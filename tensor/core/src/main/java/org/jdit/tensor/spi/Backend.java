package org.jdit.tensor.spi;

import java.util.List;
import org.jdit.tensor.DType;
import org.jdit.tensor.Spec;
import org.jdit.tensor.memory.Memory;
import org.jdit.tensor.memory.TensorScope;
import org.jdit.tensor.op.Op;
import org.jdit.tensor.program.Program;

/** An engine that compiles Programs. Closing it frees its threads and device. */
public interface Backend extends AutoCloseable {
  /** Short name, as users give it. */
  String name();

  /** One line on what runs: instruction set or device, threads, precision. */
  String description();

  /** Whether this backend has a kernel for an operation on such operands. */
  boolean supports(Op op, List<Spec> in);

  /** The source of the host memory that this backend's scopes and executables use. */
  Memory memory();

  /**
   * Bytes that a store needs for a PARAM which is nothing but the weight of linear layers or of
   * convolutions.
   *
   * @param weight what it is in the Program, a matrix or {@code [O, C, kh, kw]}
   * @param loaded the type in which it will be loaded, or I8 for float32 numbers that are {@link
   *     org.jdit.tensor.Int8} with a scale for each of the first axis
   */
  default long weightBytes(Spec weight, DType loaded) {
    return weight.bytes();
  }

  /** An empty store for PARAM and STATE values. */
  Resident newResident();

  /**
   * Makes a Program ready to run; every allocation, weight layout and code generation is done here.
   *
   * @param resident where the Program's PARAM and STATE inputs live, a store of this backend
   * @throws IllegalArgumentException if the store has one of these names in another role or spec,
   *     or is of another backend
   * @throws org.jdit.tensor.JditException if an operation or element type is not supported, named
   */
  Executable compile(Program program, Resident resident);

  /** A scope on whose tensors operations run at once. */
  default TensorScope openScope() {
    return TensorScope.open(memory(), new Eager(this));
  }

  /**
   * What each task took, over all executables so far, those that are closed included. Empty unless
   * {@link BackendOptions#profile} was asked for.
   */
  default List<TaskTime> profile() {
    return List.of();
  }

  @Override
  void close();
}

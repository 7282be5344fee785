package org.jdit.tensor.cpu.machine;

import java.util.List;
import org.jdit.tensor.cpu.machine.Assembler.Packed;
import org.jdit.tensor.cpu.machine.Assembler.Unary;
import org.jdit.tensor.cpu.machine.LoopWriter.Comparison;
import org.jdit.tensor.cpu.machine.LoopWriter.Format;
import org.jdit.tensor.cpu.machine.LoopWriter.Place;

/** A vector that a {@link LoopWriter} knows by its number, and how it comes to be. */
sealed interface LoopValue {
  record Vector(Format as, Place at) implements LoopValue {}

  /** A vector that does not change while the loop runs. */
  record Fixed(Place at) implements LoopValue {}

  /** A float of memory, in all lanes. */
  record Constant(int entry, int index) implements LoopValue {}

  /** A float known now, in all lanes. */
  record Literal(int bits) implements LoopValue {}

  record Binary(Packed instruction, int a, int b) implements LoopValue {}

  record Fma(int a, int b, int c) implements LoopValue {}

  record Single(Unary instruction, int a) implements LoopValue {}

  /** A number's bits moved to higher or lower places. */
  record Shift(boolean higher, int a, int bits) implements LoopValue {}

  /** A number divided by 2 to the power of its exponent. */
  record Mantissa(int a) implements LoopValue {}

  /** The larger or the smaller of two numbers, neither of them NaN. */
  record Range(boolean larger, int a, int b) implements LoopValue {}

  /** One of two values, by how two others compare. */
  record Select(Comparison is, int a, int b, int yes, int no) implements LoopValue {}

  /** What a register holds from vector to vector. */
  record Sum(float start) implements LoopValue {}

  /** Numbers of the values that this one is computed of. */
  default List<Integer> operands() {
    return switch (this) {
      case Vector _, Fixed _ -> List.of();
      case Constant _, Literal _, Sum _ -> List.of();
      case Binary(_, int a, int b) -> List.of(a, b);
      case Fma(int a, int b, int c) -> List.of(a, b, c);
      case Single(_, int a) -> List.of(a);
      case Shift(_, int a, _) -> List.of(a);
      case Mantissa(int a) -> List.of(a);
      case Range(_, int a, int b) -> List.of(a, b);
      case Select(_, int a, int b, int yes, int no) -> List.of(a, b, yes, no);
    };
  }
}

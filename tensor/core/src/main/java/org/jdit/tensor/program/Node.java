package org.jdit.tensor.program;

import java.util.List;
import org.jdit.tensor.op.Op;

/**
 * One applied operation of a Program.
 *
 * @param op the operation
 * @param in numbers of its operands
 * @param out numbers of its results
 */
public record Node(Op op, List<Integer> in, List<Integer> out) {}

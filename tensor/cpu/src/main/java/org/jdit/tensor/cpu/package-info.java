/**
 * The CPU backend: from a Program to a list of kernels on planned memory.
 *
 * <p>{@code CpuBackend.compile} inlines calls, replaces fused operations without a kernel by their
 * recipes, puts what only state updates need last ({@code Commit}), joins element-wise chains
 * ({@code Fusion}), decides layouts ({@code Lowering}), gives every value memory ({@code Buffers},
 * {@code CpuResident}) and binds a kernel to each node ({@code Kernels}, {@code Products}).
 */
package org.jdit.tensor.cpu;

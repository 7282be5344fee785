/**
 * Machine code that Java writes itself, for the one thing the Vector API cannot say: products on a
 * matrix unit.
 *
 * <p>{@code AmxKernel} is put together by {@code Assembler}, {@code MachineCode} makes it callable,
 * and {@code MatrixUnit} hands it out where the processor, the system and a self-test allow.
 */
package org.jdit.tensor.cpu.machine;

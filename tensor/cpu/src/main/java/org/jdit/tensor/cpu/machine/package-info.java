/**
 * Machine code that Java writes itself: products on a matrix unit, which the Vector API cannot say,
 * and what is faster, or fast sooner, than what C2 makes of the Vector API.
 *
 * <p>{@code Assembler} writes instructions and {@code MachineCode} makes them callable. {@code
 * MatrixUnit} and {@code FloatCode} hand out what the processor, the system and a self-test allow.
 */
package org.jdit.tensor.cpu.machine;

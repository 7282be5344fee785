/**
 * The arithmetic of the CPU backend, and the only code with the Vector API.
 *
 * <p>Results must not depend on threads, runs or what Java has compiled: work is cut by shape
 * alone, sums have a fixed order, and transcendental functions are polynomials of fused
 * multiply-adds.
 */
package org.jdit.tensor.cpu.kernel;

/**
 * How fast JDiT is: workloads, the times that they take, and PyTorch next to them. {@code
 * org.jdit.bench.cli} is {@code jdit bench}, {@code org.jdit.bench.jmh} the same workloads under
 * JMH.
 */
package org.jdit.bench;

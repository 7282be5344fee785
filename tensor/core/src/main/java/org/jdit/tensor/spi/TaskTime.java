package org.jdit.tensor.spi;

/**
 * What a task took on the device so far.
 *
 * @param task the task, named as in the compiled Program
 * @param kernel the kernel that it runs
 * @param count how often it ran
 * @param nanos nanoseconds of all runs together, as the device counts them
 * @param compileNanos nanoseconds that compiling it took
 */
public record TaskTime(String task, String kernel, long count, long nanos, long compileNanos) {
  /** The sum of two times of one task. */
  public TaskTime plus(TaskTime other) {
    return new TaskTime(
        task, kernel, count + other.count, nanos + other.nanos, compileNanos + other.compileNanos);
  }
}

package org.jdit.dit.cli;

import java.io.PrintWriter;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jdit.tensor.JditException;
import org.jdit.tensor.spi.Backend;
import org.jdit.tensor.spi.BackendOptions;
import org.jdit.tensor.spi.Backends;
import org.jdit.tensor.spi.Precision;
import org.jdit.tensor.spi.TaskTime;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of what computes, for every command that has something computed. */
public final class EngineOptions {
  private static final double MILLI = 1e-6;
  private static final double MICRO = 1e-3;

  @Option(
      names = "--backend",
      defaultValue = "cpu",
      paramLabel = "NAME[:DEVICE]",
      description =
          "What computes: cpu, or tornado for a GPU; 'jdit doctor --devices' lists the devices. "
              + "Default: ${DEFAULT-VALUE}.")
  private String backend;

  @Option(
      names = "--threads",
      defaultValue = "0",
      paramLabel = "N",
      description = "Threads of the cpu backend; 0 for all processors. Default: ${DEFAULT-VALUE}.")
  private int threads;

  @Option(
      names = "--precision",
      defaultValue = "fp32",
      paramLabel = "P",
      description =
          "Precision of matrix products, convolutions and attention: fp32; bf16x3, which rounds "
              + "what is multiplied to 16 bits (two bf16 numbers); or bf16, which rounds it to 8 "
              + "bits. All add up in float32. Default: ${DEFAULT-VALUE}.")
  private String precision;

  @Option(
      names = "--profile",
      description = "Time each task on the device, and list the times at the end.")
  private boolean profile;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  /** Made by picocli. */
  public EngineOptions() {}

  /** The backend as the user named it, device and all. */
  public String name() {
    return backend;
  }

  /**
   * The precision that the user chose.
   *
   * @throws ParameterException if there is none of that name
   */
  public Precision precision() {
    return options().precision();
  }

  /** Threads that the cpu backend will compute with. */
  public int threads() {
    return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
  }

  /**
   * Refuses, before any work is done, what this machine cannot do.
   *
   * @throws ParameterException if there is no such backend, or the number of threads is negative
   * @throws JditException if the backend is unavailable on this machine or not in this build
   */
  public void check() {
    SortedSet<String> names = new TreeSet<>(Set.of(Backends.TORNADO));
    Backends.providers().forEach(p -> names.add(p.name()));
    if (!names.contains(named()[0])) {
      throw new ParameterException(
          command.commandLine(),
          "no backend is called %s; there are %s".formatted(named()[0], String.join(", ", names)));
    }
    options();
    Backends.available(named()[0]);
  }

  /**
   * Opens the backend, which {@link #check} has let pass.
   *
   * @throws JditException if the backend does not have the device
   */
  public Backend open() {
    return Backends.open(named()[0], options());
  }

  /** Lists what tasks took, longest first, if the user asked for it. */
  public void report(List<TaskTime> times) {
    if (!profile) {
      return;
    }
    List<TaskTime> tasks =
        times.stream().sorted(Comparator.comparingLong(TaskTime::nanos).reversed()).toList();
    double all = tasks.stream().mapToLong(TaskTime::nanos).sum();
    PrintWriter err = command.commandLine().getErr();
    String row = "%-28s %-20s %10s %12s %12s %7s %11s%n";
    err.printf(row, "task", "kernel", "runs", "total ms", "mean us", "share", "compile ms");
    for (TaskTime t : tasks) {
      err.printf(
          row,
          t.task(),
          t.kernel(),
          t.count(),
          "%.3f".formatted(t.nanos() * MILLI),
          "%.1f".formatted(t.nanos() * MICRO / t.count()),
          "%.1f%%".formatted(100 * t.nanos() / all),
          "%.1f".formatted(t.compileNanos() * MILLI));
    }
    double compile = tasks.stream().mapToLong(TaskTime::compileNanos).sum();
    err.printf(
        row,
        "all " + tasks.size(),
        "",
        "",
        "%.3f".formatted(all * MILLI),
        "",
        "",
        "%.1f".formatted(compile * MILLI));
  }

  private String[] named() {
    return backend.split(":", 2);
  }

  private BackendOptions options() {
    String[] named = named();
    try {
      return new BackendOptions(
          named.length > 1 ? named[1] : "", threads, profile, Precision.of(precision));
    } catch (JditException e) {
      throw new ParameterException(command.commandLine(), e.getMessage(), e);
    }
  }
}

package org.jdit.bench.cli;

import java.util.List;
import java.util.Optional;
import org.jdit.bench.Rival;
import org.jdit.bench.Workload;
import org.jdit.bench.blas.Blas;
import org.jdit.tensor.JditException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code jdit bench gemm}: linear layers. */
@Command(
    name = "gemm",
    sortOptions = false,
    description = {"Times linear layers, by default those of DiT-XL/2.", ""},
    footer = {
      "",
      "Example:",
      "  jdit bench gemm --rows 512 --widths 1152x4608 --blas libopenblas.so.0"
    })
final class GemmCommand extends WorkloadCommand {
  private static final String WIDTHS = "([1-9]\\d{0,5})x([1-9]\\d{0,5})";

  @Option(
      names = "--rows",
      split = ",",
      defaultValue = "256,512,2048",
      paramLabel = "LIST",
      description = "Rows, which are tokens. Default: ${DEFAULT-VALUE}.")
  private List<Integer> rows;

  @Option(
      names = "--widths",
      split = ",",
      defaultValue = "1152x3456,1152x1152,1152x4608,4608x1152",
      paramLabel = "LIST",
      description = "Widths in and out, INxOUT. Default: ${DEFAULT-VALUE}.")
  private List<String> widths;

  @Option(
      names = "--blas",
      paramLabel = "LIBRARY",
      description =
          "A shared library with cblas_sgemm, such as libopenblas.so.0 or libmkl_rt.so, to be "
              + "timed in turns; it adds no bias.")
  private Optional<String> blas = Optional.empty();

  @Override
  List<Workload> workloads() {
    return rows.stream()
        .flatMap(m -> widths.stream().map(w -> linear(Usage.positive("--rows", m), w)))
        .toList();
  }

  private static Workload linear(int rows, String widths) {
    if (!widths.matches(WIDTHS)) {
      throw new JditException(
          "--widths is a list such as 1152x3456,4608x1152, in which %s has no place"
              .formatted(widths));
    }
    int x = widths.indexOf('x');
    return Workload.linear(
        rows, Integer.parseInt(widths.substring(0, x)), Integer.parseInt(widths.substring(x + 1)));
  }

  @Override
  List<Rival> otherRivals() {
    return blas.<Rival>map(Blas::load).stream().toList();
  }

  @Override
  int usualRepeats() {
    return 30;
  }
}

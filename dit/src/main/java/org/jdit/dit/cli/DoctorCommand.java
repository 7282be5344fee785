package org.jdit.dit.cli;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jdit.dit.sample.MemoryEstimate;
import org.jdit.tensor.spi.BackendProvider;
import org.jdit.tensor.spi.Backends;
import org.jdit.tensor.spi.Finding;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** {@code jdit doctor}: whether this machine is fit, and what to do if it is not. */
@Command(
    name = "doctor",
    description = {
      "Looks at the JDK, memory and engines, and measures whether kernels run as vector code.",
      "",
      "Exit code 1 if something needs attention.",
      ""
    })
final class DoctorCommand implements Callable<Integer> {
  private static final double GIB = 1L << 30;

  @Option(
      names = "--devices",
      description = "Only list the devices of each backend, as --backend calls them.")
  private boolean devices;

  @Option(names = "--json", description = "Report as JSON.")
  private boolean json;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Map<String, List<Finding>> sections = new LinkedHashMap<>();
    if (!devices) {
      sections.put("machine", machine());
      sections.put("TornadoVM", tornado());
    }
    Backends.providers().forEach(p -> sections.put("backend " + p.name(), backend(p)));
    if (json) {
      spec.commandLine().getOut().println(JsonMapper.shared().writeValueAsString(sections));
    } else {
      sections.forEach(this::print);
    }
    return sections.values().stream().flatMap(List::stream).allMatch(Finding::good) ? 0 : 1;
  }

  private static List<Finding> machine() {
    var os = ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class);
    List<Finding> f = new ArrayList<>();
    f.add(Finding.good("JDiT", Version.current()));
    f.add(
        Finding.good(
            "JVM",
            "%s, %s %s"
                .formatted(
                    Runtime.version(),
                    System.getProperty("java.vendor"),
                    System.getProperty("java.vm.name"))));
    f.add(
        Finding.good(
            "system",
            "%s %s %s"
                .formatted(
                    System.getProperty("os.name"),
                    System.getProperty("os.version"),
                    System.getProperty("os.arch"))));
    f.add(Finding.good("processors", Integer.toString(Runtime.getRuntime().availableProcessors())));
    f.add(
        Finding.good(
            "memory",
            "%.1f GiB, %.1f available; Java heap up to %.1f"
                .formatted(
                    os.getTotalMemorySize() / GIB,
                    MemoryEstimate.availableBytes() / GIB,
                    Runtime.getRuntime().maxMemory() / GIB)));
    var cache = OfficialFiles.defaultCache();
    f.add(
        Finding.good(
            "download cache", cache + (Files.isDirectory(cache) ? "" : " (not made yet)")));
    return f;
  }

  private List<Finding> backend(BackendProvider provider) {
    return provider
        .unavailable()
        .map(why -> List.of(Finding.good("not available", why)))
        .orElseGet(() -> devices ? devices(provider) : provider.diagnose());
  }

  private static List<Finding> devices(BackendProvider provider) {
    return provider.devices().stream()
        .map(
            d ->
                Finding.good(
                    provider.name() + ":" + d.id(),
                    "%s, %.1f GiB".formatted(d.description(), d.memoryBytes() / GIB)))
        .toList();
  }

  /** Whether the GPU engine can be had; not to want it is fine. */
  private static List<Finding> tornado() {
    Optional<String> home =
        Optional.ofNullable(System.getenv(TornadoSdk.HOME)).filter(h -> !h.isBlank());
    Finding sdk = TornadoSdk.find(home);
    return home.isPresent() && sdk.good() ? List.of(sdk, engine()) : List.of(sdk);
  }

  private static Finding engine() {
    String what = "GPU engine";
    Optional<BackendProvider> engine =
        Backends.providers().stream().filter(p -> p.name().equals(Backends.TORNADO)).findFirst();
    if (engine.isEmpty()) {
      return Finding.bad(what, "not in this build", "start with ./jdit, which builds it");
    }
    return engine
        .get()
        .unavailable()
        .map(why -> Finding.bad(what, "not available", why))
        .orElseGet(() -> Finding.good(what, "ready: --backend " + Backends.TORNADO));
  }

  private void print(String section, List<Finding> findings) {
    var out = spec.commandLine().getOut();
    out.println(section);
    for (Finding f : findings) {
      out.printf("  %s %-22s %s%n", f.good() ? "ok " : "!! ", f.what(), f.value());
      if (!f.advice().isEmpty()) {
        out.printf("      %-22s %s%n", "", f.advice());
      }
    }
  }
}

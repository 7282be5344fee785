package org.jdit.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jdit.tensor.spi.Backend;

/** What figures were measured on. */
public final class Machine {
  private Machine() {}

  /** Processor, processors, JVM and engine by name. */
  public static Map<String, Object> describe(Backend backend) {
    Map<String, Object> machine = new LinkedHashMap<>();
    field("/proc/cpuinfo", "model name").ifPresent(model -> machine.put("processor", model));
    machine.put("processors", Runtime.getRuntime().availableProcessors());
    machine.put(
        "jvm", System.getProperty("java.vendor") + " " + System.getProperty("java.vm.version"));
    machine.put("engine", backend.description());
    return machine;
  }

  /** What {@link #describe} says, in one line. */
  public static String line(Map<String, Object> machine) {
    return machine.entrySet().stream()
        .map(e -> e.getKey() + " " + text(e.getValue()))
        .collect(Collectors.joining("; "));
  }

  private static String text(Object value) {
    return value instanceof Double rate ? "%.1f".formatted(rate) : value.toString();
  }

  /** The most memory, in bytes, that this process has had resident so far, where that is known. */
  public static OptionalLong peakResidentBytes() {
    return status("VmHWM");
  }

  /** The memory, in bytes, that this process has resident, where that is known. */
  public static OptionalLong residentBytes() {
    return status("VmRSS");
  }

  private static OptionalLong status(String name) {
    return field("/proc/self/status", name).stream()
        .mapToLong(kib -> Long.parseLong(kib.replaceAll("\\D", "")) << 10)
        .findFirst();
  }

  private static Optional<String> field(String file, String name) {
    Path path = Path.of(file);
    if (!Files.isReadable(path)) {
      return Optional.empty();
    }
    try (Stream<String> lines = Files.lines(path)) {
      return lines
          .filter(line -> line.startsWith(name))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}

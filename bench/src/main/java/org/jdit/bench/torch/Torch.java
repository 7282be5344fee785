package org.jdit.bench.torch;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jdit.bench.Contender;
import org.jdit.bench.Rival;
import org.jdit.bench.Workload;
import org.jdit.tensor.JditException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * PyTorch, in a Python that the user has, running the same workloads. The two sides speak JSON, one
 * object a line; Python waits for its turn without using the processor.
 */
public final class Torch implements Rival, AutoCloseable {
  private static final String SCRIPT = "torch_side.py";

  private final String python;
  private final String precision;
  private final Process process;
  private final Writer requests;
  private final BufferedReader replies;
  private final String version;

  private Torch(String python, String precision, Process process) {
    this.python = python;
    this.precision = precision;
    this.process = process;
    requests = process.outputWriter(StandardCharsets.UTF_8);
    replies = process.inputReader(StandardCharsets.UTF_8);
    version = reply().path("torch").asString();
  }

  /**
   * Starts Python.
   *
   * @param python the interpreter, one that has PyTorch
   * @param precision {@code fp32}, or {@code bf16}: tensors of a kernel, autocast of a network
   * @throws JditException if it does not start or has no PyTorch
   */
  public static Torch start(String python, String precision) {
    Process process;
    try {
      process =
          new ProcessBuilder(python, "-c", script())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
    } catch (IOException e) {
      throw new JditException("cannot start Python as %s: %s".formatted(python, e.getMessage()), e);
    }
    try {
      return new Torch(python, precision, process);
    } catch (RuntimeException e) {
      process.destroy();
      throw e;
    }
  }

  private static String script() throws IOException {
    try (InputStream in = Torch.class.getResourceAsStream(SCRIPT)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Override
  public String name() {
    return "torch";
  }

  @Override
  public String label() {
    return "PyTorch";
  }

  /** Such as {@code 2.8.0}. */
  @Override
  public String version() {
    return version;
  }

  @Override
  public Contender load(Workload workload, int threads) {
    Map<String, Object> request = new LinkedHashMap<>(workload.sizes());
    request.put("operation", workload.operation());
    request.put("threads", threads);
    request.put("precision", precision);
    long parameters = ask(request).path("parameters").asLong();
    if (parameters != workload.parameters()) {
      throw new JditException(
          "%s has %d parameters in PyTorch but %d in JDiT, so their times do not compare"
              .formatted(workload.operation(), parameters, workload.parameters()));
    }
    return this::seconds;
  }

  private List<Double> seconds(int runs) {
    List<Double> seconds = new ArrayList<>();
    ask(Map.of("runs", runs)).path("seconds").forEach(s -> seconds.add(s.asDouble()));
    return seconds;
  }

  private JsonNode ask(Map<String, Object> request) {
    try {
      requests.write(JsonMapper.shared().writeValueAsString(request) + "\n");
      requests.flush();
    } catch (IOException e) {
      throw ended(e);
    }
    return reply();
  }

  private JsonNode reply() {
    try {
      String line = replies.readLine();
      if (line == null) {
        throw ended(null);
      }
      JsonNode reply = JsonMapper.shared().readTree(line);
      if (reply.has("error")) {
        throw new JditException(
            "PyTorch in %s failed: %s".formatted(python, reply.path("error").asString()));
      }
      return reply;
    } catch (JacksonException e) {
      throw new JditException(python + " does not answer as a Python with PyTorch does", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private JditException ended(IOException cause) {
    return new JditException(python + " ended early: is it a Python 3 with PyTorch?", cause);
  }

  @Override
  public void close() {
    process.destroy();
  }
}

package org.jdit.tensor.tornado;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdit.tensor.JditException;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/** The devices that TornadoVM has drivers for. */
final class TornadoDevices {
  /** What TornadoVM must be told before it starts, and what we tell it if the user does not. */
  private static final Map<String, String> SETTINGS = settings();

  private static final String BAILOUT = "tornado.recover.bailout";

  private TornadoDevices() {}

  /**
   * A device.
   *
   * @param id driver and device number, as in {@code 0:0}
   * @param description name, backend and kind
   * @param memoryBytes its memory
   * @param largestBuffer bytes that one array may have
   * @param handle TornadoVM's
   */
  record Device(
      String id, String description, long memoryBytes, long largestBuffer, TornadoDevice handle) {}

  private static Map<String, String> settings() {
    Map<String, String> s = new LinkedHashMap<>();
    // A task that does not compile would run as Java code, slowly or with wrong results.
    s.put(BAILOUT, "False");
    // By default every execution clears lists for 32768 events.
    s.put("tornado.max.events", "1024");
    s.put("tornado.tvm.maxbytecodesize", "65536");
    // By default OpenCL code is compiled with fast-math.
    s.put("tornado.opencl.compiler.flags", "-w");
    // TornadoVM keeps its own account of at most this much; the device's memory is the true limit.
    s.put("tornado.device.memory", "1024GB");
    return s;
  }

  /** Why there are none and what to do, or empty. */
  static Optional<String> unavailable() {
    if (System.getProperty(BAILOUT, "False").equalsIgnoreCase("true")) {
      return Optional.of(
          "-D%s=True lets TornadoVM run failed tasks as Java code; start without it"
              .formatted(BAILOUT));
    }
    try {
      return all().isEmpty()
          ? Optional.of(
              "TornadoVM finds no device; install an OpenCL driver (for tests on a processor: PoCL)"
                  + " and look at jdit doctor")
          : Optional.empty();
    } catch (JditException e) {
      return Optional.of(e.getMessage());
    }
  }

  /**
   * All devices.
   *
   * @throws JditException if TornadoVM does not start
   */
  static List<Device> all() {
    SETTINGS.forEach(
        (key, value) -> {
          if (System.getProperty(key) == null) {
            System.setProperty(key, value);
          }
        });
    try {
      TornadoRuntime runtime = TornadoRuntimeProvider.getTornadoRuntime();
      List<Device> devices = new ArrayList<>();
      for (int i = 0; i < runtime.getNumBackends(); i++) {
        for (int j = 0; j < runtime.getBackend(i).getNumDevices(); j++) {
          devices.add(device(i + ":" + j, runtime.getBackend(i).getDevice(j)));
        }
      }
      return devices;
    } catch (RuntimeException | LinkageError e) {
      throw new JditException(
          "TornadoVM does not start (%s); start Java with @$TORNADOVM_HOME/tornado-argfile of a"
                  .formatted(e)
              + " TornadoVM for JDK 25, as ./jdit does where TORNADOVM_HOME is set",
          e);
    }
  }

  private static Device device(String id, TornadoDevice d) {
    return new Device(
        id,
        "%s (%s, %s)"
            .formatted(
                d.getPhysicalDevice().getDeviceName(), d.getTornadoVMBackend(), d.getDeviceType()),
        d.getMaxGlobalMemory(),
        d.getMaxAllocMemory(),
        d);
  }

  /**
   * The device of that number; the first for an empty one.
   *
   * @throws JditException if there is none
   */
  static Device named(String id) {
    List<Device> all = all();
    return all.stream()
        .filter(d -> id.isEmpty() || d.id().equals(id))
        .findFirst()
        .orElseThrow(
            () ->
                new JditException(
                    "the tornado backend has no device %s; it has: %s"
                        .formatted(
                            id,
                            String.join(
                                ", ",
                                all.stream().map(d -> d.id() + " " + d.description()).toList()))));
  }
}

package org.jdit.tensor.tornado;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdit.tensor.JditException;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/** The devices that TornadoVM has drivers for. */
final class TornadoDevices {
  /** What TornadoVM must be told before it starts, and what we tell it if the user does not. */
  private static final Map<String, String> SETTINGS = settings();

  private static final String BAILOUT = "tornado.recover.bailout";

  /** What TornadoVM's options for Java bring; it is there even where no driver is. */
  private static final String MODULE = "tornado.runtime";

  private static final String NO_DEVICE =
      "TornadoVM finds no device; install the driver of one (for tests on a processor: PoCL), and"
          + " see that 'clinfo' or 'nvidia-smi' lists it";

  private TornadoDevices() {}

  /**
   * A device.
   *
   * @param id driver and device number, as in {@code 0:0}
   * @param description name, backend and kind
   * @param memoryBytes the memory that arrays may have
   * @param largestBuffer bytes that one array may have
   * @param handle TornadoVM's
   */
  record Device(
      String id, String description, long memoryBytes, long largestBuffer, TornadoDevice handle) {
    /**
     * Refuses what the device has no room for.
     *
     * @param bytes of all arrays together
     * @param largest bytes of the largest array
     * @throws JditException if that is too much
     */
    void check(long bytes, long largest) {
      if (bytes > memoryBytes || largest > largestBuffer) {
        throw new JditException(
            ("device %s has %d MiB (at most %d MiB for one array), and this needs %d MiB (%d MiB);"
                    + " use a smaller batch, a smaller model or another device")
                .formatted(id, memoryBytes >> 20, largestBuffer >> 20, bytes >> 20, largest >> 20));
      }
    }
  }

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
      return all().isEmpty() ? Optional.of(NO_DEVICE) : Optional.empty();
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
      if (ModuleLayer.boot().findModule(MODULE).isPresent()) {
        throw new JditException(NO_DEVICE, e);
      }
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
        // A processor's memory holds each array twice: as the device's, and as its host twin.
        d.getDeviceType() == TornadoDeviceType.CPU
            ? d.getMaxGlobalMemory() / 2
            : d.getMaxGlobalMemory(),
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

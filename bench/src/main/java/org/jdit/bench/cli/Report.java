package org.jdit.bench.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import tools.jackson.databind.json.JsonMapper;

/** What {@code --json} prints: one object with the machine and what was measured on it. */
final class Report {
  private Report() {}

  static void print(CommandSpec command, Map<String, Object> machine, String what, Object figures) {
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("machine", machine);
    report.put(what, figures);
    command.commandLine().getOut().println(JsonMapper.shared().writeValueAsString(report));
  }
}

package org.jdit.dit.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code jdit dataset}: what makes and looks into data sets. */
@Command(
    name = "dataset",
    description = "Makes data sets to train on.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = DatasetDemoCommand.class)
final class DatasetCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }
}

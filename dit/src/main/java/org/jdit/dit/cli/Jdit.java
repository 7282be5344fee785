package org.jdit.dit.cli;

import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The root command: what {@code jdit --help} shows. */
@Command(
    name = "jdit",
    description = "Runs and studies Diffusion Transformers (DiT) on the JVM, without PyTorch.",
    mixinStandardHelpOptions = true,
    scope = ScopeType.INHERIT,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Examples:",
      "  jdit sample --ckpt DiT-XL-2-256x256.pt --vae sd-vae-ft-mse --class-labels 207,360",
      "  jdit sample --ckpt official --class-labels \"golden retriever\" --sampler dpm++2m "
          + "--num-sampling-steps 25",
      "  jdit inspect DiT-XL-2-256x256.pt",
      "  jdit convert DiT-XL-2-256x256.pt dit-diffusers --layout diffusers",
      "",
      "Exit codes: 0 done, 1 failed, 2 wrong usage."
    },
    subcommands = {
      SampleCommand.class,
      TrainCommand.class,
      ExtractFeaturesCommand.class,
      ConvertCommand.class,
      InspectCommand.class,
      CompareCommand.class,
      DatasetCommand.class,
      DoctorCommand.class,
      GenerateCompletion.class
    })
final class Jdit implements Runnable {
  @Option(
      names = "--verbose",
      scope = ScopeType.INHERIT,
      description = "Say more on the way, and show the stack trace of a failure.")
  private boolean verbose;

  @Spec private CommandSpec spec;

  boolean verbose() {
    return verbose;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  /** Whether {@code --verbose} was given to {@code command} or above it. */
  static boolean verbose(CommandSpec command) {
    CommandLine root = command.root().commandLine();
    return ((Jdit) root.getCommand()).verbose;
  }
}

package org.jdit.dit.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ServiceLoader;
import org.jdit.tensor.JditException;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ParameterException;

/** The {@code jdit} command. Exit codes: 0 done, 1 failed, 2 wrong usage. */
public final class Main {
  private Main() {}

  /** Runs one command and ends the process with its exit code. */
  public static void main(String[] args) {
    System.setProperty("java.awt.headless", "true");
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    System.exit(run(out, err, args));
  }

  /** Runs one command. */
  public static int run(PrintWriter out, PrintWriter err, String... args) {
    CommandLine line = commandLine().setOut(out).setErr(err);
    int code;
    try {
      code = line.execute(args);
    } catch (OutOfMemoryError e) {
      err.println("jdit: " + outOfMemory(e));
      code = 1;
    }
    out.flush();
    err.flush();
    return code;
  }

  /** What any command says that finds no memory on its way. */
  static String outOfMemory(OutOfMemoryError e) {
    return "out of memory (%s): ask for less at once, or give the JVM more with JDIT_JAVA_OPTS=-Xmx8g"
        .formatted(e.getMessage());
  }

  /** The command line with all its subcommands, those of other modules included. */
  static CommandLine commandLine() {
    Jdit root = new Jdit();
    CommandLine line = new CommandLine(root);
    ServiceLoader.load(CommandProvider.class).forEach(p -> line.addSubcommand(p.command()));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setUsageHelpAutoWidth(true);
    line.setParameterExceptionHandler(Main::misused);
    line.setExecutionExceptionHandler(
        (failure, command, _) -> failed(failure, command, root.verbose()));
    return line;
  }

  private static int misused(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    PrintWriter err = command.getErr();
    err.println("jdit: " + oneLine(e.getMessage()));
    err.println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
    return command.getCommandSpec().exitCodeOnInvalidInput();
  }

  private static int failed(Exception e, CommandLine command, boolean verbose) {
    PrintWriter err = command.getErr();
    String what =
        e instanceof JditException
            ? e.getMessage()
            : "internal error, please report it with the output of --verbose: " + e;
    err.println(Ansi.AUTO.string("@|bold jdit:|@ ") + oneLine(what));
    if (verbose) {
      e.printStackTrace(err);
    }
    return command.getCommandSpec().exitCodeOnExecutionException();
  }

  private static String oneLine(String message) {
    return message == null ? "" : message.strip();
  }
}

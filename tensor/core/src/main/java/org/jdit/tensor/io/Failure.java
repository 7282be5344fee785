package org.jdit.tensor.io;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Sentences about what went wrong with a file. */
final class Failure {
  private static final int LONGEST = 160;

  private Failure() {}

  /** "cannot write model.safetensors: No space left on device". */
  static String sentence(String verb, String file, IOException e) {
    String why =
        switch (e) {
          case AccessDeniedException _ -> "permission denied";
          case NoSuchFileException missing -> missing.getFile() + " does not exist";
          case FileSystemException f when f.getReason() != null -> f.getReason();
          default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        };
    return verb + " " + file + ": " + why;
  }

  /** A name out of a file, in quotes. */
  static String quoted(String name) {
    return "'" + line(name) + "'";
  }

  /** Text that may come from a file, on one line and not endless. */
  static String line(String text) {
    String line = text.replaceAll("\\p{Cntrl}", "?");
    return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "…";
  }
}

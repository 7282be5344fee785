package org.jdit.tensor.io;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Sentences about what went wrong with a file. */
final class Failure {
  private static final int LONGEST_NAME = 120;

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

  /** A name out of a file, fit for a message: in quotes, on one line, not endless. */
  static String quoted(String name) {
    String line = name.replaceAll("\\p{Cntrl}", "?");
    return line.length() <= LONGEST_NAME
        ? "'" + line + "'"
        : "'" + line.substring(0, LONGEST_NAME) + "…'";
  }
}

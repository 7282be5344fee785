package org.jdit.tensor.spi;

/**
 * One line of a diagnosis.
 *
 * @param what what was looked at
 * @param value what was found
 * @param good whether that is as it should be
 * @param advice what to do if it is not; empty otherwise
 */
public record Finding(String what, String value, boolean good, String advice) {
  /** A finding that is as it should be. */
  public static Finding good(String what, String value) {
    return new Finding(what, value, true, "");
  }

  /** A finding that needs the user's attention. */
  public static Finding bad(String what, String value, String advice) {
    return new Finding(what, value, false, advice);
  }
}

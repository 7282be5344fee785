package org.jdit.tensor;

/**
 * A failure a user can act on: the message is one sentence that says what is wrong, where, and what
 * to do. Programming errors are {@link IllegalArgumentException} or {@link IllegalStateException}.
 */
public class JditException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** A failure described by {@code message}. */
  public JditException(String message) {
    super(message);
  }

  /** A failure described by {@code message}, brought about by {@code cause}. */
  public JditException(String message, Throwable cause) {
    super(message, cause);
  }
}

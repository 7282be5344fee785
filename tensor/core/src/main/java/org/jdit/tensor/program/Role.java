package org.jdit.tensor.program;

/** How an input of a Program gets its value. */
public enum Role {
  /** Loaded once; never changes. */
  PARAM,
  /** Resident on the backend and updated by runs. */
  STATE,
  /** Given at every run. */
  INPUT
}

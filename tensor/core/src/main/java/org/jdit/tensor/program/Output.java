package org.jdit.tensor.program;

/**
 * A result of a Program.
 *
 * @param name unique in the Program
 * @param id the value's number
 */
public record Output(String name, int id) {}

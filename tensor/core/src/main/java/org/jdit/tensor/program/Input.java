package org.jdit.tensor.program;

/**
 * An input of a Program.
 *
 * @param name unique in the Program; a torch key for weights
 * @param role how it gets its value
 * @param id the value's number
 */
public record Input(String name, Role role, int id) {}

package org.jdit.tensor.spi;

/**
 * A device that a backend can compute on.
 *
 * @param id what {@link BackendOptions#device} calls it
 * @param description one line for people: what it is and by which driver
 * @param memoryBytes bytes of memory that it has
 */
public record DeviceInfo(String id, String description, long memoryBytes) {}

package uk.ac.manchester.tornado.api;

/** Stands for a class of TornadoVM, which is not on this class path. */
public final class TaskGraph {}

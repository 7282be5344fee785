/**
 * What a training run writes beside the console: a log of lines, a table of numbers, a plot of the
 * loss and a TensorBoard event file.
 */
package org.jdit.dit.train.log;

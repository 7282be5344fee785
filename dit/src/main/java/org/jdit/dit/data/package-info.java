/** Pictures to train on: the data set that JDiT draws itself. */
package org.jdit.dit.data;

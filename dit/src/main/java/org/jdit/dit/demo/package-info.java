/** The model in the box, and the drawings that it was trained on. */
package org.jdit.dit.demo;

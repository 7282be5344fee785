/** Training: the step as a Program, the loop around it, and what it leaves on disk. */
package org.jdit.dit.train;

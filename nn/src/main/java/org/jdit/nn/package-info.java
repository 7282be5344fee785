/** Layers of neural networks, their weights by torch's names, and how those are loaded. */
package org.jdit.nn;

/** A BLAS that the user has, next to JDiT. */
package org.jdit.bench.blas;

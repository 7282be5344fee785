/** Random numbers that reproduce torch's CPU generator bit for bit. */
package org.jdit.tensor.random;

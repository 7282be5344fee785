/** What is trained on: folders of images, and latents made of them. */
package org.jdit.dit.data;

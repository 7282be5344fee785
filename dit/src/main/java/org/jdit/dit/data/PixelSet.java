package org.jdit.dit.data;

import java.util.random.RandomGenerator;
import org.jdit.dit.image.CenterCrop;
import org.jdit.dit.image.RgbImage;
import org.jdit.tensor.Shape;

/**
 * Pictures of a folder as the official training sees them: cropped, mirrored at random, from −1 to
 * 1.
 *
 * @param folder the pictures
 * @param side width and height to crop to, in pixels
 * @param flips whether they are mirrored at random
 */
public record PixelSet(ImageFolder folder, int side, boolean flips) implements TrainingSet {
  @Override
  public int size() {
    return folder.examples().size();
  }

  @Override
  public int numClasses() {
    return folder.classes().size();
  }

  @Override
  public Shape shape() {
    return Shape.of(3, side, side);
  }

  @Override
  public int label(int index) {
    return folder.examples().get(index).label();
  }

  @Override
  public void read(int index, RandomGenerator random, float[] into, int offset) {
    RgbImage picture = picture(index);
    (flips && random.nextBoolean() ? picture.flipped() : picture).normalised(into, offset);
  }

  /**
   * Reads a picture and crops it.
   *
   * @throws org.jdit.tensor.JditException if it cannot be read
   */
  public RgbImage picture(int index) {
    RgbImage image = RgbImage.read(folder.examples().get(index).file());
    return image.width() == side && image.height() == side ? image : CenterCrop.of(image, side);
  }

  @Override
  public String fingerprint() {
    return folder.fingerprint();
  }
}

package org.jdit.diffusion;

/**
 * The choices that make a diffusion process, with the names and defaults of the official DiT code.
 *
 * @param respacing which timesteps to visit ({@link org.jdit.diffusion.schedule.Respacing})
 * @param noiseSchedule name of the betas ({@link org.jdit.diffusion.schedule.Betas#named})
 * @param useKl train on the variational bound
 * @param sigmaSmall use the smaller variance where it is not learned
 * @param predictXStart the network predicts the image instead of the noise
 * @param learnSigma the network predicts a variance too
 * @param rescaleLearnedSigmas weight the bound on the variance by steps / 1000
 * @param steps timesteps of the trained chain
 */
public record DiffusionOptions(
    String respacing,
    String noiseSchedule,
    boolean useKl,
    boolean sigmaSmall,
    boolean predictXStart,
    boolean learnSigma,
    boolean rescaleLearnedSigmas,
    int steps) {
  /** What DiT is trained with: 1000 linear steps, noise prediction, learned variance. */
  public static final DiffusionOptions DEFAULT =
      new DiffusionOptions("", "linear", false, false, false, true, false, 1000);

  /** These options with other timesteps to visit. */
  public DiffusionOptions withRespacing(String other) {
    return new DiffusionOptions(
        other,
        noiseSchedule,
        useKl,
        sigmaSmall,
        predictXStart,
        learnSigma,
        rescaleLearnedSigmas,
        steps);
  }

  /** These options for a network that predicts the image, or the noise. */
  public DiffusionOptions withPredictXStart(boolean image) {
    return new DiffusionOptions(
        respacing,
        noiseSchedule,
        useKl,
        sigmaSmall,
        image,
        learnSigma,
        rescaleLearnedSigmas,
        steps);
  }

  /** These options with or without a learned variance. */
  public DiffusionOptions withLearnSigma(boolean learned) {
    return new DiffusionOptions(
        respacing,
        noiseSchedule,
        useKl,
        sigmaSmall,
        predictXStart,
        learned,
        rescaleLearnedSigmas,
        steps);
  }
}

namespace InferenceShield;

/// <summary>What confidences were worth, by the labels that were fed back. All 0 if there were none.</summary>
/// <remarks>The confidence is that of the leading class, the only one there is a label for.</remarks>
/// <param name="Count">Labels fed back.</param>
/// <param name="Accuracy">Share of answers that were right.</param>
/// <param name="CalibrationError">Expected calibration error: share by share of 15 bins of equal width, the distance between
/// mean confidence and accuracy.</param>
/// <param name="Brier">Mean square of confidence less 1 (right) or 0 (wrong).</param>
/// <param name="Separation">Area under the ROC curve: how often a right answer has more confidence than a wrong one, ties half.
/// From a histogram of 64 bins of log-odds; .5 while all answers are right, or all wrong.</param>
/// <param name="SeparationError">The true area is at most this far from it: half the share of pairs whose two confidences fell
/// into one bin.</param>
public readonly record struct CalibrationSnapshot(
    long Count, double Accuracy, double CalibrationError, double Brier, double Separation, double SeparationError);

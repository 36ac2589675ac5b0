namespace InferenceShield.Lab;

/// <summary>One test of a suspect model.</summary>
/// <param name="Name">The test: near-tie, cosine, permutation, trigger, trap, direction, green-list, tournament or fingerprint.</param>
/// <param name="Answers">Answers of the suspect that counted.</param>
/// <param name="Needed">Answers that the test needs to give .0001, what a verdict of copying takes, with a power of 90 %; <see cref="int.MaxValue"/> where no number of answers to such queries does.</param>
/// <param name="Statistic">What was measured: matches, a z value, an area.</param>
/// <param name="Expected">The same of an independent model.</param>
/// <param name="Effect">Statistic less expected, in the unit that <paramref name="EffectUnit"/> names.</param>
/// <param name="EffectLow">Lower end of the 95 % interval.</param>
/// <param name="EffectHigh">Upper end.</param>
/// <param name="EffectUnit">Such as "share of matches".</param>
/// <param name="PValue">One-sided; NaN if there are too few answers.</param>
/// <param name="Method">How it was found.</param>
/// <param name="RandomKeys">Random keys behind it or beside it; 0 for none.</param>
/// <param name="RandomKeyShare">Share of the random keys whose p-value is below .01: what the calibration shows.</param>
/// <param name="ControlPValues">Those of the control models, in the order given.</param>
/// <param name="Note">What has to be said of it, in plain words; empty for nothing.</param>
public sealed record OwnershipTestResult(
    string Name, int Answers, int Needed, double Statistic, double Expected, double Effect, double EffectLow, double EffectHigh, string EffectUnit,
    double PValue, PValueMethod Method, int RandomKeys, double RandomKeyShare, IReadOnlyList<double> ControlPValues, string Note);

namespace InferenceShield;

/// <summary>How many answers crossed a threshold on the way from clean to released.</summary>
/// <param name="Threshold">The leading class's probability was compared with it, both as floats.</param>
/// <param name="Count">Answers of which one of clean and released reached it and the other did not.</param>
public readonly record struct ThresholdCrossings(double Threshold, long Count);

namespace InferenceShield.Lab;

/// <summary>A hidden unit: the hyperplane on which it starts to act, and what the log-ratios' gradient gains there.</summary>
/// <param name="Normal">The hyperplane's unit normal.</param>
/// <param name="Offset">Added to the normal's product with an input; zero on the hyperplane.</param>
/// <param name="Jump">What each class's derivative along the normal gains.</param>
internal sealed record HiddenUnit(double[] Normal, double Offset, double[] Jump);

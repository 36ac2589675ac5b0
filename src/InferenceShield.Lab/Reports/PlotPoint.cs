namespace InferenceShield.Lab;

/// <summary>A point of a plot, with half of its interval up and down.</summary>
internal readonly record struct PlotPoint(double X, double Y, double HalfWidth);

namespace InferenceShield.Lab;

/// <summary>A line or a cloud of a plot. Its colour and marker follow from its place among the policies, in every plot the same.</summary>
internal sealed record PlotSeries(string Name, int Style, IReadOnlyList<PlotPoint> Points);

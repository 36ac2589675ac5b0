namespace InferenceShield;

/// <summary>The decimal grid of learned releases: five decimals, the finest on which no rank leaks.</summary>
/// <remarks>Whole numbers of steps, so that sums, order and files are exact. A learned release has few distinct answers;
/// a coarser grid would hide nothing more and cost edges near 1.</remarks>
internal static class ReleaseGrid
{
    /// <summary>Grid steps between 0 and 1.</summary>
    public const int Units = 100_000;

    /// <summary>How far a given number may be from the grid: a float's rounding, and no more.</summary>
    private const double Tolerance = 1e-7;

    public static float ToFloat(int steps) => (float)ToDouble(steps);

    public static double ToDouble(int steps) => (double)steps / Units;

    public static int Round(double value) => (int)Math.Round(value * Units);

    public static bool IsOnGrid(double value) => Math.Abs(value - ToDouble(Round(value))) <= Tolerance;
}

namespace InferenceShield;

/// <summary>Weight, mean and sum of squares about the mean, as of a unit of a <see cref="DecayWindow"/>.</summary>
/// <param name="Count">Values ever, not decayed.</param>
/// <param name="Unit">As of when.</param>
/// <param name="Weight">The decayed number of values.</param>
/// <param name="Mean">Their mean.</param>
/// <param name="Squares">The decayed sum of squared distances from the mean.</param>
internal readonly record struct Moments(long Count, long Unit, double Weight, double Mean, double Squares)
{
    /// <summary>Both together, as of the later one's unit.</summary>
    /// <remarks>Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979):
    /// stable where mean is large against deviation, as a sum of squares would not be.</remarks>
    public Moments Merge(Moments other)
    {
        long unit = Math.Max(Unit, other.Unit);
        double mine = Decay(Weight, unit - Unit);
        double theirs = Decay(other.Weight, unit - other.Unit);
        double weight = mine + theirs;
        double difference = other.Mean - Mean;

        // The mean as a weighted average, not as a step from the old one: a huge value leaves no rounding error behind
        // once it has decayed.
        return weight > 0
            ? new Moments(
                Count + other.Count,
                unit,
                weight,
                (Mean * mine + other.Mean * theirs) / weight,
                Decay(Squares, unit - Unit) + Decay(other.Squares, unit - other.Unit) + difference * difference * (mine * (theirs / weight)))
            : new Moments(Count + other.Count, unit, 0, 0, 0);
    }

    private static double Decay(double value, long age) => value * DecayWindow.Decay(age);
}

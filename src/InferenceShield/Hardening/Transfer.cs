namespace InferenceShield;

/// <summary>The best answer with a given probability of the leading class, in terms of a <see cref="ClassLadder"/>, and how
/// its cost changes with that probability.</summary>
internal struct Transfer
{
    /// <summary>Not known: it takes classes that the ladder leaves out.</summary>
    public static Transfer OutOfSight => new() { Cost = double.PositiveInfinity, Slope = double.PositiveInfinity };

    /// <summary>The probability of the leading class.</summary>
    public double Top;

    /// <summary>The most that another class may have.</summary>
    public double Level;

    /// <summary>How many of the likeliest others were above the level and had to come down to it.</summary>
    public int Lowered;

    /// <summary>How many of the likeliest others were taken down to 0.</summary>
    public int Emptied;

    /// <summary>What the next one lost, on top of coming down to the level.</summary>
    public double Taken;

    /// <summary>How many of the least likely were filled up to the level.</summary>
    public int Filled;

    /// <summary>What the next one got.</summary>
    public double Given;

    /// <summary>The objective, less that of the clean row.</summary>
    public double Cost;

    /// <summary>The change of the cost with <see cref="Top"/>: a subgradient where the cost has a bend.</summary>
    public double Slope;

    public readonly bool IsKnown => !double.IsInfinity(Cost);
}

using System.Globalization;

namespace InferenceShield;

/// <summary>One row on its way through a single hardening step: taken and checked, then released.</summary>
internal readonly ref struct StepRow
{
    private static readonly OutputPlan s_probabilities = new("probabilities", OutputKind.Probabilities, new HardeningOptions());
    private static readonly OutputPlan s_decoy = new("decoy", OutputKind.Probabilities, new HardeningOptions());

    private readonly Span<float> _released;

    private StepRow(Span<float> released, Span<double> distribution, int top)
    {
        _released = released;
        Distribution = distribution;
        Top = top;
    }

    /// <summary>The row with a sum of 1, in this thread's scratch.</summary>
    public Span<double> Distribution { get; }

    /// <summary>The first of its largest.</summary>
    public int Top { get; }

    public int Classes => Distribution.Length;

    /// <summary>Checks spans and row, in that order.</summary>
    /// <exception cref="ArgumentException">The spans do not fit; nothing is written.</exception>
    /// <exception cref="InvalidModelOutputException">The row is faulty; <paramref name="released"/> is zeroed.</exception>
    public static StepRow Take(ReadOnlySpan<float> probabilities, Span<float> released)
    {
        RequireSpans(probabilities, released);
        Span<double> distribution = HardeningScratch.ForThisThread.Distribution(probabilities.Length);
        int top = Normalize(s_probabilities, probabilities, distribution, released);
        return new StepRow(released, distribution, top);
    }

    /// <summary>Normalises a second distribution that the step needs.</summary>
    public void TakeDecoy(ReadOnlySpan<float> decoy, Span<double> distribution) => Normalize(s_decoy, decoy, distribution, _released);

    /// <summary>Releases the distribution as floats: still none above the leader, and those before it below.</summary>
    public void Release()
    {
        float leader = (float)Distribution[Top];
        float before = MathF.BitDecrement(leader);
        for (int i = 0; i < _released.Length; i++)
        {
            _released[i] = Math.Min((float)Distribution[i], i < Top ? before : leader);
        }
    }

    /// <summary>Releases what is now whole grid steps.</summary>
    /// <param name="units">Grid steps between 0 and 1.</param>
    public void ReleaseSteps(int units)
    {
        double step = 1.0 / units; // times this is the same float as divided by the units: see OutputPlan.GridStep
        for (int i = 0; i < _released.Length; i++)
        {
            _released[i] = (float)(Distribution[i] * step);
        }
    }

    public void ReleaseLabel()
    {
        _released.Clear();
        _released[Top] = 1;
    }

    /// <exception cref="ArgumentOutOfRangeException">Outside least to most, or NaN.</exception>
    /// <summary>Checks that a row can be released to a span. Nothing is written.</summary>
    /// <exception cref="ArgumentException">It cannot.</exception>
    public static void RequireSpans(ReadOnlySpan<float> row, Span<float> released)
    {
        if (row.IsEmpty)
        {
            throw new ArgumentException("The row has no classes; it needs at least one.", nameof(row));
        }

        if (released.Length != row.Length)
        {
            throw new ArgumentException(
                $"A row of {row.Length} classes needs as many places to be released to, not {released.Length}.", nameof(released));
        }

        if (row != released && row.Overlaps(released))
        {
            throw new ArgumentException("The spans overlap but are not the same span. Use one span for both, or two apart.", nameof(released));
        }
    }

    public static void RequireRange(double value, double least, double most, string name)
    {
        if (!(value >= least && value <= most))
        {
            throw new ArgumentOutOfRangeException(
                name, value, string.Create(CultureInfo.InvariantCulture, $"'{name}' has to be from {least} to {most:0.###}."));
        }
    }

    private static int Normalize(OutputPlan plan, ReadOnlySpan<float> row, Span<double> distribution, Span<float> released)
    {
        if (DistributionHardening.TryNormalize(plan, row, distribution, out int top, out _, out OutputFault fault))
        {
            return top;
        }

        released.Clear();
        throw new InvalidModelOutputException(fault.Describe(plan.Name, 0), plan.Name, 0, fault.Index);
    }
}

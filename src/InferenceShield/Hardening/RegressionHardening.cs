using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Hardens one row of real values by keyed, dithered quantisation: no released value is further than half a step from
/// the clean one.</summary>
/// <remarks>
/// <para>Subtractive dither (Schuchman, "Dither Signals and Their Effect on Quantization Noise", 1964): with a step s and a dither
/// u in [0, 1), x is released as s (floor(x / s + u) - u + 1/2). The error is at most s / 2, and half a unit in the last place of
/// float32. From 2^30 steps on, where float32 itself is coarser, x is released as it is.</para>
/// <para>u is a function of the key, the place in the row and a cell: of the value (sixteen steps long, with a keyed phase), or
/// one of the input that the host found. So repeats get the same answer, for every caller and on every replica, and averaging
/// them gains nothing. Near-repeats in one cell share u; values that move across steps average as under any quantiser, and those
/// that move across cells get another u. To a thief who knows how each of 64 near-repeats moved the value, spread over plus and minus
/// a hundredth, a half and four steps, the mean leaves .98, .14 and .13 of one answer's error (1 / sqrt(64) = .125; a test).
/// The answer is not monotonic at the end of a cell: it may fall there, by a step at most.</para>
/// <para>What it does not hide: u itself (a released value tells it), and a value at an edge. A caller who moves an
/// input until the answer changes knows the clean value there as exactly as he can move it. The step bounds what one answer
/// tells, not what many do. Thread-safe, no scratch; one keyed hash a value.</para>
/// </remarks>
internal static class RegressionHardening
{
    /// <summary>The least and the greatest step.</summary>
    public const double LeastStep = 1e-30;

    /// <summary>See <see cref="LeastStep"/>.</summary>
    public const double GreatestStep = 1e30;

    /// <summary>How long a cell of the value is.</summary>
    private const double CellSteps = 16;

    /// <summary>From here on steps are finer than float32.</summary>
    private const double MostSteps = 1 << 30;

    private const ulong PhaseWord = ulong.MaxValue;

    /// <summary>Quantises with a dither of the cell of each value.</summary>
    /// <param name="step">Twice the greatest error; <see cref="LeastStep"/> to <see cref="GreatestStep"/>.</param>
    /// <param name="key">Keys the dither.</param>
    /// <param name="clean">The model's values.</param>
    /// <param name="released">As long; may be the same span. Not written if the row is faulty.</param>
    /// <param name="fault">What is wrong with the row.</param>
    /// <returns>False if the row cannot be released.</returns>
    public static bool TryHarden(double step, SipHashKey key, ReadOnlySpan<float> clean, Span<float> released, out OutputFault fault)
    {
        if (!AreFinite(step, clean, out fault))
        {
            return false;
        }

        double phase = ToUnit(SipHash.Hash(key, PhaseWord, 0, 0).Low);
        for (int i = 0; i < clean.Length; i++)
        {
            double steps = clean[i] / step;
            long cell = Math.Abs(steps) < MostSteps ? (long)Math.Floor((steps / CellSteps) + phase) : 0;
            released[i] = Quantise(clean[i], step, ToUnit(SipHash.Hash(key, (ulong)i, (ulong)cell, 0).Low));
        }

        return true;
    }

    /// <summary>Quantises with a dither of the input's cell.</summary>
    /// <param name="step">Twice the greatest error; <see cref="LeastStep"/> to <see cref="GreatestStep"/>.</param>
    /// <param name="key">Keys the dither.</param>
    /// <param name="inputCell">The bits of the cell of the query, or of a hash of the exact input: then near-repeats average
    /// the error away.</param>
    /// <param name="clean">The model's values.</param>
    /// <param name="released">As long; may be the same span. Not written if the row is faulty.</param>
    /// <param name="fault">What is wrong with the row.</param>
    /// <returns>False if the row cannot be released.</returns>
    public static bool TryHarden(
        double step, SipHashKey key, ulong inputCell, ReadOnlySpan<float> clean, Span<float> released, out OutputFault fault)
    {
        if (!AreFinite(step, clean, out fault))
        {
            return false;
        }

        for (int i = 0; i < clean.Length; i++)
        {
            released[i] = Quantise(clean[i], step, ToUnit(SipHash.Hash(key, (ulong)i, inputCell, 1).Low));
        }

        return true;
    }

    /// <summary>The quantiser with one dither in [0, 1).</summary>
    internal static float Quantise(float value, double step, double dither)
    {
        double steps = value / step;
        if (!(Math.Abs(steps) < MostSteps))
        {
            return value;
        }

        double quantised = step * (Math.Floor(steps + dither) - dither + 0.5);
        return (float)Math.Clamp(quantised, float.MinValue, float.MaxValue) + 0f; // no -0
    }

    private static bool AreFinite(double step, ReadOnlySpan<float> clean, out OutputFault fault)
    {
        if (!(step is >= LeastStep and <= GreatestStep))
        {
            throw new ArgumentOutOfRangeException(nameof(step), step, $"A quantisation step is {LeastStep} to {GreatestStep}, in units of the output.");
        }

        for (int i = 0; i < clean.Length; i++)
        {
            if (!float.IsFinite(clean[i]))
            {
                fault = OutputFault.NotFinite(i, clean[i]);
                return false;
            }
        }

        fault = default;
        return true;
    }

    private static double ToUnit(ulong bits) => (bits >> 11) * (1.0 / (1UL << 53));
}

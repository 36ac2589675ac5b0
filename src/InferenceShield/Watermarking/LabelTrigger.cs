using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>The trigger mark: a keyed share of inputs get a false label.</summary>
/// <remarks>Szyller, Atli, Marchal and Asokan, "DAWN: Dynamic Adversarial Watermarking of Neural Networks" (ACM MM 2021), over inputs that are
/// rounded first, as the paper proposes: the last bit of a float decides nothing. The false label is one of the classes that are neither
/// the true one nor exempt, each as likely: never the second most likely, which independent models err to.</remarks>
internal static class LabelTrigger
{
    /// <summary>2^-53: makes 53 bits a number from 0 to 1.</summary>
    private const double Unit = 1.0 / (1L << 53);

    /// <summary>Finds out whether an input is a trigger, and what its label is then.</summary>
    /// <param name="key">Of the mark.</param>
    /// <param name="quantised">The digest of the rounded input.</param>
    /// <param name="rate">The share of inputs that are triggers.</param>
    /// <param name="classes">Classes of the output.</param>
    /// <param name="top">The true label.</param>
    /// <param name="exempt">Classes that are neither moved nor moved to; each once, below <paramref name="classes"/> or of no effect.</param>
    /// <param name="label">The false label.</param>
    /// <returns>False if it is none, if the true label is exempt, or if there is no other.</returns>
    public static bool TryFind(SipHashKey key, Hash128 quantised, double rate, int classes, int top, ReadOnlySpan<int> exempt, out int label)
    {
        label = -1;
        Hash128 bits = SipHash.Hash(key, quantised.Low, quantised.High, (ulong)classes);
        if (!((bits.Low >> 11) * Unit < rate) || exempt.Contains(top))
        {
            return false;
        }

        int choices = classes - 1;
        foreach (int one in exempt)
        {
            choices -= one < classes ? 1 : 0;
        }

        if (choices < 1)
        {
            return false;
        }

        // The chosen-th of those that are left; each is as likely within 2^-32.
        int chosen = (int)Math.BigMul(bits.High, (ulong)choices, out _);
        label = 0;
        while (true)
        {
            if (label != top && !exempt.Contains(label) && chosen-- == 0)
            {
                return true;
            }

            label++;
        }
    }
}

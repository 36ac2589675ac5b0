using InferenceShield.Lab;
using InferenceShield.Numerics;
using BinomialTail = InferenceShield.Lab.BinomialTail;

namespace InferenceShield.Statistics.Ownership;

/// <summary>Whether a suspect answers logged triggers with their false labels.</summary>
internal static class TriggerProbe
{
    /// <summary>As published: against a chance of one in the other classes.</summary>
    public static OwnershipFinding Published(SipHashKey key, Hash128[] inputs, int[] top, int[] labels, int classes, double rate)
    {
        (int triggers, int hits) = Count(key, inputs, top, labels, classes, rate);
        return Say(OwnershipTests.Logged, triggers, hits, 1.0 / (classes - 1));
    }

    /// <summary>Against how often this suspect differs from the target at all: what random keys find.</summary>
    public static OwnershipFinding Calibrated(SipHashKey key, Hash128[] inputs, int[] top, int[] labels, int classes, double rate)
    {
        (int triggers, int hits) = Count(key, inputs, top, labels, classes, rate);
        int others = 0;
        int differing = 0;
        for (int row = 0; row < top.Length; row++)
        {
            bool isTrigger = LabelTrigger.TryFind(key, inputs[row], rate, classes, top[row], [], out _);
            others += isTrigger ? 0 : 1;
            differing += !isTrigger && labels[row] != top[row] ? 1 : 0;
        }

        return Say(OwnershipTests.Calibrated, triggers, hits, (differing + 1.0) / (others + 1) / (classes - 1));
    }

    public static double[] RunRandomKeys(Hash128[] inputs, int[] top, int[] labels, int classes, double rate, int keys, ulong seed)
    {
        double[] values = new double[keys];
        for (int i = 0; i < keys; i++)
        {
            values[i] = Math.Pow(10, Calibrated(RandomKeys.Get(seed, i), inputs, top, labels, classes, rate).LogP);
        }

        return values;
    }

    private static (int Triggers, int Hits) Count(SipHashKey key, Hash128[] inputs, int[] top, int[] labels, int classes, double rate)
    {
        int triggers = 0;
        int hits = 0;
        for (int row = 0; row < top.Length; row++)
        {
            if (LabelTrigger.TryFind(key, inputs[row], rate, classes, top[row], [], out int label))
            {
                triggers++;
                hits += labels[row] == label ? 1 : 0;
            }
        }

        return (triggers, hits);
    }

    private static OwnershipFinding Say(string test, int triggers, int hits, double chance) =>
        new(test, triggers, (double)hits / Math.Max(1, triggers), chance, Math.Log10(BinomialTail.Upper(triggers, hits, chance)));
}

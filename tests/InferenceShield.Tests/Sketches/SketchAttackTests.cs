namespace InferenceShield.Tests;

/// <summary>Each attack against a sketch whose key the attacker knows, where it must succeed or the test is worth
/// nothing, and against one whose key he does not know.</summary>
public sealed class SketchAttackTests
{
    private const int Precision = 10;

    private static SketchKey Known => SketchInputs.Key;

    private static SketchKey Secret => SketchInputs.OtherKey;

    [Fact]
    public void A_few_items_cannot_feign_many()
    {
        ulong[] items = SketchAttacks.FeignMany(Known, Precision, 1_000_000);
        Assert.InRange(items.Length, 1000, 1024);

        // UltraLogLog is harder to deceive: it misses the levels that as many items as that would have left below.
        Assert.All(Estimates(Known, items), estimate => Assert.InRange(estimate, 100_000, 3_000_000));
        Assert.All(Estimates(Secret, items), estimate => Assert.Equal(1, estimate / items.Length, 4 * HyperLogLog.GetRelativeStandardError(Precision)));
    }

    [Fact]
    public void Many_items_cannot_hide()
    {
        ulong[] items = SketchAttacks.HideMany(Known, Precision, 200_000);
        Assert.All(Estimates(Known, items), estimate => Assert.InRange(estimate, 0, 3000));
        Assert.All(Estimates(Secret, items), estimate => Assert.Equal(1, estimate / items.Length, 4 * HyperLogLog.GetRelativeStandardError(Precision)));
    }

    [Fact]
    public void Nobody_can_be_framed()
    {
        const ulong Victim = 42;
        const int WidthBits = 11;
        ulong[] items = SketchAttacks.Frame(Known, Victim, 4, WidthBits, 3);
        foreach (CountMinUpdate update in Enum.GetValues<CountMinUpdate>())
        {
            Assert.InRange(Framed(Known, update), 500, 2000);
            Assert.Equal(1, Framed(Secret, update));
        }

        int Framed(SketchKey key, CountMinUpdate update)
        {
            CountMinSketch sketch = new(4, 1 << WidthBits, key, update);
            sketch.Add(Victim);
            for (int round = 0; round < 500; round++)
            {
                foreach (ulong item in items)
                {
                    sketch.Add(item);
                }
            }

            return sketch.Estimate(Victim);
        }
    }

    [Fact]
    public void Nobody_can_be_pushed_out()
    {
        const ulong Victim = 42;
        ulong[] items = SketchAttacks.PushOut(Known, Victim, 1024, 4000);
        Assert.False(IsThere(Known));
        Assert.True(IsThere(Secret));

        bool IsThere(SketchKey key)
        {
            SpaceSaving summary = new(1024, key);
            summary.Add(Victim, 50);
            foreach (ulong item in items)
            {
                summary.Add(item);
            }

            return summary.TryGet(Victim, out _);
        }
    }

    private static double[] Estimates(SketchKey key, ulong[] items)
    {
        HyperLogLog hyperLogLog = new(Precision, key);
        UltraLogLog ultraLogLog = new(Precision, key);
        foreach (ulong item in items)
        {
            hyperLogLog.Add(item);
            ultraLogLog.Add(item);
        }

        return [hyperLogLog.Estimate(), ultraLogLog.Estimate(), ultraLogLog.EstimateMaximumLikelihood()];
    }
}

namespace InferenceShield.Tests;

public sealed class UltraLogLogTests : DistinctCounterTests<UltraLogLog>
{
    protected override (string Hashes, string Items) ExpectedFingerprints =>
        ("9b0d5a20deb305d7d145a1e53264c9b4", "ed3ebfbc81b96d59bdd2fe09c00d068f");

    protected override byte ImpossibleAtPrecision5 => 15;

    [Fact]
    public void Registers_are_as_the_paper_defines_them()
    {
        ulong[] hashes = SketchInputs.Hashes(30, 3000);
        for (int precision = 4; precision <= 16; precision++)
        {
            SortedSet<int>[] levels = [.. Enumerable.Range(0, 1 << precision).Select(_ => new SortedSet<int>())];
            foreach (ulong hash in hashes)
            {
                string bits = hash.ToString("b64");
                int one = bits.IndexOf('1', precision);
                levels[Convert.ToInt32(bits[..precision], 2)].Add((one < 0 ? 64 : one) - precision + 1);
            }

            // The paper's register, 4 u + flags, shifted by 4 (p - 2).
            byte[] expected = [.. levels.Select(seen => seen.Count == 0
                ? (byte)0
                : (byte)(4 * seen.Max + (seen.Contains(seen.Max - 1) ? 2 : 0) + (seen.Contains(seen.Max - 2) ? 1 : 0) + 4 * (precision - 2)))];
            Assert.Equal(expected, Filled(precision, hashes).Registers.ToArray());
        }
    }

    [Theory]
    [InlineData(4, 0.1955590, 0.1902155)]
    [InlineData(12, 0.0122224, 0.0118885)]
    [InlineData(16, 0.0030556, 0.0029721)]
    public void The_standard_errors_are_the_theorys(int precision, double fgra, double likelihood)
    {
        UltraLogLog sketch = new(precision, SketchInputs.Key);
        Assert.Equal(fgra, UltraLogLog.GetRelativeStandardError(precision), 1e-7);
        Assert.Equal(fgra, sketch.RelativeStandardError, 1e-7);
        Assert.Equal(likelihood, sketch.MaximumLikelihoodStandardError, 1e-7);
    }

    [Fact]
    public void Maximum_likelihood_finds_the_maximum_of_the_likelihood()
    {
        foreach (int count in (int[])[1, 10, 100, 1000, 30_000])
        {
            UltraLogLog sketch = new(7, SketchInputs.Key);
            for (ulong item = 0; item < (ulong)count; item++)
            {
                sketch.Add(item);
            }

            double found = sketch.EstimateMaximumLikelihood() * (1 + 0.48147376527720065 / 128);
            double best = LogLikelihood(sketch, found);
            Assert.True(best >= LogLikelihood(sketch, found * 1.001), $"{count}: more is likelier");
            Assert.True(best >= LogLikelihood(sketch, found * 0.999), $"{count}: less is likelier");
        }
    }

    /// <summary>Counts far beyond what can be added one by one: registers drawn from the Poisson model.</summary>
    [Theory]
    [InlineData(1e6)]
    [InlineData(1e12)]
    [InlineData(1e18)]
    [InlineData(6e18)]
    [InlineData(1.2e19)]
    public void Huge_counts_are_estimated_without_bias(double count)
    {
        const int Precision = 8;
        const int Cycles = 400;
        Random random = new(7);
        double[] sums = new double[2];
        double[] squares = new double[2];
        for (int cycle = 0; cycle < Cycles; cycle++)
        {
            UltraLogLog sketch = Drawn(Precision, count, random);
            double[] errors = [sketch.Estimate() / count - 1, sketch.EstimateMaximumLikelihood() / count - 1];
            for (int i = 0; i < errors.Length; i++)
            {
                sums[i] += errors[i] / Cycles;
                squares[i] += errors[i] * errors[i] / Cycles;
            }
        }

        // At the very end 64 bits run out and the error of both grows or shrinks a little; hash4j's figures show the same.
        double theory = UltraLogLog.GetRelativeStandardError(Precision);
        Assert.All(sums, bias => Assert.Equal(0, bias, 4 * theory / Math.Sqrt(Cycles)));
        Assert.All(squares, square => Assert.InRange(Math.Sqrt(square), 0.8 * theory, 1.15 * theory));
    }

    protected override UltraLogLog Create(int precision, SketchKey key) => new(precision, key);

    protected override bool AddHash(UltraLogLog sketch, ulong hash) => sketch.AddHash(hash);

    protected override bool AddNumber(UltraLogLog sketch, ulong item) => sketch.Add(item);

    protected override bool AddBytes(UltraLogLog sketch, ReadOnlySpan<byte> item) => sketch.Add(item);

    protected override IReadOnlyList<double> Estimates(UltraLogLog sketch) => [sketch.Estimate(), sketch.EstimateMaximumLikelihood()];

    protected override double EstimateOnce(UltraLogLog sketch) => sketch.Estimate() + sketch.EstimateMaximumLikelihood();

    protected override void Merge(UltraLogLog sketch, UltraLogLog other) => sketch.Merge(other);

    protected override void MergeShared(UltraLogLog sketch, UltraLogLog other) => sketch.MergeShared(other);

    protected override UltraLogLog Downsize(UltraLogLog sketch, int precision) => sketch.Downsize(precision);

    protected override int CopyState(UltraLogLog sketch, Span<byte> destination) => sketch.CopyStateTo(destination);

    protected override UltraLogLog Restore(ReadOnlySpan<byte> state, SketchKey key) => UltraLogLog.FromState(state, key);

    protected override double StandardError(int precision) => UltraLogLog.GetRelativeStandardError(precision);

    private static UltraLogLog Drawn(int precision, double count, Random random)
    {
        UltraLogLog sketch = new(precision, SketchInputs.Key);
        double perRegister = count / (1 << precision);
        for (ulong index = 0; index < 1UL << precision; index++)
        {
            for (int level = 1; level <= 65 - precision; level++)
            {
                double rate = Math.ScaleB(perRegister, -Math.Min(level, 64 - precision));
                if (random.NextDouble() < 1 - Math.Exp(-rate))
                {
                    ulong tail = level > 64 - precision ? 0 : 1UL << (64 - precision - level);
                    sketch.AddHash((index << (64 - precision)) | tail);
                }
            }
        }

        return sketch;
    }

    /// <summary>Straight from the model: each register's probability, nothing gathered or rescaled.</summary>
    private static double LogLikelihood(UltraLogLog sketch, double count)
    {
        int precision = sketch.Precision;
        int last = 65 - precision;
        double perRegister = count / sketch.Registers.Length;
        double Rate(int level) => Math.ScaleB(perRegister, -Math.Min(level, last - 1));
        double sum = 0;
        foreach (byte register in sketch.Registers)
        {
            int top = register == 0 ? 0 : (register >> 2) - precision + 2;
            for (int level = Math.Max(1, top - 2); level <= last; level++)
            {
                bool hit = level == top || (level == top - 1 && (register & 2) != 0) || (level == top - 2 && (register & 1) != 0);
                double rate = Rate(level);
                double hitLikelihood = rate < 1e-6 ? Math.Log(rate) - rate / 2 : Math.Log(1 - Math.Exp(-rate));
                sum += hit ? hitLikelihood : -rate;
            }
        }

        return sum;
    }
}

using System.Numerics;

namespace InferenceShield.Tests;

public sealed class HyperLogLogTests : DistinctCounterTests<HyperLogLog>
{
    protected override (string Hashes, string Items) ExpectedFingerprints =>
        ("1c547bb18e7b55e5ac4ccc33880bb050", "7dafcf5e116686c749773e32b4b57112");

    protected override byte ImpossibleAtPrecision5 => 61;

    [Fact]
    public void Registers_are_as_the_paper_defines_them()
    {
        ulong[] hashes = SketchInputs.Hashes(20, 3000);
        for (int precision = 4; precision <= 16; precision++)
        {
            byte[] expected = new byte[1 << precision];
            foreach (ulong hash in hashes)
            {
                string bits = hash.ToString("b64");
                int index = Convert.ToInt32(bits[..precision], 2);
                int one = bits.IndexOf('1', precision);
                expected[index] = Math.Max(expected[index], (byte)((one < 0 ? 64 : one) - precision + 1));
            }

            Assert.Equal(expected, Filled(precision, hashes).Registers.ToArray());
        }
    }

    [Theory]
    [InlineData(4, 0.25974)]
    [InlineData(12, 0.0162338)]
    [InlineData(16, 0.0040584)]
    public void The_standard_error_is_the_theorys(int precision, double expected)
    {
        Assert.Equal(expected, HyperLogLog.GetRelativeStandardError(precision), 5e-6);
        Assert.Equal(expected, new HyperLogLog(precision, SketchInputs.Key).RelativeStandardError, 5e-6);
    }

    [Fact]
    public void Clear_forgets_everything()
    {
        HyperLogLog sketch = Filled(6, SketchInputs.Hashes(21, 1000));
        sketch.Clear();
        Assert.Equal(0, sketch.Estimate());
        Assert.Equal(1 << sketch.Precision, sketch.Registers.Count((byte)0));
        Assert.Equal(BitOperations.Log2((uint)sketch.Registers.Length), sketch.Precision);
    }

    protected override HyperLogLog Create(int precision, SketchKey key) => new(precision, key);

    protected override bool AddHash(HyperLogLog sketch, ulong hash) => sketch.AddHash(hash);

    protected override bool AddNumber(HyperLogLog sketch, ulong item) => sketch.Add(item);

    protected override bool AddBytes(HyperLogLog sketch, ReadOnlySpan<byte> item) => sketch.Add(item);

    protected override IReadOnlyList<double> Estimates(HyperLogLog sketch) => [sketch.Estimate()];

    protected override double EstimateOnce(HyperLogLog sketch) => sketch.Estimate();

    protected override void Merge(HyperLogLog sketch, HyperLogLog other) => sketch.Merge(other);

    protected override void MergeShared(HyperLogLog sketch, HyperLogLog other) => sketch.MergeShared(other);

    protected override HyperLogLog Downsize(HyperLogLog sketch, int precision) => sketch.Downsize(precision);

    protected override int CopyState(HyperLogLog sketch, Span<byte> destination) => sketch.CopyStateTo(destination);

    protected override HyperLogLog Restore(ReadOnlySpan<byte> state, SketchKey key) => HyperLogLog.FromState(state, key);

    protected override double StandardError(int precision) => HyperLogLog.GetRelativeStandardError(precision);
}

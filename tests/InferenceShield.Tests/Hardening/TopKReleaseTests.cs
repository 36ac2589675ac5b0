using FsCheck;
using FsCheck.Fluent;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

public sealed class TopKReleaseTests
{
    [Fact]
    public void Rounding_the_kept_alone_is_keeping_and_rounding_the_whole_row()
    {
        Gen<(ScoreCase Scores, int Most, int Decimals)> cases =
            from scores in ScoreCase.Any
            from most in Gen.Choose(1, TopKRelease.MostRounded)
            from decimals in Gen.Choose(1, 5)
            select (scores, most, decimals);
        Properties.Hold(cases, test =>
        {
            float[] clean = test.Scores.Scores();
            int most = Math.Min(test.Most, clean.Length);
            int units = (int)Math.Round(Math.Pow(10, test.Decimals));
            double[] row = CleanAnswers.Normalize(clean, test.Scores.Kind, 0, out int top).ToArray();
            float[] released = [.. Enumerable.Repeat(7f, clean.Length)];
            TopKRelease.Round(row, top, new int[most], units, 1.0 / units, released);

            TopKRelease.Apply(row, top, TopKRemainder.Zero, new int[most], new double[clean.Length]);
            GridRounding.Apply(row, top, units, new double[clean.Length], new int[Math.Min(clean.Length, units)]);
            float[] expected = new float[clean.Length];
            GridSplit.Release(row, 1.0 / units, expected);
            Assertions.SameBits(expected, released);
        }, tests: 1500);
    }
}

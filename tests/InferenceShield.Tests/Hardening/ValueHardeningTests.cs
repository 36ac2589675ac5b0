using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

public sealed class ValueHardeningTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Equals_rounding_on_paper(int digits)
    {
        Gen<float> values = Gen.Frequency(
            (4, Gen.Choose(int.MinValue, int.MaxValue).Select(BitConverter.Int32BitsToSingle)),
            (2, Gen.Choose(0, 0x7FFFFF).Select(BitConverter.Int32BitsToSingle)), // denormal
            (2, Gen.Choose(-99_999, 99_999).Select(value => value / 1000f)),
            (2, Gen.Choose(-4096, 4096).Select(value => value / 256f)), // ties
            (1, Gen.Choose(-45, 38).Select(exponent => float.Parse($"1E{exponent}", CultureInfo.InvariantCulture))));
        Properties.Hold(values.Where(float.IsFinite), value => Assert.Equal(OnPaper(value, digits), ValueHardening.Round(value, digits)), tests: 5000);
    }

    [Fact]
    public void Equals_rounding_on_paper_next_to_every_power_of_ten()
    {
        for (int exponent = -44; exponent <= 38; exponent++)
        {
            float power = float.Parse($"1E{exponent}", CultureInfo.InvariantCulture);
            foreach (float value in new[] { power, -power, MathF.BitDecrement(power), MathF.BitIncrement(power) })
            {
                Assert.All([1, 3, 6], digits => Assert.Equal(OnPaper(value, digits), ValueHardening.Round(value, digits)));
            }
        }
    }

    [Theory]
    [InlineData(123.456f, 3, 123f)]
    [InlineData(-123.456f, 5, -123.46f)]
    [InlineData(0.00098765f, 2, 0.00099f)]
    [InlineData(999.6f, 3, 1000f)]
    [InlineData(0.125f, 2, 0.12f)]
    [InlineData(0.375f, 2, 0.38f)]
    [InlineData(250f, 1, 200f)]
    [InlineData(350f, 1, 400f)]
    [InlineData(1e-45f, 6, 1e-45f)]
    [InlineData(3.4028235e38f, 3, 3.4e38f)]
    [InlineData(3.4028235e38f, 1, 3e38f)]
    public void Keeps_significant_digits_ties_to_even(float value, int digits, float expected) =>
        Assert.Equal(expected, ValueHardening.Round(value, digits));

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void The_largest_values_do_not_become_infinite(int digits)
    {
        Assert.Equal(float.MaxValue, ValueHardening.Round(float.MaxValue, 4));
        Assert.True(float.IsFinite(ValueHardening.Round(float.MaxValue, digits)));
        Assert.True(float.IsFinite(ValueHardening.Round(float.MinValue, digits)));
    }

    [Fact]
    public void Zero_of_either_sign_is_zero()
    {
        Assert.Equal(0u, BitConverter.SingleToUInt32Bits(ValueHardening.Round(0f, 3)));
        Assert.Equal(0u, BitConverter.SingleToUInt32Bits(ValueHardening.Round(-0f, 3)));
    }

    [Fact]
    public void Rounding_again_changes_nothing()
    {
        Gen<(float Value, int Digits)> cases = Gen.Choose(int.MinValue, int.MaxValue).Select(BitConverter.Int32BitsToSingle).Where(float.IsFinite)
            .Zip(Gen.Choose(1, 6));
        Properties.Hold(cases, test =>
        {
            float once = ValueHardening.Round(test.Item1, test.Item2);
            Assert.Equal(once, ValueHardening.Round(once, test.Item2));
        }, tests: 2000);
    }

    [Fact]
    public void A_shield_releases_values_with_the_digits_of_its_options()
    {
        float[] clean = [1.23456f, -98765f, 0f, 1e-30f, 3.14159f, 2.71828f];
        using (Shield shield = TestShield.Build(OutputKind.Regression))
        {
            Assert.Equal([1.23f, -98800f, 0f, 1e-30f, 3.14f, 2.72f], shield.Release(clean, 3));
        }

        using (Shield shield = TestShield.Build(OutputKind.Regression, new HardeningOptions { SignificantDigits = 1 }))
        {
            Assert.Equal([1f, -100_000f, 0f, 1e-30f, 3f, 3f], shield.Release(clean, 3));
            float[] inPlace = [.. clean];
            Admission admission = shield.AdmitRows(1);
            shield.Harden(in admission, inPlace, classes: 3);
            Assert.Equal([1f, -100_000f, 0f, 1e-30f, 3f, 3f], inPlace);
        }
    }

    /// <summary>The exact decimal expansion, cut by hand, halves to the even digit, parsed back.</summary>
    private static float OnPaper(float value, int digits)
    {
        if (value == 0)
        {
            return 0;
        }

        // d.ddd...E+ddd with all the digits a float can have.
        string[] parts = Math.Abs((double)value).ToString("E130", CultureInfo.InvariantCulture).Split('E');
        string all = parts[0].Replace(".", "", StringComparison.Ordinal);
        int kept = int.Parse(all[..digits], CultureInfo.InvariantCulture);
        int half = string.CompareOrdinal(all[digits..], "5".PadRight(all.Length - digits, '0'));
        kept += half > 0 || (half == 0 && kept % 2 == 1) ? 1 : 0;
        int exponent = int.Parse(parts[1], CultureInfo.InvariantCulture) - digits + 1;
        float rounded = float.Parse($"{kept}E{exponent}", CultureInfo.InvariantCulture);
        return MathF.CopySign(MathF.Min(rounded, float.MaxValue), value);
    }
}

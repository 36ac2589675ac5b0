using System.Text;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

public sealed class OdometerCurveTests
{
    private static readonly OdometerCurve s_curve = new("m", [Point(50, .2, .7), Point(1_000, .8, .86), Point(200, .4, .8), Point(500, .6, .78)]);

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, 0)]
    [InlineData(double.NaN, 0)]
    [InlineData(.01, .7)]
    [InlineData(.2, .7)]
    [InlineData(.3, .75)]
    [InlineData(.5, .8)]
    [InlineData(.6, .8)]
    [InlineData(.7, .83)]
    [InlineData(.8, .86)]
    [InlineData(.81, 1)]
    public void A_reading_bounds_the_agreement_by_the_most_of_any_seed(double odometer, double agreement) =>
        Assert.Equal(agreement, s_curve.AgreementAt(odometer), 1e-9);

    [Theory]
    [InlineData(.5, 0)]
    [InlineData(.7, .2)]
    [InlineData(.75, .3)]
    [InlineData(.8, .6)]
    [InlineData(.83, .7)]
    [InlineData(.9, .8)]
    [InlineData(1, 1)]
    public void A_limit_is_the_greatest_reading_that_keeps_an_agreement(double agreement, double limit) =>
        Assert.Equal(limit, s_curve.LimitFor(agreement), 1e-9);

    [Fact]
    public void Bounds_never_fall_and_limits_keep_them() => Properties.Hold(
        Properties.Sequences(Gen.Choose(1, 1_000).Two(), 12),
        pairs =>
        {
            OdometerCurve curve = new("m", pairs.Select((pair, i) => Point(i, pair.Item1 / 1_000.0, pair.Item2 / 1_000.0)));
            double before = 0;
            for (int step = 0; step <= 100; step++)
            {
                double bound = curve.AgreementAt(step / 100.0);
                Assert.True(bound >= before - 1e-12);
                before = bound;
                double limit = curve.LimitFor(step / 100.0);
                Assert.True(curve.AgreementAt(limit) <= (step / 100.0) + 1e-9);
            }

            Assert.All(curve.Points, point => Assert.True(curve.AgreementAt(point.Odometer) >= point.Most - 1e-12));
        });

    [Fact]
    public void A_file_brings_back_the_same_curve()
    {
        MemoryStream stream = new();
        s_curve.Save(stream);
        stream.Position = 0;

        OdometerCurve read = OdometerCurve.Load(stream);

        Assert.Equal("m", read.Model);
        Assert.Equal(s_curve.Points.AsEnumerable(), read.Points);
    }

    [Theory]
    [InlineData("", "Not an odometer curve")]
    [InlineData("[]", "Not an odometer curve")]
    [InlineData("{\"version\":1}", "Not an odometer curve")]
    [InlineData("{\"version\":2,\"model\":\"m\",\"points\":[]}", "version 2")]
    [InlineData("{\"version\":1,\"model\":\"m\",\"points\":[]}", "at least one point")]
    [InlineData("{\"version\":1,\"model\":\"m\",\"points\":[{\"queries\":1,\"odometer\":1.5,\"agreement\":0,\"low\":0,\"high\":0,\"most\":0}]}", "0 to 1")]
    public void What_is_no_curve_is_refused(string json, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => OdometerCurve.Load(new MemoryStream(Encoding.UTF8.GetBytes(json)))).Message, StringComparison.Ordinal);

    private static OdometerPoint Point(int queries, double odometer, double most) => new(queries, odometer, most, most, most, most);
}

using InferenceShield.Statistics.Ownership;

namespace InferenceShield.Lab.Tests;

/// <summary>z of marked texts beside the published formulas, on few texts of a source with random weights.</summary>
public sealed class TokenMarkTextTests
{
    private const int Texts = 12;
    private const int Length = 200;

    public static TheoryData<string> Marks => ["token before", "own hash", "tournament"];

    [Theory]
    [MemberData(nameof(Marks))]
    public void Z_is_within_a_tenth_of_theory_and_an_unmarked_text_has_none(string mark)
    {
        RandomWeightTokens source = new(seed: 1);
        double found = 0;
        double theory = 0;
        double unmarked = 0;
        for (ulong text = 0; text < Texts; text++)
        {
            TokenMarkUnderTest own = Make(mark, text);
            TokenMarkText sample = TokenMarkText.Sample(source, own, Make(mark, 100 + text), Length, temperature: 1, seed: text);
            TokenDetection detection = own.Watermark.Detect(sample.Tokens.AsSpan(TokenMarkText.Start - own.Watermark.ContextLength));
            Assert.Equal(sample.Scored, detection.Tokens);
            found += detection.Z / Texts;
            theory += (sample.ExpectedScore - own.Mean) / Math.Sqrt(own.Variance / sample.Scored) / Texts;
            unmarked += Make(mark, 200 + text).Watermark.Detect(sample.Tokens).Z / Math.Sqrt(Texts);
        }

        Assert.True(found > 6, $"z is {found}");
        Assert.InRange(found / theory, 0.9, 1.1);
        Assert.InRange(unmarked, -3.5, 3.5);
    }

    [Fact]
    public void A_report_says_exact_only_of_what_is()
    {
        int[] tokens = [.. Enumerable.Range(0, 60).Select(static i => i * i % 101)];
        using MarkKey key = RandomKeys.GetMarkKey(seed: 2, 0);
        foreach ((WatermarkOptions marks, PValueMethod method, string words) in new[]
        {
            (new WatermarkOptions { GreenList = new() }, PValueMethod.Exact, "(exact over random keys)"),
            (new WatermarkOptions { Tournament = new() { Layers = 4 } }, PValueMethod.Exact, "(exact over random keys)"),
            (new WatermarkOptions { Tournament = new() }, PValueMethod.SaddlePoint, "(by a saddle-point formula over random keys)"),
        })
        {
            OwnershipTestResult test = Assert.Single(TokenTest.Run(key, marks, tokens, 300, seed: 1));
            Assert.Equal(method, test.Method);
            VerificationReport report = new() { Model = "m", Suspect = "s", Tests = [test], CombinedPValue = test.PValue, Words = "", Limits = [] };
            Assert.Contains(words, VerificationWriter.ToText(report), StringComparison.Ordinal);
            Assert.Contains(words[1..^1], VerificationWriter.ToHtml([report]), StringComparison.Ordinal);
        }
    }

    private static TokenMarkUnderTest Make(string mark, ulong seed) => mark switch
    {
        "tournament" => new TokenMarkUnderTest(new TournamentMarkOptions(), seed),
        _ => new TokenMarkUnderTest(new GreenListMarkOptions { SelfHash = mark == "own hash" }, seed),
    };
}

namespace InferenceShield.Lab;

/// <summary>The tests of texts for marks of tokens.</summary>
internal static class TokenTest
{
    /// <summary>The excess of the score that <see cref="OwnershipTestResult.Needed"/> is for: a text with little room for a mark.</summary>
    private const double LeastEffect = 0.05;

    private const double Power = 1.2816; // 90 %
    private const double Level = 0.01;

    /// <summary>Tests texts for each mark of tokens that is set.</summary>
    /// <param name="key">The owner's.</param>
    /// <param name="marks">As they were when answers were marked.</param>
    /// <param name="tokens">All texts, one after another, so that what one repeats of another is scored once. The first few tokens of each text have another's before
    /// them: they dilute a mark a little, and falsify nothing.</param>
    /// <param name="randomKeys">300 to 100,000.</param>
    /// <param name="seed">The random keys follow from it.</param>
    public static IReadOnlyList<OwnershipTestResult> Run(MarkKey key, WatermarkOptions marks, ReadOnlyMemory<int> tokens, int randomKeys, ulong seed)
    {
        if (randomKeys is < KeyCalibration.FewestKeys or > KeyCalibration.MostKeys)
        {
            throw new ArgumentException($"RandomKeys is {randomKeys}; allowed are {KeyCalibration.FewestKeys} to {KeyCalibration.MostKeys}.");
        }

        List<OwnershipTestResult> results = [];
        if (marks.GreenList is { } list)
        {
            results.Add(Run("green-list", "share of green tokens", key, tokens, randomKeys, seed, one => new TokenWatermark(one, list)));
        }

        if (marks.Tournament is { } tournament)
        {
            results.Add(Run("tournament", "weighted mean of the tokens' bits", key, tokens, randomKeys, seed, one => new TokenWatermark(one, tournament)));
        }

        return results;
    }

    private static OwnershipTestResult Run(string name, string unit, MarkKey key, ReadOnlyMemory<int> tokens, int randomKeys, ulong seed, Func<MarkKey, TokenWatermark> make)
    {
        TokenWatermark watermark = make(key);
        TokenDetection own = watermark.Detect(tokens.Span);
        int small = 0;
        double deviation = Deviation(own);
        for (int i = 0; i < randomKeys && own.Tokens > 0; i++)
        {
            using MarkKey other = RandomKeys.GetMarkKey(seed, i);
            TokenDetection found = make(other).Detect(tokens.Span);
            small += found.PValue < Level ? 1 : 0;
            deviation = deviation > 0 ? deviation : Deviation(found);
        }

        double effect = own.Score - own.Expected;
        double reach = 1.959964 * deviation / Math.Sqrt(Math.Max(1, own.Tokens));
        const double Deep = 4.7534; // of p = 1e-6
        int needed = (int)Math.Ceiling(Math.Pow((Deep + Power) * deviation / LeastEffect, 2));
        return new OwnershipTestResult(
            name, own.Tokens, Math.Max(1, needed), own.Score, own.Expected, effect, effect - reach, effect + reach, unit, own.Tokens == 0 ? double.NaN : Math.Max(BinomialTail.Smallest, own.PValue),
            watermark.IsExact(own.Tokens) ? PValueMethod.Exact : PValueMethod.SaddlePoint, randomKeys, own.Tokens == 0 ? double.NaN : small / (double)randomKeys, [],
            own.Tokens == 0 ? "No token has enough tokens before it." : "Needed are tokens for an excess of .05, as of a text that leaves a mark little room. Token ids are those of the model's own tokenizer.");
    }

    /// <summary>Of one token's score without the key; 0 if it cannot be told.</summary>
    private static double Deviation(TokenDetection found) =>
        found.Z == 0 || found.Tokens == 0 ? 0 : Math.Abs((found.Score - found.Expected) / found.Z) * Math.Sqrt(found.Tokens);
}

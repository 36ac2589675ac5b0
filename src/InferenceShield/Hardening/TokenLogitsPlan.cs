namespace InferenceShield;

/// <summary>How token logits are released, compiled: how many tokens, on which grid.</summary>
internal sealed record TokenLogitsPlan
{
    /// <summary>The most tokens that can be released: more would be a row.</summary>
    public const int MostTokens = 1024;

    public const int MostDecimals = 5;

    /// <param name="tokens">1 to <see cref="MostTokens"/>.</param>
    /// <param name="decimals">1 to <see cref="MostDecimals"/>, of a log-probability (natural logarithm).</param>
    public TokenLogitsPlan(int tokens, int decimals)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tokens, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tokens, MostTokens);
        ArgumentOutOfRangeException.ThrowIfLessThan(decimals, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(decimals, MostDecimals);
        Tokens = tokens;
        Units = (int)Math.Round(Math.Pow(10, decimals));
    }

    public int Tokens { get; }

    /// <summary>Grid steps to 1.</summary>
    public int Units { get; }
}

namespace InferenceShield;

/// <summary>A keyed green list over tokens (KGW).</summary>
public sealed class GreenListMarkOptions
{
    /// <summary>The share of the vocabulary that is green: gamma.</summary>
    /// <value>.05 to .9; the default is .25.</value>
    public double Share { get; set; } = 0.25;

    /// <summary>What is added to the logits of green tokens: delta.</summary>
    /// <value>.1 to 10; the default is 2.</value>
    public double Bias { get; set; } = 2;

    /// <summary>Tokens before that the list is a function of.</summary>
    /// <value>1 to 8; the default, <see langword="null"/>, is 3 with <see cref="SelfHash"/>, else 1.</value>
    public int? Context { get; set; }

    /// <summary>Whether a token's colour is a function of the token itself, too, by the least hash of it and its context.</summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool SelfHash { get; set; } = true;

    internal GreenListMarkOptions Clone() => (GreenListMarkOptions)MemberwiseClone();
}

namespace InferenceShield;

/// <summary>A keyed tournament over tokens, in the manner of SynthID-Text.</summary>
public sealed class TournamentMarkOptions
{
    /// <summary>Rounds of the tournament.</summary>
    /// <value>1 to 32; the default is 30.</value>
    public int Layers { get; set; } = 30;

    /// <summary>Tokens before that the rounds are a function of.</summary>
    /// <value>1 to 8; the default is 4.</value>
    public int Context { get; set; } = 4;

    internal TournamentMarkOptions Clone() => (TournamentMarkOptions)MemberwiseClone();
}

namespace InferenceShield.Lab;

/// <summary>What policies are made of.</summary>
/// <param name="ClassCount">Classes of the model.</param>
public sealed record PolicyContext(int ClassCount)
{
    /// <summary>The model's name, as its shield has it: keys of answers and learned files depend on it. Default: lab.</summary>
    public string Model { get; init; } = "lab";

    /// <summary>Clean answers to honest queries, row after row, for policies that learn from them; empty by default.</summary>
    public ReadOnlyMemory<float> BenignAnswers { get; init; }

    /// <summary>What is set on the shield of the policies <c>shield*</c>; null for the shield's defaults.</summary>
    /// <remarks>Of outputs only their hardening is used: the one named <see cref="Output"/>, or the only one.</remarks>
    public Action<ShieldOptions>? Shield { get; init; }

    /// <summary>The output that is stolen. Default: probabilities.</summary>
    public string Output { get; init; } = "probabilities";

    /// <summary>The secret of the policies <c>shield*</c>, needed where learned files are authenticated; null takes one that follows from each seed.</summary>
    public IShieldSecretProvider? Secret { get; init; }
}

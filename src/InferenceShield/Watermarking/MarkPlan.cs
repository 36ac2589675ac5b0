namespace InferenceShield;

/// <summary>The marks of one output in one posture, compiled. Immutable; the key is the shield's.</summary>
internal sealed class MarkPlan
{
    private readonly WatermarkOptions _options;

    /// <param name="options">Filled in: no margin is missing.</param>
    /// <param name="key">Of the shield and model; null in plans that are never applied.</param>
    /// <param name="space">Benign inputs; null if no file is given.</param>
    public MarkPlan(WatermarkOptions options, MarkKey key, InputSpace? space)
    {
        _options = options;
        Key = key;
        Space = space;
        Margin = options.NearTie?.Margin ?? 0;
        Keying = options.NearTie?.Keying ?? MarkKeying.Cell;
        if (key is not null)
        {
            Tokens = options.GreenList is { } green ? new TokenWatermark(key, green)
                : options.Tournament is { } tournament ? new TokenWatermark(key, tournament)
                : null;
            Direction = options.Direction is { } direction ? new DirectionMark(key, direction) : null;
        }

        NeedsInput = options is not { Cosine: null, Triggers: null, Traps: null } || Keying == MarkKeying.ExactInput || options.Permutation is { Keying: MarkKeying.ExactInput };
    }

    public MarkKey Key { get; }

    public InputSpace? Space { get; }

    /// <summary>Of the near-tie mark; 0 for none.</summary>
    public double Margin { get; }

    public MarkKeying Keying { get; }

    /// <summary>Whether rows need a <see cref="MarkInput"/>.</summary>
    public bool NeedsInput { get; }

    /// <summary>Of token logits; null for none.</summary>
    public TokenWatermark? Tokens { get; }

    /// <summary>Of embeddings; null for none.</summary>
    public DirectionMark? Direction { get; }

    public WatermarkOptions Options => _options;
}

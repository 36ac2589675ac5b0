namespace InferenceShield;

/// <summary>The marks of one output in one posture, compiled. Immutable; the key is the shield's.</summary>
/// <remarks>Equal to another that marks alike, under the same key and in the same input space: a reload that changes nothing is seen to
/// change nothing.</remarks>
internal sealed class MarkPlan : IEquatable<MarkPlan>
{
    /// <summary>How far the confidence that hardening gives may be from the exact one, and room to spare.</summary>
    private const float ConfidenceError = 1e-4f;

    private readonly WatermarkOptions _options;
    private readonly int[] _nearTieExempt;
    private readonly int[] _triggerExempt;
    private readonly int[] _trapExempt;

    /// <param name="options">Filled in: no margin is missing.</param>
    /// <param name="key">Of the shield and model; null in plans that are never applied.</param>
    /// <param name="space">Benign inputs; null if no file is given.</param>
    /// <param name="inputs">What lives in inputs; null if nothing does.</param>
    /// <param name="keepsCosine">Whether anything of a cosine is left in answers so released.</param>
    public MarkPlan(WatermarkOptions options, MarkKey key, InputSpace? space, InputMarks? inputs = null, bool keepsCosine = true)
    {
        Inputs = inputs;
        Cosine = keepsCosine && inputs?.Cosine is not null && options.Cosine is { } cosine ? new CosineRelease(inputs, cosine) : null;
        HasTraps = inputs?.Traps is not null && options.Traps is not null;
        _trapExempt = [.. options.Traps?.ExemptClasses ?? []];
        _options = options;
        _nearTieExempt = [.. options.NearTie?.ExemptClasses ?? []];
        _triggerExempt = [.. options.Triggers?.ExemptClasses ?? []];
        Key = key;
        Space = space;
        Margin = options.NearTie?.Margin ?? 0;
        Keying = options.NearTie?.Keying ?? MarkKeying.Cell;
        TriggerRate = options.Triggers?.Rate ?? 0;
        Permutation = options.Permutation?.Keying;
        NeedsInput = FindInputNeed(options) is not null;
        if (key is not null)
        {
            Tokens = options.GreenList is { } green ? new TokenWatermark(key, green)
                : options.Tournament is { } tournament ? new TokenWatermark(key, tournament)
                : null;
            Direction = options.Direction is { } direction ? new DirectionMark(key, direction) : null;
        }
        SureConfidence = (float)((1 + Margin) / 2) + ConfidenceError;
        MovesClasses = Margin > 0 || TriggerRate > 0 || HasTraps || Permutation is not null;
        HasNearTiesOnly = Margin > 0 && TriggerRate == 0 && !HasTraps && Permutation is null && Cosine is null;
    }

    /// <summary>Whether near ties are the one mark of a distribution.</summary>
    public bool HasNearTiesOnly { get; }

    /// <summary>Above it no other class comes within the margin of the leading one: what is left for them is less.</summary>
    public float SureConfidence { get; }

    /// <summary>Whether a mark is in the label or in the order of ranks.</summary>
    public bool MovesClasses { get; }

    public MarkKey Key { get; }

    public InputSpace? Space { get; }

    /// <summary>What lives in inputs: the same in every posture; null for nothing.</summary>
    public InputMarks? Inputs { get; }

    /// <summary>The cosine mark of this posture; null for none, or where nothing of it would be left.</summary>
    public CosineRelease? Cosine { get; }

    /// <summary>Whether rows in traps get the traps' labels.</summary>
    public bool HasTraps { get; }

    /// <summary>Classes that no trap answers with.</summary>
    public ReadOnlySpan<int> TrapExempt => _trapExempt;

    /// <summary>Of the near-tie mark; 0 for none.</summary>
    public double Margin { get; }

    public MarkKeying Keying { get; }

    /// <summary>Classes that no near tie moves or is moved to.</summary>
    public ReadOnlySpan<int> NearTieExempt => _nearTieExempt;

    /// <summary>The share of inputs that are triggers; 0 for none.</summary>
    public double TriggerRate { get; }

    /// <summary>Classes that no trigger moves or is moved to.</summary>
    public ReadOnlySpan<int> TriggerExempt => _triggerExempt;

    /// <summary>What the order of low ranks is a function of; null for no such mark.</summary>
    public MarkKeying? Permutation { get; }

    /// <summary>Whether rows need a <see cref="MarkInput"/>.</summary>
    public bool NeedsInput { get; }

    /// <summary>Of token logits; null for none.</summary>
    public TokenWatermark? Tokens { get; }

    /// <summary>Of embeddings; null for none.</summary>
    public DirectionMark? Direction { get; }

    public WatermarkOptions Options => _options;

    /// <summary>The first option, below Watermark, of a mark that lives in inputs; null if there is none.</summary>
    public static string? FindInputNeed(WatermarkOptions options) => options switch
    {
        { NearTie.Keying: MarkKeying.ExactInput } => "NearTie:Keying",
        { Triggers: not null } => nameof(options.Triggers),
        { Traps: not null } => nameof(options.Traps),
        { Cosine: not null } => nameof(options.Cosine),
        { Permutation.Keying: MarkKeying.ExactInput } => "Permutation:Keying",
        _ => null,
    };

    /// <summary>Whether an output of a kind can carry any of the marks.</summary>
    public static bool Applies(WatermarkOptions options, OutputKind kind) => kind switch
    {
        OutputKind.Logits or OutputKind.Probabilities => options is not { NearTie: null, Cosine: null, Permutation: null, Triggers: null, Traps: null },
        OutputKind.Embedding => options.Direction is not null,
        OutputKind.TokenLogits => options.GreenList is not null || options.Tournament is not null,
        _ => false,
    };

    public bool Equals(MarkPlan? other) =>
        other is not null && ReferenceEquals(Key, other.Key) && ReferenceEquals(Space, other.Space) && PartsOf(_options).SequenceEqual(PartsOf(other._options));

    public override bool Equals(object? obj) => Equals(obj as MarkPlan);

    public override int GetHashCode() => HashCode.Combine(Margin, Keying, TriggerRate, Permutation);

    /// <summary>All that the options say, one number after another, lists with their lengths. A test looks for what is left out.</summary>
    private static IEnumerable<object?> PartsOf(WatermarkOptions options) =>
    [
        options.NearTie?.Margin, options.NearTie?.Keying, .. ClassesOf(options.NearTie?.ExemptClasses),
        options.Cosine?.Strength, options.Cosine?.Frequency, options.Cosine?.Payload,
        options.Permutation?.Keying,
        options.Triggers?.Rate, options.Triggers?.InputStep, .. ClassesOf(options.Triggers?.ExemptClasses),
        options.Traps is not null, .. ClassesOf(options.Traps?.ExemptClasses),
        options.Direction?.CosineBudget, options.Direction?.Directions,
        options.GreenList?.Share, options.GreenList?.Bias, options.GreenList?.Context, options.GreenList?.SelfHash,
        options.Tournament?.Layers, options.Tournament?.Context,
    ];

    private static IEnumerable<object?> ClassesOf(IReadOnlyList<int>? classes) =>
        [classes?.Count ?? 0, .. classes?.Cast<object?>() ?? []];
}

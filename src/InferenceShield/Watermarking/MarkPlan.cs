namespace InferenceShield;

/// <summary>The marks of one output in one posture, compiled. Immutable; the key is the shield's.</summary>
internal sealed class MarkPlan
{
    private readonly WatermarkOptions _options;
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
        Key = key;
        Space = space;
        Margin = options.NearTie?.Margin ?? 0;
        Keying = options.NearTie?.Keying ?? MarkKeying.Cell;
        NeedsInput = options is not { Cosine: null, Triggers: null, Traps: null } || Keying == MarkKeying.ExactInput || options.Permutation is { Keying: MarkKeying.ExactInput };
    }

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

    /// <summary>Whether rows need a <see cref="MarkInput"/>.</summary>
    public bool NeedsInput { get; }

    public WatermarkOptions Options => _options;
}

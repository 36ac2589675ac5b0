namespace InferenceShield;

/// <summary>The marks that answers carry in one posture. Each is off unless its options are given.</summary>
/// <remarks>
/// <para>What is left out of a later posture follows the posture before it, as a whole: give an empty one to have no marks there.</para>
/// <para>At most one mark decides a row's label: a trap's, else a trigger's, else a near tie's. An answer with a moved label, or order, is bit
/// for bit that of a model whose scores have so changed places: scores agree with the label in every release, and nothing tells of the
/// mark. Without these marks, the label is the model's own in every answer.</para>
/// <para>Exempt are classes (<see cref="NearTieMarkOptions.ExemptClasses"/>), calls (<see cref="Admission.WithoutMarks"/>) and callers
/// (<see cref="CallerOverride.Unmarked"/>). <see cref="UtilityStatistics.LabelsMoved"/> counts what marks cost.</para>
/// </remarks>
public sealed class WatermarkOptions
{
    /// <summary>The near-tie mark: where the two leading labels are within a margin, a keyed bit picks one.</summary>
    /// <value>The default, <see langword="null"/>, is off.</value>
    public NearTieMarkOptions? NearTie { get; set; }

    /// <summary>The cosine mark in the probability vector.</summary>
    /// <value>The default, <see langword="null"/>, is off.</value>
    public CosineMarkOptions? Cosine { get; set; }

    /// <summary>The keyed order of low ranks.</summary>
    /// <value>The default, <see langword="null"/>, is off.</value>
    public PermutationMarkOptions? Permutation { get; set; }

    /// <summary>False labels at a keyed share of inputs.</summary>
    /// <value>The default, <see langword="null"/>, is off.</value>
    public LabelTriggerOptions? Triggers { get; set; }

    /// <summary>Keyed labels where benign inputs do not reach.</summary>
    /// <value>The default, <see langword="null"/>, is off.</value>
    public TrapOptions? Traps { get; set; }

    /// <summary>Keyed directions in embeddings.</summary>
    /// <value>The default, <see langword="null"/>, is off.</value>
    public DirectionMarkOptions? Direction { get; set; }

    /// <summary>A keyed green list over tokens.</summary>
    /// <value>The default, <see langword="null"/>, is off.</value>
    public GreenListMarkOptions? GreenList { get; set; }

    /// <summary>A keyed tournament over tokens.</summary>
    /// <value>The default, <see langword="null"/>, is off.</value>
    public TournamentMarkOptions? Tournament { get; set; }

    internal WatermarkOptions Clone() => new()
    {
        NearTie = NearTie?.Clone(),
        Cosine = Cosine?.Clone(),
        Permutation = Permutation?.Clone(),
        Triggers = Triggers?.Clone(),
        Traps = Traps?.Clone(),
        Direction = Direction?.Clone(),
        GreenList = GreenList?.Clone(),
        Tournament = Tournament?.Clone(),
    };
}

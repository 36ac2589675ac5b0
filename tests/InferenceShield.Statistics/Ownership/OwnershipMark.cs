using System.Globalization;

namespace InferenceShield.Statistics.Ownership;

/// <summary>A mark by its name, such as "near-tie cell 0.2".</summary>
internal sealed record OwnershipMark(string Name)
{
    public const string None = "none";

    private const string NearTieCell = "near-tie cell";
    private const string NearTieExact = "near-tie exact";
    private const string PermutationCell = "permutation cell";
    private const string PermutationExact = "permutation exact";
    private const string Cosine = "cosine";
    private const string Triggers = "triggers";

    private string Kind => char.IsAsciiDigit(Name[^1]) ? Name[..Name.LastIndexOf(' ')] : Name;

    public bool IsNearTie => Kind is NearTieCell or NearTieExact;

    public bool IsPermutation => Kind is PermutationCell or PermutationExact;

    public bool IsCosine => Kind == Cosine;

    public bool IsTriggers => Kind == Triggers;

    public MarkKeying Keying => Kind is NearTieExact or PermutationExact ? MarkKeying.ExactInput : MarkKeying.Cell;

    /// <summary>The margin, strength or rate.</summary>
    public double Size => double.Parse(Name.AsSpan(Kind.Length), CultureInfo.InvariantCulture);

    public bool NeedsInput => Kind is NearTieExact or PermutationExact or Cosine or Triggers;

    public static OwnershipMark NearTie(MarkKeying keying, double margin) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{(keying == MarkKeying.Cell ? NearTieCell : NearTieExact)} {margin}"));

    public static OwnershipMark OfCosine(double strength) => new(string.Create(CultureInfo.InvariantCulture, $"{Cosine} {strength}"));

    public static OwnershipMark OfPermutation(MarkKeying keying) => new(keying == MarkKeying.Cell ? PermutationCell : PermutationExact);

    public static OwnershipMark OfTriggers(double rate) => new(string.Create(CultureInfo.InvariantCulture, $"{Triggers} {rate}"));

    /// <summary>The options of a shield that makes it.</summary>
    public WatermarkOptions? Create() => Kind switch
    {
        None => null,
        NearTieCell or NearTieExact => new WatermarkOptions { NearTie = new NearTieMarkOptions { Margin = Size, Keying = Keying } },
        PermutationCell or PermutationExact => new WatermarkOptions { Permutation = new PermutationMarkOptions { Keying = Keying } },
        Cosine => new WatermarkOptions { Cosine = new CosineMarkOptions { Strength = Size } },
        Triggers => new WatermarkOptions { Triggers = new LabelTriggerOptions { Rate = Size } },
        _ => throw new InvalidOperationException($"There is no mark '{Name}'."),
    };

    public override string ToString() => Name;
}

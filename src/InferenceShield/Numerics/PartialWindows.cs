namespace InferenceShield.Numerics;

/// <summary>Working memory of <see cref="WindowHash.HashTwenty"/>: windows of four and of eight symbols.</summary>
internal readonly ref struct PartialWindows
{
    public PartialWindows(Span<ushort> fours, Span<uint> eights)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(fours.Length, WindowHash.PartialLength + 64, nameof(fours));
        ArgumentOutOfRangeException.ThrowIfLessThan(eights.Length, WindowHash.PartialLength, nameof(eights));
        Fours = fours;
        Eights = eights;
    }

    public Span<ushort> Fours { get; }

    public Span<uint> Eights { get; }
}

using System.Security.Cryptography;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>One key's traps: what lies beyond the reach of benign inputs, cut by keyed planes into regions with a label each.
/// Immutable and thread-safe.</summary>
/// <remarks>A row is beyond reach if it is farther from the principal directions of benign inputs, or within them farther from their mean,
/// than any held-out benign row and a margin. Regions are large and their borders few, so that near-repeats get one answer and a copy
/// can learn it.</remarks>
internal sealed class TrapMark
{
    /// <summary>Keyed planes; their sides make the trap's number.</summary>
    private const int Planes = 4;

    /// <summary>Regions.</summary>
    public const int Count = 1 << Planes;

    /// <summary>How much farther than the farthest held-out benign row.</summary>
    public const double Margin = 1.1;

    private readonly InputSpace _space;
    private readonly InputReach _reach;
    private readonly float[] _coefficients;
    private readonly float[] _offsets = new float[Planes];
    private readonly double _inner;
    private readonly double _outer;

    /// <param name="key">Whose traps.</param>
    /// <param name="space">Of benign inputs.</param>
    public TrapMark(MarkKey key, InputSpace space)
    {
        _space = space;
        _reach = new InputReach(space);
        _inner = space.InnerReach * Margin * Margin;
        _outer = space.OuterReach * Margin * Margin;
        Span<byte> bytes = stackalloc byte[CounterRandom.KeySize];
        key.Derive("trap/planes", bytes);
        KeyedGaussians gaussians = new(bytes);
        CryptographicOperations.ZeroMemory(bytes);
        _coefficients = new float[Planes * space.Width];
        double[] plane = new double[space.Width];
        for (int i = 0; i < Planes; i++)
        {
            gaussians.Fill((ulong)i, plane);
            LeaveSpace(plane);
            _offsets[i] = InputReach.Prepare(space, Array.ConvertAll(plane, value => (float)value), _coefficients.AsSpan(i * space.Width, space.Width));
        }
    }

    /// <summary>The trap that a row lies in; 0 for none, else one more than its number.</summary>
    /// <param name="input">A row, as the model gets it.</param>
    public int Find(ReadOnlySpan<float> input) => FindFolded(_space.Fold(input));

    /// <inheritdoc cref="Find"/>
    /// <param name="row">See <see cref="InputSpace.Fold(ReadOnlySpan{float})"/>.</param>
    public int FindFolded(ReadOnlySpan<float> row)
    {
        (double inner, double outer) = _reach.Measure(row);
        Span<float> sides = stackalloc float[Planes];
        RowDots.Fill(row, _coefficients, sides);
        int trap = 0;
        for (int i = 0; i < Planes; i++)
        {
            trap |= sides[i] + _offsets[i] > 0 ? 1 << i : 0;
        }

        return inner > _inner || outer > _outer ? trap + 1 : 0; // a row that is not finite lies nowhere
    }

    /// <summary>The label that a trap answers with.</summary>
    /// <param name="key"><see cref="MarkKey.Traps"/>.</param>
    /// <param name="trap">Its number, from 0.</param>
    /// <param name="classes">Of the output.</param>
    /// <param name="exempt">Classes that no trap answers with.</param>
    /// <returns>-1 if all classes are exempt.</returns>
    public static int Label(SipHashKey key, int trap, int classes, ReadOnlySpan<int> exempt)
    {
        int allowed = classes;
        for (int label = 0; !exempt.IsEmpty && label < classes; label++)
        {
            allowed -= exempt.Contains(label) ? 1 : 0;
        }

        if (allowed == 0)
        {
            return -1;
        }

        int chosen = (int)Math.BigMul(SipHash.Hash(key, (ulong)trap, (ulong)classes, 0).Low, (ulong)allowed, out _);
        int at = 0;
        for (; !exempt.IsEmpty && (chosen > 0 || exempt.Contains(at)); at++)
        {
            chosen -= exempt.Contains(at) ? 0 : 1;
        }

        return at + chosen;
    }

    /// <summary>Planes run along the principal directions: which side a row is on is not a matter of what it shows.</summary>
    private void LeaveSpace(double[] plane)
    {
        for (int k = 0; k < _space.DirectionCount; k++)
        {
            ReadOnlySpan<float> direction = _space.Direction(k);
            double dot = 0;
            for (int i = 0; i < plane.Length; i++)
            {
                dot += plane[i] * direction[i];
            }

            for (int i = 0; i < plane.Length; i++)
            {
                plane[i] -= dot * direction[i];
            }
        }
    }
}

#pragma warning disable RS0030 // Vector loads and stores over spans; lengths bound every one.
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>Coins with a given chance, 128 at a time out of planes of fair bits, and what is added to a row where they show heads.</summary>
/// <remarks>A chance of c / 2^n takes n planes: bit i of them is a binary fraction, and heads are those below the chance. From the last
/// digit to the first, heads = tails of the plane, or heads so far, at a digit 1; both at a digit 0. Elementwise, so the
/// bits are the same at every vector width.</remarks>
internal static class GreenBits
{
    /// <summary>Coins in a group: bits of a block of the cipher.</summary>
    public const int Group = 128;

    /// <summary>32-bit words of a plane of a group.</summary>
    public const int Words = Group / 32;

    private const int Lanes = 16;

    /// <summary>One word of 32 coins.</summary>
    /// <param name="planes">The planes of a group, the chance's first digit first.</param>
    /// <param name="word">0 to 3.</param>
    /// <param name="count">The planes; 1 to 8.</param>
    /// <param name="chance">Odd; the chance is this by 2^<paramref name="count"/>.</param>
    public static uint Combine(ReadOnlySpan<uint> planes, int word, int count, int chance)
    {
        uint heads = 0;
        for (int plane = count - 1; plane >= 0; plane--)
        {
            uint tails = ~planes[(plane * Words) + word];
            heads = ((chance >> (count - 1 - plane)) & 1) != 0 ? tails | heads : tails & heads;
        }

        return heads;
    }

    /// <summary>Copies a row and adds where coins show heads.</summary>
    /// <param name="row">Any numbers.</param>
    /// <param name="planes">Those of group 0, those of group 1 and so on: enough for the row.</param>
    /// <param name="count">Planes of a group.</param>
    /// <param name="chance">See <see cref="Combine"/>.</param>
    /// <param name="bias">What is added.</param>
    /// <param name="raised">As long as the row; may be the same.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Add(ReadOnlySpan<float> row, ReadOnlySpan<uint> planes, int count, int chance, float bias, Span<float> raised)
    {
        Debug.Assert(planes.Length >= (row.Length + Group - 1) / Group * count * Words, "Too few planes.");
        raised = raised[..row.Length];
        if (!Vector128.IsHardwareAccelerated)
        {
            AddScalar(row, planes, count, chance, bias, raised);
            return;
        }

        ref float first = ref MemoryMarshal.GetReference(row);
        ref float target = ref MemoryMarshal.GetReference(raised);
        ref uint bits = ref MemoryMarshal.GetReference(planes);
        Vector512<uint> low = Vector512.Create(1u, 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7, 1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, 1 << 15);
        Vector512<uint> high = low << Lanes;
        Vector512<float> added = Vector512.Create(bias);
        Span<uint> heads = stackalloc uint[Words];
        ref uint head = ref MemoryMarshal.GetReference(heads);
        int start = 0;
        for (; start <= row.Length - Group; start += Group)
        {
            Vector128<uint> coins = Vector128<uint>.Zero;
            nuint at = (nuint)(uint)(start / Group * count * Words);
            for (int plane = count - 1; plane >= 0; plane--)
            {
                Vector128<uint> tails = ~Vector128.LoadUnsafe(ref bits, at + (nuint)(uint)(plane * Words));
                coins = ((chance >> (count - 1 - plane)) & 1) != 0 ? tails | coins : tails & coins;
            }

            coins.StoreUnsafe(ref head);
            for (int word = 0; word < Words; word++)
            {
                Vector512<uint> all = Vector512.Create(Unsafe.Add(ref head, word));
                nuint place = (nuint)(uint)(start + (word * 32));
                Vector512<float> left = Vector512.LoadUnsafe(ref first, place);
                Vector512<float> right = Vector512.LoadUnsafe(ref first, place + Lanes);
                Vector512<float> leftTails = Vector512.Equals(all & low, Vector512<uint>.Zero).AsSingle();
                Vector512<float> rightTails = Vector512.Equals(all & high, Vector512<uint>.Zero).AsSingle();
                Vector512.ConditionalSelect(leftTails, left, left + added).StoreUnsafe(ref target, place);
                Vector512.ConditionalSelect(rightTails, right, right + added).StoreUnsafe(ref target, place + Lanes);
            }
        }

        AddScalar(row[start..], planes[(start / Group * count * Words)..], count, chance, bias, raised[start..]);
    }

    /// <summary>The portable twin of <see cref="Add"/>.</summary>
    public static void AddScalar(ReadOnlySpan<float> row, ReadOnlySpan<uint> planes, int count, int chance, float bias, Span<float> raised)
    {
        uint heads = 0;
        for (int i = 0; i < row.Length; i++)
        {
            if (i % 32 == 0)
            {
                heads = Combine(planes[(i / Group * count * Words)..], i % Group / 32, count, chance);
            }

            raised[i] = (heads >> (i % 32) & 1) != 0 ? row[i] + bias : row[i];
        }
    }
}

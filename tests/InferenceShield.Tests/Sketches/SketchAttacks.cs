namespace InferenceShield.Tests;

/// <summary>The published attacks: what someone does who knows the code and believes to know the key.</summary>
/// <remarks>He computes hashes under his own key. If it is the sketch's, the hash is public to him, as with an unkeyed
/// sketch; if it is not, he is an attacker without the key. All attacks are offline: he never sees an estimate.</remarks>
public static class SketchAttacks
{
    /// <summary>Inflation: one item per register, each of high rank (Reviriego, Adell and Ting, 2020).</summary>
    public static ulong[] FeignMany(SketchKey believed, int precision, int tries)
    {
        ulong[] items = new ulong[1 << precision];
        int[] ranks = new int[items.Length];
        for (ulong item = 0; item < (ulong)tries; item++)
        {
            ulong hash = believed.Hash(item);
            int rank = 1 + System.Numerics.BitOperations.LeadingZeroCount(hash << precision);
            ulong register = hash >> (64 - precision);
            if (rank > ranks[register])
            {
                (items[register], ranks[register]) = (item, rank);
            }
        }

        return [.. items.Where((_, register) => ranks[register] > 0)];
    }

    /// <summary>Hiding: distinct items that raise registers as little as can be (Paterson and Raynal, 2021).</summary>
    public static ulong[] HideMany(SketchKey believed, int precision, int count) =>
        Search(count, item => (believed.Hash(item) << precision) >> 63 == 1);

    /// <summary>Framing: for each row, items that share the victim's counter there.</summary>
    public static ulong[] Frame(SketchKey believed, ulong victim, int depth, int widthBits, int perRow)
    {
        ulong hash = believed.Hash(victim);
        return [.. Enumerable.Range(0, depth).SelectMany(row => Search(perRow, item => item != victim
            && CounterOf(believed.Hash(item), row, widthBits) == CounterOf(hash, row, widthBits)))];
    }

    /// <summary>Pushing out: distinct items that all go to the victim's stripe.</summary>
    public static ulong[] PushOut(SketchKey believed, ulong victim, int capacity, int count)
    {
        ulong stripes = (ulong)capacity / 32;
        UInt128 stripe = (UInt128)believed.Hash(victim) * stripes >> 64;
        return Search(count, item => item != victim && (UInt128)believed.Hash(item) * stripes >> 64 == stripe);
    }

    private static ulong[] Search(int count, Func<ulong, bool> isWanted)
    {
        ulong[] items = new ulong[count];
        ulong item = 1 << 20;
        for (int i = 0; i < count; i++)
        {
            do
            {
                item++;
            }
            while (!isWanted(item));
            items[i] = item;
        }

        return items;
    }

    /// <summary>Written again from the documentation: the attacker has the code.</summary>
    private static uint CounterOf(ulong hash, int row, int widthBits)
    {
        if (row >= 2)
        {
            hash += (ulong)(row / 2) * 0x9e3779b97f4a7c15;
            hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
            hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
            hash ^= hash >> 31;
        }

        return (row % 2 == 0 ? (uint)hash : (uint)(hash >> 32)) >> (32 - widthBits);
    }
}

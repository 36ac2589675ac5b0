namespace InferenceShield.Lab;

/// <summary>In which order one caller asks a thief's queries and honest ones.</summary>
internal static class TrafficSchedule
{
    /// <summary>Each query is honest with a probability, the others are the thief's; ends where either runs out.</summary>
    public static T[] Pad<T>(ReadOnlySpan<T> attack, ReadOnlySpan<T> honest, double share, int most, ulong seed) =>
        Merge(attack, honest, most, seed, _ => share);

    /// <summary>The share of honest queries falls evenly from all to none.</summary>
    public static T[] Ramp<T>(ReadOnlySpan<T> attack, ReadOnlySpan<T> honest, int most, ulong seed) =>
        Merge(attack, honest, most, seed, query => 1 - ((query + 0.5) / most));

    /// <summary>Honest for so long, a thief from then on.</summary>
    public static T[] Switch<T>(ReadOnlySpan<T> attack, ReadOnlySpan<T> honest, int after) => [.. honest[..after], .. attack];

    private static T[] Merge<T>(ReadOnlySpan<T> attack, ReadOnlySpan<T> honest, int most, ulong seed, Func<int, double> share)
    {
        SeededRandom random = new(seed, stream: 65);
        List<T> merged = new(most);
        int own = 0;
        int cover = 0;
        while (merged.Count < most)
        {
            bool isCover = random.NextUnit() <= share(merged.Count);
            if (isCover ? cover == honest.Length : own == attack.Length)
            {
                break;
            }

            merged.Add(isCover ? honest[cover++] : attack[own++]);
        }

        return [.. merged];
    }
}

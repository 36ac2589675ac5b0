namespace InferenceShield;

/// <summary>Merges stripes of two summaries, in scratch space of twice <see cref="SpaceSavingStripe.Size"/> entries.</summary>
internal readonly ref struct SpaceSavingMerge(Span<SpaceSavingEntry> scratch)
{
    private readonly Span<SpaceSavingEntry> _scratch = scratch;

    public void Merge(ref SpaceSavingStripe target, ref SpaceSavingStripe source)
    {
        // One after the other, never both held: two merges in opposite directions must not wait for each other.
        Span<SpaceSavingEntry> theirs = _scratch[..SpaceSavingStripe.Size];
        source.Enter();
        Copy(in source, theirs);
        long theirLeast = source.Least;
        long theirTotal = source.Total;
        long theirMissed = source.Missed;
        source.Exit();

        target.Enter();
        long ourLeast = target.Least;
        Span<SpaceSavingEntry> ours = _scratch[SpaceSavingStripe.Size..];
        Copy(in target, ours);
        for (int i = 0; i < theirs.Length; i++)
        {
            // An item that is in one summary only may have come to the other as often as its least entry.
            int twin = theirs[i].Count == 0 ? -1 : target.Hashes.IndexOf(theirs[i].Hash);
            theirs[i] = twin < 0 ? Raise(theirs[i], ourLeast, ourLeast) : Raise(theirs[i], ours[twin].Count, ours[twin].Error);
            if (twin >= 0)
            {
                ours[twin] = default;
            }
        }

        for (int i = 0; i < ours.Length; i++)
        {
            ours[i] = Raise(ours[i], theirLeast, theirLeast);
        }

        _scratch.Sort(static (left, right) => right.Count.CompareTo(left.Count));
        for (int i = 0; i < SpaceSavingStripe.Size; i++)
        {
            target.Hashes[i] = _scratch[i].Hash;
            target.Items[i] = _scratch[i].Item;
            target.Counts[i] = _scratch[i].Count;
            target.Errors[i] = _scratch[i].Error;
        }

        target.Total = Math.Min(target.Total + theirTotal, SpaceSavingStripe.Greatest);
        target.Exit();
        target.AddMissed(theirMissed);
    }

    private static SpaceSavingEntry Raise(SpaceSavingEntry entry, long count, long error) =>
        entry.Count == 0 ? entry : entry with
        {
            Count = Math.Min(entry.Count + count, SpaceSavingStripe.Greatest),
            Error = Math.Min(entry.Error + error, SpaceSavingStripe.Greatest),
        };

    private static void Copy(in SpaceSavingStripe stripe, Span<SpaceSavingEntry> entries)
    {
        for (int i = 0; i < entries.Length; i++)
        {
            entries[i] = new SpaceSavingEntry(stripe.Hashes[i], stripe.Items[i], stripe.Counts[i], stripe.Errors[i]);
        }
    }
}

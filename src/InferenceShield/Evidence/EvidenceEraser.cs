using System.Buffers.Binary;

namespace InferenceShield;

/// <summary>Writes a list anew without one caller.</summary>
internal static class EvidenceEraser
{
    /// <summary>Writes all segments anew, bound to each other as before, and replaces each as a whole.</summary>
    /// <returns>The queries left out.</returns>
    public static long Erase(IReadOnlyList<EvidenceSegment> segments, EvidenceKey key, CallerKey caller)
    {
        foreach (EvidenceSegment segment in segments)
        {
            RequireUnused(segment.Path);
        }

        long erased = 0;
        Dictionary<string, (int Place, byte[] Tag)> latest = [];
        foreach (EvidenceSegment segment in segments)
        {
            string run = Convert.ToHexStringLower(segment.Header.Run);
            byte[] before = latest.TryGetValue(run, out (int Place, byte[] Tag) found) && found.Place == segment.Header.Place - 1 ? found.Tag : segment.Header.Before;
            erased += Rewrite(segment, before, key, caller, out byte[] tag);
            latest[run] = (segment.Header.Place, tag);
        }

        return erased;
    }

    private static long Rewrite(EvidenceSegment segment, byte[] before, EvidenceKey key, CallerKey caller, out byte[] tag)
    {
        string fresh = segment.Path + ".new";
        long erased = 0;
        try
        {
            using (EvidenceSegmentReader reader = new(segment.Path, key, segment.Length))
            {
                FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None };
                if (!OperatingSystem.IsWindows())
                {
                    options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
                }

                using EvidenceWriter writer = new(new FileStream(fresh, options), segment.Header with { Before = before, IsRewritten = true }, key);
                byte[] rewritten = [];
                while (reader.TryRead(out ReadOnlySpan<byte> records))
                {
                    int most = records.Length * (EvidenceFormat.RecordSize + EvidenceFormat.LeafSize) / EvidenceFormat.RecordSize; // no record is shorter
                    rewritten = rewritten.Length < most ? new byte[most] : rewritten;
                    int length = 0;
                    while (reader.TryTake(ref records, out EvidenceEntry entry))
                    {
                        bool isWanted = !entry.IsErased && EvidenceFormat.CallerOf(entry.Record) == caller;
                        erased += isWanted ? 1 : 0;
                        length += isWanted || entry.IsErased ? WriteErased(reader, in entry, rewritten.AsSpan(length)) : WriteKept(reader, in entry, rewritten.AsSpan(length));
                    }

                    writer.Write(rewritten.AsSpan(0, length));
                }

                System.Security.Cryptography.CryptographicOperations.ZeroMemory(rewritten);
                if (reader.IsEnded)
                {
                    writer.End(); // a segment that was cut stays one without an end
                }

                tag = writer.Tag.ToArray();
            }

            File.Move(fresh, segment.Path, overwrite: true);
            return erased;
        }
        finally
        {
            File.Delete(fresh);
        }
    }

    /// <summary>The record and its salt, which followed from the key of the segment as it was.</summary>
    private static int WriteKept(EvidenceSegmentReader reader, in EvidenceEntry entry, Span<byte> to)
    {
        int length = entry.Record.Length + EvidenceFormat.LeafSize;
        BinaryPrimitives.WriteInt32LittleEndian(to, length);
        entry.Record[sizeof(int)..].CopyTo(to[sizeof(int)..]);
        reader.WriteSalt(in entry, to[entry.Record.Length..length]);
        return length;
    }

    /// <summary>The leaf alone. Its salt is gone with the segment as it was, so that nobody can try records out on it.</summary>
    private static int WriteErased(EvidenceSegmentReader reader, in EvidenceEntry entry, Span<byte> to)
    {
        BinaryPrimitives.WriteInt32LittleEndian(to, EvidenceFormat.ErasedSize);
        reader.WriteLeaf(in entry, to[sizeof(int)..EvidenceFormat.ErasedSize]);
        return EvidenceFormat.ErasedSize;
    }

    private static void RequireUnused(string path)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new IOException($"'{Path.GetFileName(path)}' is in use. Stop the shield that writes to the list, then erase again. {exception.Message}", exception);
        }
    }
}

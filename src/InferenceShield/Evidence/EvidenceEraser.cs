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
                byte[] kept = [];
                while (reader.TryRead(out ReadOnlySpan<byte> records))
                {
                    kept = kept.Length < records.Length ? new byte[records.Length] : kept;
                    int length = 0;
                    while (EvidenceSegmentReader.TryTake(ref records, out ReadOnlySpan<byte> record))
                    {
                        if (EvidenceFormat.CallerOf(record) == caller)
                        {
                            erased++;
                            continue;
                        }

                        record.CopyTo(kept.AsSpan(length));
                        length += record.Length;
                    }

                    if (length > 0)
                    {
                        writer.Write(kept.AsSpan(0, length));
                    }
                }

                System.Security.Cryptography.CryptographicOperations.ZeroMemory(kept);
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

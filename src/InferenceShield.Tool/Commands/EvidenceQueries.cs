using System.Globalization;
using InferenceShield.Lab;

namespace InferenceShield.Tool;

/// <summary>The marked queries of a list: their inputs, kept by the list or found in the operator's own log, and who asked them.</summary>
internal sealed record EvidenceQueries(Dataset Rows, string Note, IReadOnlyList<CallerAttribution> Callers, EvidenceBinding? Binding)
{
    /// <summary>Reads a list.</summary>
    /// <param name="request">With a list, perhaps with a log and a caller.</param>
    /// <param name="logged">Rows of the operator's own log; null for none.</param>
    /// <param name="model">The model's name in its shield.</param>
    /// <param name="isEmbedding">Whether those with marked embeddings are asked, else those with other marks.</param>
    public static EvidenceQueries Read(VerifyRequest request, Dataset? logged, string model, bool isEmbedding)
    {
        string list = request.Evidence!;
        using ShieldSecret secret = ReadSecret(request);
        using EvidenceKey key = EvidenceKey.Of(secret, model);
        (EvidenceReader reader, EvidenceBinding? binding) = Open(request, key);
        CallerKey? caller = request.Caller is { } name ? EvidenceCommand.Find("--caller", name, reader, secret, model) : null;
        List<(EvidenceRecord Record, float[] Input)> found = [];
        int wanted = 0;
        SortedDictionary<Posture, int> others = [];
        foreach (EvidenceRecord record in (caller is { } one ? reader.Read(one) : reader.Read()).Where(IsAsked))
        {
            if (record.Posture == request.Posture)
            {
                wanted++;
                if (!record.Input.IsEmpty)
                {
                    found.Add((record, record.ReadInput()));
                }
            }
            else
            {
                others[record.Posture] = others.GetValueOrDefault(record.Posture) + 1;
            }
        }

        int kept = found.Count;
        if (logged is not null)
        {
            ReadOnlyMemory<float> values = logged.Values;
            found.AddRange(reader.Match(values.Span, logged.Width, secret)
                .Where(match => IsAsked(match.Record) && match.Record.Posture == request.Posture && match.Record.Input.IsEmpty && (caller is null || match.Record.Caller == caller))
                .Select(match => (match.Record, values.Slice(match.Row * logged.Width, logged.Width).ToArray())));
        }

        string whose = $"{(caller is null ? "" : $" of caller {request.Caller}")} in posture {request.Posture}";
        if (found.Count == 0)
        {
            throw new MistakeException(wanted == 0 ? Say($"'{list}' has no marked queries{whose} ({reader.Records:N0} in all{string.Concat(others.Select(static other => Say($"; {other.Value:N0} in {other.Key}")))}). Give another --posture or --caller.")
                : logged is null ? Say($"'{list}' keeps keyed digests only of {wanted:N0} marked queries{whose}, no inputs. Give rows of your own log with --queries, among which they are looked for, or set Evidence:KeepInputs for another time.")
                : Say($"None of the {logged.Count:N0} rows of --queries is among the {wanted:N0} marked queries{whose} in '{list}'. Give the log as the model got it (--scale), or leave --evidence out to ask all rows."));
        }

        int width = logged?.Width ?? found[0].Input.Length;
        if (found.Exists(row => row.Input.Length != width))
        {
            throw new MistakeException($"Rows of '{list}' and --queries have different numbers of values. Give those of one model.");
        }

        CallerAttribution[] callers = [.. found.GroupBy(row => row.Record.Caller).Select(group => new CallerAttribution(EvidenceCommand.Digits(group.Key), group.Count()))
            .OrderByDescending(group => group.Queries).ThenBy(group => group.Caller, StringComparer.Ordinal)];
        float[] inputs = [.. found.SelectMany(row => row.Input)];
        string note = Say($"Of {wanted:N0} marked queries{whose} in the list, the inputs of {found.Count:N0} are known: {kept:N0} are kept by it, and {found.Count - kept:N0} were found in --queries. Only these are tested{(logged is null || isEmbedding ? "" : "; up to 200 rows of --queries without a mark are asked to see which class is which")}.") + string.Concat(reader.Missing.Select(static missing => " Missing in the list: " + missing));
        binding = binding is null ? null : binding with
        {
            Unknown = wanted - found.Count,
            Choices = caller is null ? 1 : 1 + reader.CountByCaller().Count, // one of them, or all
        };
        return new EvidenceQueries(new Dataset("evidence", inputs, width), note, callers, binding);

        bool IsAsked(EvidenceRecord record) => record.Kinds.HasFlag(MarkKinds.Direction) == isEmbedding;
    }

    /// <summary>The posture that is tested where none is said, and why: that of most rows of the list, else a normal caller's.</summary>
    /// <param name="request">Perhaps with a list and a caller.</param>
    /// <param name="model">The model's name in its shield.</param>
    public static (Posture Posture, string Why) PostureOf(VerifyRequest request, string model)
    {
        if (request.Evidence is null)
        {
            return (Posture.Normal, "that of callers of whom nothing was noticed, as no --posture and no --evidence say another");
        }

        using ShieldSecret secret = ReadSecret(request);
        using EvidenceKey key = EvidenceKey.Of(secret, model);
        (EvidenceReader reader, _) = Open(request, key);
        CallerKey? caller = request.Caller is { } name ? EvidenceCommand.Find("--caller", name, reader, secret, model) : null;
        (Posture Posture, int Rows)[] counts = [.. (caller is { } one ? reader.Read(one) : reader.Read())
            .GroupBy(static record => record.Posture).Select(static group => (group.Key, group.Count())).OrderByDescending(static count => count.Item2).ThenBy(static count => count.Key)];
        return counts.Length == 0 ? (Posture.Normal, "as the list has no rows that say another")
            : (counts[0].Posture, Say($"that of {counts[0].Rows:N0} of {counts.Sum(static count => count.Rows):N0} rows{(caller is null ? "" : " of this caller")} in the list"));
    }

    /// <summary>Opens the list; where there is a digest, no further than that.</summary>
    private static (EvidenceReader Reader, EvidenceBinding? Binding) Open(VerifyRequest request, EvidenceKey key)
    {
        EvidenceReader reader = EvidenceReader.Open(request.Evidence!, key);
        if (request.Digest is not { } file)
        {
            return (reader, null);
        }

        EvidenceDigest digest = EvidenceDigest.Load(file);
        CommitmentTimestamp? stamp = EvidenceCommand.ReadStamp(digest, file, request.StampRoots);
        DateTimeOffset? since = request.SuspectSince is { } day ? DayOf(day) : null;
        if (since is not null && stamp is null)
        {
            throw new MistakeException($"--suspect-since is compared with the stamp of '{file}', which has none. Keep the authority's answer beside it as '{Path.ChangeExtension(file, ".tsr")}', or leave --suspect-since out.");
        }

        if (stamp?.Time >= since)
        {
            throw new MistakeException($"'{file}' was stamped at {OwnershipFiles.TextOf(stamp.Time)}, and the suspect is known since {OwnershipFiles.TextOf(since.Value)}: queries could have been chosen by its answers. Give the last digest before the suspect, or leave --digest out.");
        }

        return (reader, digest.Bind(reader) with { Stamped = stamp?.Time, Authority = stamp?.Authority ?? "", Root = stamp?.Root ?? "", SuspectSince = since });
    }

    private static DateTimeOffset DayOf(string text) =>
        DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ss'Z'"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset day)
            ? day
            : throw new MistakeException($"--suspect-since {text}: allowed are a day such as 2026-01-31 and a time such as 2026-01-31T12:00:00Z, in UTC.");

    private static ShieldSecret ReadSecret(VerifyRequest request) => request.SecretVariable is { } variable
        ? SharedOptions.Secret(variable)!.GetSecret()
        : throw new MistakeException("The list of marked queries is encrypted under the shield's secret: give it with --secret-env.");

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

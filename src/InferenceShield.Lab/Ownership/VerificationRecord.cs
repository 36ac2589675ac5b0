using System.Security.Cryptography;
using System.Text.Json;

namespace InferenceShield.Lab;

/// <summary>What the p-values of one suspect follow from, for those who recompute them.</summary>
/// <param name="Suspect">As <see cref="VerificationReport.Suspect"/>.</param>
/// <param name="QueriesSha256">SHA-256 of the distinct queries, little-endian 32-bit floats row after row, in lower-case hexadecimal.</param>
/// <param name="Tests">Those of which there is something to recompute.</param>
internal sealed record VerificationRecord(string Suspect, string QueriesSha256, RecordedTest[] Tests)
{
    /// <summary>Steps that recomputing a record may take, about a minute; 10,000 triggers take 2e9, 10,000 near ties in 200 cells 2e6.</summary>
    private const double MostWork = 1L << 35;

    /// <summary>Of one sum: see <see cref="SignSum"/>.</summary>
    private const double MostWorkOfOne = 1L << 31;
    private const int WorkOfLabel = 16; // it takes memory, too
    private const int WorkOfPick = 8; // a hash
    private const int MostAnswers = 1 << 22;

    /// <summary>Notes what a verification counted.</summary>
    public static VerificationRecord Of(string suspect, VerificationSetup setup, SuspectAnswers answers, IReadOnlyList<SuspectAnswers> controls)
    {
        List<RecordedTest> tests = [];
        foreach (OwnershipTest test in setup.Tests)
        {
            if (test.NeedsScores && answers.Scores is null)
            {
                continue;
            }

            RecordedTest? recorded = test.Method == PValueMethod.RandomKeys ? Rank(test, setup.Request, answers) : test.Record(answers, controls, setup.Request.Key);
            if (recorded is not null)
            {
                tests.Add(recorded);
            }
        }

        return new VerificationRecord(suspect, DigestOf(setup.Queries), [.. tests]);
    }

    /// <summary>One for each report that has one, as JSON.</summary>
    public static byte[] ToBytes(IReadOnlyList<VerificationReport> reports) =>
        JsonSerializer.SerializeToUtf8Bytes([.. reports.Select(static report => report.Record).OfType<VerificationRecord>()], OwnershipJsonContext.Default.VerificationRecordArray);

    /// <exception cref="OwnershipFileException">It is none.</exception>
    public static VerificationRecord[] Parse(ReadOnlySpan<byte> bytes, string what)
    {
        try
        {
            VerificationRecord[]? records = JsonSerializer.Deserialize(bytes, OwnershipJsonContext.Default.VerificationRecordArray);
            return records is not null && records.All(IsWhole) && records.Sum(static record => record.Tests.Sum(WorkOf)) <= MostWork ? records : throw new JsonException();
        }
        catch (JsonException exception)
        {
            throw new OwnershipFileException(OwnershipFileFault.Unreadable, $"{what} is no record of verifications. Take the file that 'verify' wrote beside its report.", exception);
        }
    }

    /// <summary>Refuses a report that asks for more work than any verification does: each of its tests is recomputed, under each of its random keys.</summary>
    /// <exception cref="OwnershipFileException">It does.</exception>
    public static void RequireBounded(IReadOnlyList<VerificationReport> reports, VerificationRecord[] records)
    {
        double work = 0;
        foreach (VerificationReport report in reports)
        {
            VerificationRecord? record = records.FirstOrDefault(record => record.Suspect == report.Suspect);
            foreach (OwnershipTestResult test in report.Tests)
            {
                RecordedTest? recorded = record?.Tests.FirstOrDefault(recorded => recorded.Test == test.Name);
                work += recorded is null ? 0 : WorkOf(recorded) + (WorkOfPick * Math.Clamp(test.RandomKeys, 1.0, KeyCalibration.MostKeys) * (recorded.Picks?.Length ?? recorded.Random?.Length ?? 0));
            }
        }

        if (!(work <= MostWork))
        {
            throw new OwnershipFileException(OwnershipFileFault.Unreadable, "The report asks for more work than any verification does: random keys, groups of answers and tests are too many together. Ask who made it for one of fewer suspects, or of fewer random keys.");
        }
    }

    /// <summary>About the steps that recomputing takes: a small file can ask for years of them.</summary>
    private static double WorkOf(RecordedTest test) =>
        (test.Labels is null ? 0 : test.ControlLabels.Append(test.Labels).Sum(static counts => WorkOfLabel * (double)counts.Groups.Length * counts.Answered))
        + (test.Suspect is null ? 0 : test.Controls.Append(test.Suspect).Sum(WorkOf));

    private static double WorkOf(SignCounts counts)
    {
        int[] weights = [.. counts.First.Zip(counts.Second, static (first, second) => Math.Abs(first - second)).Where(static weight => weight > 0)];
        return weights.Distinct().Count() < 2 ? weights.Length : Math.Min(MostWorkOfOne, weights.Length * weights.Sum(static weight => (double)weight));
    }

    private static bool IsWhole(VerificationRecord? record) =>
        record is { Suspect: not null, QueriesSha256: not null, Tests: not null } && record.Tests.All(static test => test is not null && (IsRank(test) || IsSigns(test) || IsLabels(test)));

    private static bool IsRank(RecordedTest test) => test is { Own: not null, Random.Length: > 0, Labels: null, Suspect: null, Picks: null, Cells: null };

    private static bool IsLabels(RecordedTest test) => test is { Labels: not null, ControlLabels: not null, Own: null, Random: null, Suspect: null, Picks: null, Cells: null } && test.ControlLabels.Append(test.Labels).All(static counts =>
        counts is { Groups: not null, Choices: >= 1, Answered: >= 0 and <= 1 << 20, Matches: >= 0 } && counts.Matches <= counts.Answered
        && counts.Groups.All(group => group is not null && group.Length <= counts.Choices && group.All(static count => count >= 0))
        && counts.Groups.Sum(static group => group.Sum(static count => (long)count)) <= counts.Answered);

    private static bool IsSigns(RecordedTest test) => test is { Picks: { } picks, Suspect: not null, Controls: not null, Own: null, Random: null, Labels: null } && !picks.AsSpan().ContainsAnyExcept('0', '1')
        && test.Controls.Append(test.Suspect).All(counts => counts is { First: not null, Second: not null } && counts.First.Length == picks.Length && counts.Second.Length == picks.Length
            && counts.First.Concat(counts.Second).All(static count => count is >= 0 and <= 1 << 20) && counts.First.Concat(counts.Second).Sum(static count => (long)count) <= MostAnswers)
        && (test.Cells is null || (test.Cells.Length == picks.Length && test.Cells.All(static cell => cell is { Length: 3 })))
        && (test.Inputs is null || (test.Inputs.Length == picks.Length && test.Inputs.All(static input => input is { Length: 32 } && input.All(static digit => char.IsAsciiDigit(digit) || char.IsAsciiHexDigitLower(digit)))));

    private static RecordedTest Rank(OwnershipTest test, VerificationRequest request, SuspectAnswers answers)
    {
        Func<MarkKey, TestOutcome> read = test.Read(answers);
        double[] random = new double[request.KeysOf(test.Method)];
        for (int i = 0; i < random.Length; i++)
        {
            using MarkKey key = RandomKeys.GetMarkKey(request.Seed, i);
            random[i] = read(key).Statistic;
        }

        return new RecordedTest { Test = test.Name, Own = read(request.Key).Statistic, Random = random };
    }

    /// <summary>As <see cref="QueriesSha256"/>.</summary>
    internal static string DigestOf(Dataset queries)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] bytes = new byte[queries.Width * sizeof(float)];
        for (int row = 0; row < queries.Count; row++)
        {
            AnswerStore.Encode(queries.GetRow(row), bytes);
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

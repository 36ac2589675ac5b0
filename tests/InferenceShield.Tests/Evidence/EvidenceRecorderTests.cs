using InferenceShield.Lab;
using InferenceShield.Numerics;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace InferenceShield.Tests;

[Collection(ProcessWide.Name)]
public sealed class EvidenceRecorderTests : IDisposable
{
    private static readonly DateTimeOffset s_start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;
    private readonly DatedTimeProvider _clock = new(s_start);
    private readonly EvidenceKey _key = EvidenceCases.Key();

    private string List => Path.Combine(_folder, "model.evidence");

    public void Dispose()
    {
        _key.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Recording_allocates_nothing()
    {
        using EvidenceRecorder recorder = Recorder(options => (options.KeepInputs, options.Share) = (true, 0.5), buffer: 1 << 20);
        EvidenceRecord query = EvidenceCases.Query(1, 1, 0);
        byte[] input = new byte[3_136];
        MarkedRow marked = new() { Kinds = MarkKinds.NearTie };
        ulong next = 0;
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 200; i++)
            {
                recorder.Record(query.Caller, Posture.Guarded, now: 1, output: 0, in marked, EvidenceDigestKind.Mark, new InputDigest(next++, 3), input);
            }
        }));
        Assert.True(recorder.Statistics.NotSampled > 0);
    }

    [Fact]
    public void What_does_not_fit_is_counted_and_lost()
    {
        using EvidenceRecorder recorder = Recorder(buffer: 64 * 10);
        for (int i = 0; i < 1_000; i++)
        {
            recorder.Record(EvidenceCases.Query(i, 3, 0), now: i);
        }

        recorder.Dispose();
        recorder.Record(EvidenceCases.Query(0, 3, 0), now: 0);
        EvidenceStatistics statistics = recorder.Statistics;

        Assert.Equal(1_001, statistics.Recorded + statistics.Dropped);
        Assert.InRange(statistics.Recorded, 10, 999);
        Assert.Equal(statistics.Recorded, EvidenceReader.Open(List, _key).Records);
    }

    [Fact]
    public void Of_an_input_all_queries_are_kept_or_none()
    {
        using EvidenceRecorder recorder = Recorder(options => options.Share = 0.25);
        for (int i = 0; i < 8_000; i++)
        {
            recorder.Record(EvidenceCases.Query(i % 2_000, 2_000, 0) with { Caller = EvidenceCases.Caller(i / 2_000) }, now: i);
        }

        recorder.Dispose();
        Dictionary<InputDigest, int> counts = EvidenceReader.Open(List, _key).Read().GroupBy(record => record.Digest).ToDictionary(group => group.Key, group => group.Count());

        Assert.InRange(counts.Count, 420, 580); // 500, less or more 4 deviations of 19.4
        Assert.All(counts.Values, count => Assert.Equal(4, count));
        Assert.Equal(8_000 - (4 * counts.Count), recorder.Statistics.NotSampled);
    }

    [Fact]
    public void Queries_without_a_digest_are_sampled_too_and_told_of()
    {
        RecordingLoggerFactory log = new();
        using EvidenceRecorder recorder = new(new EvidenceOptions { File = List, Share = 0.5 }, _key, _clock, log);
        for (int i = 0; i < 2_000; i++)
        {
            recorder.Record(EvidenceCases.Query(i, 2, 0) with { DigestKind = EvidenceDigestKind.None, Digest = default }, now: i);
        }

        recorder.Dispose();

        Assert.InRange(recorder.Statistics.Recorded, 900, 1_100);
        Assert.Equal(recorder.Statistics.Recorded, recorder.Statistics.WithoutDigest);
        Assert.Single(log.Messages("EvidenceWithoutDigest"));
    }

    [Fact]
    public void A_caller_is_held_to_its_share_of_a_day_and_a_full_table_to_a_strict_one()
    {
        using EvidenceRecorder recorder = Recorder(options => options.MostPerCaller = 20, callers: 16);
        void Ask(int callers, long now)
        {
            for (int i = 0; i < 50 * callers; i++)
            {
                recorder.Record(EvidenceCases.Query(i, callers, 0), now);
            }
        }

        Ask(callers: 12, now: 0);
        Assert.Equal(12 * 30, recorder.Statistics.OverCallerLimit);
        Ask(callers: 100, now: 1); // the first 12 have had theirs; the other 88 share one count
        Assert.Equal((12 * 30) + 5_000 - 20, recorder.Statistics.OverCallerLimit + recorder.Statistics.Repeated);
        Ask(callers: 12, now: (long)TimeSpan.FromHours(12).TotalNanoseconds); // midnight
        Assert.Equal((24 * 30) + 5_000 - 20, recorder.Statistics.OverCallerLimit + recorder.Statistics.Repeated);
        recorder.Dispose();
        Assert.Equal(25 * 20, EvidenceReader.Open(List, _key).Records);
    }

    [Fact]
    public void Repeats_of_a_near_tie_do_not_use_up_a_callers_day()
    {
        using EvidenceRecorder recorder = Recorder(options => options.MostPerCaller = 20);
        for (int i = 0; i < 10_000; i++)
        {
            recorder.Record(EvidenceCases.Query(0, 1, 0), now: i);
        }

        for (int i = 1; i < 20; i++)
        {
            recorder.Record(EvidenceCases.Query(i, 1, 0), now: 20_000); // the theft
        }

        recorder.Record(EvidenceCases.Query(0, 1, 0) with { Caller = EvidenceCases.Caller(1) }, now: 20_000); // who else asks it is kept
        recorder.Record(EvidenceCases.Query(0, 1, 0), now: (long)TimeSpan.FromHours(12).TotalNanoseconds); // and the next day
        recorder.Dispose();

        Assert.Equal((22, 9_999, 0), (recorder.Statistics.Recorded, recorder.Statistics.Repeated, recorder.Statistics.OverCallerLimit));
        Assert.Equal(22, EvidenceReader.Open(List, _key).Records);
    }

    [Fact]
    public void One_in_a_thousand_new_queries_at_most_is_taken_for_a_repeat()
    {
        SeededRandom random = new(seed: 9, stream: 0);
        EvidenceRepeats repeats = new();
        Hash128 first = Next();
        repeats.Add(first);
        for (int i = 1; i < EvidenceRepeats.Most; i++)
        {
            repeats.Add(Next());
        }

        int taken = 0;
        for (int i = 0; i < 100_000; i++)
        {
            taken += repeats.Contains(Next()) ? 1 : 0;
        }

        Assert.InRange(taken, 1, 100);
        Assert.True(repeats.Contains(first));
        repeats.Add(Next()); // one more than fits: all others are forgotten
        Assert.False(repeats.Contains(first));

        Hash128 Next() => new(random.NextUInt64(), random.NextUInt64());
    }

    [Fact]
    public void Old_segments_go_when_their_time_has_come_and_files_of_others_stay()
    {
        string foreign = EvidenceFormat.PathOf(List, 7);
        File.WriteAllText(foreign, new string('x', 1_000));
        using (EvidenceRecorder first = Recorder(options => options.Retention = TimeSpan.FromDays(3)))
        {
            first.Record(EvidenceCases.Query(1, 1, 0), now: 0);
        }

        Assert.Equal(8, EvidenceFormat.Segments(List).Keys.Max());
        _clock.Advance(TimeSpan.FromDays(3) - TimeSpan.FromSeconds(1));
        Recorder(options => options.Retention = TimeSpan.FromDays(3)).Dispose();
        Assert.Equal(1, EvidenceReader.Open(List, _key).Records);
        _clock.Advance(TimeSpan.FromSeconds(1));
        using EvidenceRecorder last = Recorder(options => options.Retention = TimeSpan.FromDays(3));

        Assert.Equal(1, last.Statistics.ExpiredSegments);
        Assert.Equal(0, EvidenceReader.Open(List, _key).Records);
        Assert.True(File.Exists(foreign));
    }

    [Fact]
    public void A_segment_ends_after_a_day()
    {
        using EvidenceRecorder recorder = Recorder();
        recorder.Record(EvidenceCases.Query(1, 1, 0), now: 0);
        recorder.WaitFor(1);
        _clock.Advance(TimeSpan.FromDays(1));
        Threads.WaitUntil(() => EvidenceReader.Open(List, _key).Segments[0].IsComplete);
        recorder.Record(EvidenceCases.Query(2, 1, 0), now: (long)TimeSpan.FromDays(1).TotalNanoseconds);
        recorder.Dispose();

        EvidenceReader reader = EvidenceReader.Open(List, _key);
        Assert.Equal([1, 1], reader.Segments.Select(segment => segment.Records));
        Assert.Empty(reader.Missing);
    }

    [Fact]
    public void A_full_list_keeps_what_it_has_until_the_oldest_goes()
    {
        RecordingLoggerFactory log = new();
        EvidenceOptions options = new() { File = List, MostBytes = 1 << 20, MostPerCaller = 1_000_000, Retention = TimeSpan.FromDays(2) };
        using EvidenceRecorder recorder = new(options, _key, _clock, log, buffer: 1 << 24);
        for (int i = 0; i < 30_000; i++)
        {
            recorder.Record(EvidenceCases.Query(i, 10_000, 0), now: i);
        }

        recorder.WaitFor(30_000);
        EvidenceStatistics full = recorder.Statistics;
        Assert.InRange(full.Bytes, 900_000, 1 << 20);
        Assert.Equal(full.Bytes, EvidenceFormat.Segments(List).Values.Sum(file => new FileInfo(file.FullName).Length));
        Assert.InRange(full.Recorded, 14_000, 16_384);
        Assert.Contains("MostBytes", full.Fault, StringComparison.Ordinal);
        Assert.Single(log.Messages("EvidenceFailed"));

        _clock.Advance(TimeSpan.FromDays(2));
        Threads.WaitUntil(() => recorder.Statistics.ExpiredSegments > 0);
        recorder.Record(EvidenceCases.Query(1, 10_000, 0), now: 1); // kept again: what was lost may be among what is remembered
        recorder.WaitFor(30_001);
        Assert.Null(recorder.Statistics.Fault);
        Assert.Equal(full.Recorded + 1, recorder.Statistics.Recorded);
    }

    [Fact]
    public void A_few_callers_do_not_fill_the_list_for_the_others()
    {
        RecordingLoggerFactory log = new();
        EvidenceOptions options = new() { File = List, MostBytes = 1 << 23, MostPerCaller = 1_000_000 };
        using EvidenceRecorder recorder = new(options, _key, _clock, log, buffer: 1 << 24);
        for (int i = 0; i < 200_000; i++)
        {
            recorder.Record(EvidenceCases.Query(i, 48, 0), now: i); // 12.8 MB
        }

        Assert.InRange(recorder.Statistics.OverRoomShare, 130_000, 135_000); // half of the list, and no more: each has had its share
        for (int i = 0; i < 1_000; i++)
        {
            recorder.Record(EvidenceCases.Query(300_000 + (i * 48), 48, 0) with { Caller = EvidenceCases.Caller(99) }, now: 200_000);
        }

        recorder.Dispose();
        Assert.InRange(EvidenceReader.Open(List, _key).CountByCaller()[EvidenceCases.Caller(99)], 240, 256); // 1/256 of 4 MiB, in records of 64 bytes
        Assert.Equal(0, recorder.Statistics.Dropped);
        Assert.Single(log.Messages("EvidenceScarce"));
    }

    [Fact]
    public void A_disk_that_fails_harms_no_query_and_is_tried_again()
    {
        RecordingLoggerFactory log = new();
        string folder = Path.Combine(_folder, "later");
        string list = Path.Combine(folder, "list");
        using EvidenceRecorder recorder = new(new EvidenceOptions { File = list }, _key, _clock, log);
        recorder.Record(EvidenceCases.Query(1, 1, 0), now: 0);
        recorder.WaitFor(1);
        Assert.Equal((0, 1), (recorder.Statistics.Recorded, recorder.Statistics.Dropped));
        Assert.NotNull(recorder.Statistics.Fault);

        Directory.CreateDirectory(folder);
        _clock.Advance(TimeSpan.FromMinutes(1));
        recorder.Record(EvidenceCases.Query(2, 1, 0), now: 0);
        recorder.WaitFor(2);

        Assert.Equal((1, 1), (recorder.Statistics.Recorded, recorder.Statistics.Dropped));
        Assert.Null(recorder.Statistics.Fault);
        Assert.Single(log.Messages("EvidenceFailed"));
        Assert.Equal(1, EvidenceReader.Open(list, _key).Records);
    }

    [Fact]
    public void An_input_that_is_too_large_leaves_its_record()
    {
        using EvidenceRecorder recorder = Recorder(options => options.KeepInputs = true);
        recorder.Record(EvidenceCases.Query(1, 1, EvidenceFormat.MostInput), now: 0);
        recorder.Record(EvidenceCases.Query(2, 1, EvidenceFormat.MostInput + 4), now: 0);
        recorder.Dispose();

        Assert.Equal([EvidenceFormat.MostInput, 0], EvidenceReader.Open(List, _key).Read().Select(record => record.Input.Length));
        Assert.Equal((1, 0), (recorder.Statistics.InputsTooLarge, recorder.Statistics.WithoutInput));
        Assert.Equal(EvidenceFormat.MostInput / 4, EvidenceReader.Open(List, _key).Read().First().ReadInput().Length);
    }

    [Fact]
    public void Many_threads_lose_nothing_but_what_is_counted()
    {
        using EvidenceRecorder recorder = Recorder(buffer: 1 << 16);
        Threads.Run(4, thread =>
        {
            for (int i = 0; i < 5_000; i++)
            {
                recorder.Record(EvidenceCases.Query((thread * 5_000) + i, 11, 0), now: i);
            }
        });
        recorder.Dispose();

        Assert.Equal(20_000, recorder.Statistics.Recorded + recorder.Statistics.Dropped);
        EvidenceReader reader = EvidenceReader.Open(List, _key);
        Assert.Equal(recorder.Statistics.Recorded, reader.Records);
        Assert.Empty(reader.Missing);
    }

    private EvidenceRecorder Recorder(Action<EvidenceOptions>? configure = null, int? buffer = null, int callers = 64) =>
        EvidenceCases.Recorder(List, _clock, configure, _key, buffer, callers);
}

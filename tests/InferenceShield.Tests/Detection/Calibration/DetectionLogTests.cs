using System.Buffers.Binary;
using InferenceShield.Lab;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace InferenceShield.Tests;

public sealed class DetectionLogTests : IDisposable
{
    private const ulong Profile = 0x1234;
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_was_recorded_is_read_by_caller_and_in_order()
    {
        QuerySignals[] rows = CalibrationCases.Rows(2_000, stream: 31);
        string path = Record(rows, callers: 7);

        DetectionLogReader log = Open(path);
        CallerHistory[] histories = log.ReadCallers();

        Assert.Equal(2_000, log.Queries);
        Assert.Equal(7, log.Callers);
        Assert.Equal(286, log.LongestLife);
        Assert.Equal(0, log.UnfinishedFiles);
        for (int caller = 0; caller < 7; caller++)
        {
            QuerySignals[] expected = [.. rows.Where((_, i) => i % 7 == caller)];
            CallerHistory found = Assert.Single(histories, history => history.Queries[0].Exact == expected[0].Exact);
            Assert.Equal(expected.Length, found.Queries.Length);
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.Equal(expected[i].Exact, found.Queries[i].Exact);
                Assert.Equal(expected[i].SimHash, found.Queries[i].SimHash);
                Assert.Equal(expected[i].Label, found.Queries[i].Label);
                Assert.Equal(((ReadOnlySpan<float>)expected[i].Scalars).ToArray(), ((ReadOnlySpan<float>)found.Queries[i].Scalars).ToArray());
            }

            Assert.NotEqual(Key(caller).Low, found.Caller);
            Assert.NotEqual(Key(caller).High, found.Caller);
        }
    }

    [Fact]
    public void A_log_is_not_taken_twice_under_another_name_either()
    {
        string path = Record(CalibrationCases.Rows(20, stream: 31), callers: 2);
        string copy = Write("copy", File.ReadAllBytes(path));

        foreach (string again in new[] { path, copy })
        {
            Assert.Equal(DetectionFileFault.Malformed, Assert.Throws<DetectionFileException>(() => Open(path, again)).Fault);
        }
    }

    [Fact]
    public void Callers_that_do_not_fit_are_left_out_whole()
    {
        DetectionLogReader log = Open(Record(CalibrationCases.Rows(700, stream: 31), callers: 7));

        Assert.Equal(3, log.ReadCallers(mostQueries: 350).Length);
        Assert.All(log.ReadCallers(mostQueries: 350), history => Assert.Equal(100, history.Queries.Length));
    }

    [Fact]
    public void A_truncated_tail_loses_one_block_and_a_truncated_header_the_file()
    {
        byte[] file = File.ReadAllBytes(Record(CalibrationCases.Rows(1_100, stream: 32), callers: 5));
        int header = HeaderLength(file);
        for (int length = 0; length < file.Length; length += length < header + 40 ? 1 : 401)
        {
            string path = Write("cut", file[..length]);
            if (length < header)
            {
                Assert.Equal(DetectionFileFault.Truncated, Assert.Throws<DetectionFileException>(() => Open(path)).Fault);
                continue;
            }

            long whole = (length - header) / DetectionLogFormat.LargestBlock;
            if (whole == 0)
            {
                Assert.Equal(DetectionFileFault.NoCallers, Assert.Throws<DetectionFileException>(() => Open(path)).Fault);
            }
            else
            {
                DetectionLogReader log = Open(path);
                Assert.Equal(1, log.UnfinishedFiles);
                Assert.InRange(log.Queries, whole * 512, Math.Min((whole * 512) + 511, 1_100));
            }
        }
    }

    [Fact]
    public void Every_change_is_found()
    {
        byte[] file = File.ReadAllBytes(Record(CalibrationCases.Rows(1_100, stream: 33), callers: 5));
        for (int place = 0; place < file.Length; place += place < 300 ? 1 : 997)
        {
            byte[] flipped = [.. file];
            flipped[place] ^= 16;
            string path = Write("flipped", flipped);
            Assert.True(IsRefused(path, out DetectionLogReader? log) || log!.UnfinishedFiles == 1, $"byte {place}");
        }

        // A block left out, and two exchanged: each block's code goes on from the one before it.
        int first = HeaderLength(file);
        int second = first + DetectionLogFormat.LargestBlock;
        int third = second + DetectionLogFormat.LargestBlock;
        Assert.True(IsRefused(Write("without", [.. file[..first], .. file[second..]]), out _));
        Assert.True(IsRefused(Write("exchanged", [.. file[..first], .. file[second..third], .. file[first..second], .. file[third..]]), out _));
        Assert.True(IsRefused(Write("longer", [.. file, 0]), out _));
    }

    [Fact]
    public void Another_model_key_profile_or_version_is_told()
    {
        string path = Record(CalibrationCases.Rows(20, stream: 34), callers: 2);
        string other = Record(CalibrationCases.Rows(20, stream: 34), callers: 2, profile: Profile + 1);
        byte[] newer = File.ReadAllBytes(path);
        newer[4] = 2;
        using ShieldSecret secret = new(TestShield.Secret(1));
        using ShieldSecret otherSecret = new(TestShield.Secret(2));

        Assert.Equal(DetectionFileFault.OtherModel, Assert.Throws<DetectionFileException>(() => DetectionLogReader.Open([path], "other", secret)).Fault);
        Assert.Equal(DetectionFileFault.OtherKey, Assert.Throws<DetectionFileException>(() => DetectionLogReader.Open([path], CalibrationCases.Model, otherSecret)).Fault);
        Assert.Equal(DetectionFileFault.OtherProfile, Assert.Throws<DetectionFileException>(() => Open(path, other)).Fault);
        Assert.Equal(DetectionFileFault.OtherProfile, Assert.Throws<DetectionFileException>(() => Open(path).RequireProfile(1)).Fault);
        Assert.Equal(DetectionFileFault.UnknownVersion, Assert.Throws<DetectionFileException>(() => Open(path, Write("newer", newer))).Fault);
        Assert.Equal(DetectionFileFault.NotADetectionFile, Assert.Throws<DetectionFileException>(() => Open(Write("text", "caller,label\n"u8.ToArray()))).Fault);
    }

    [Fact]
    public void A_log_can_be_read_from_its_beginning_on()
    {
        string early = Path.Combine(_folder, "early");
        string path = Path.Combine(_folder, "open");
        using (Recorder(path))
        {
            using FileStream open = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using FileStream copy = File.Create(early);
            open.CopyTo(copy);
        }

        byte[] file = File.ReadAllBytes(early);
        Assert.NotEmpty(file);
        Assert.Equal(HeaderLength(file), file.Length);
    }

    [Fact]
    public void Times_that_go_backwards_are_counted()
    {
        string path = Path.Combine(_folder, "back");
        using (DetectionRecorder recorder = Recorder(path))
        {
            foreach (long second in (long[])[5, 7, 6, 9, 2, 3])
            {
                recorder.Record(Key(1), second * 1_000_000_000, CalibrationCases.Rows(1, stream: 1)[0]);
            }
        }

        Assert.Equal(2, Open(path).BackwardTimes);
    }

    [Fact]
    public void A_share_of_the_callers_is_recorded_whole()
    {
        string path = Path.Combine(_folder, "share");
        QuerySignals query = CalibrationCases.Rows(1, stream: 1)[0];
        using (DetectionRecorder recorder = Recorder(path, share: .25))
        {
            for (int i = 0; i < 4_000; i++)
            {
                recorder.Record(Key(i % 400), 0, in query);
            }
        }

        DetectionLogReader log = Open(path);
        Assert.InRange(log.Callers, 66, 134); // 100 of 400, four standard deviations of 8.7
        Assert.Equal(10 * log.Callers, log.Queries);
    }

    [Fact]
    public void A_recorder_that_cannot_write_says_so_once_and_harms_no_query()
    {
        using RecordingLoggerFactory logger = new();
        QuerySignals query = CalibrationCases.Rows(1, stream: 1)[0];
        using DetectionKey key = LogKey();
        DetectionRecorder recorder = new(Path.Combine(_folder, "no", "such", "folder"), key, Profile, 1, 1 << 30, TimeProvider.System, logger);
        recorder.Record(Key(1), 0, in query);
        recorder.Record(Key(1), 0, in query);
        recorder.Dispose();
        recorder.Dispose();
        recorder.Record(Key(1), 0, in query);

        Assert.True(recorder.HasEnded);
        Assert.Equal(3, recorder.Dropped);
        Assert.Single(logger.Messages("RecordingEnded"));
    }

    [Fact]
    public void Files_are_kept_and_bytes_are_limited_over_all_of_them()
    {
        string path = Path.Combine(_folder, "many");
        QuerySignals query = CalibrationCases.Rows(1, stream: 1)[0];
        for (int run = 0; run < 3; run++)
        {
            using DetectionRecorder recorder = Recorder(path, mostBytes: 300_000);
            for (int i = 0; i < 4_000; i++)
            {
                recorder.Record(Key(i), 0, in query);
            }
        }

        string[] files = [path, path + ".1", path + ".2"];
        Assert.InRange(files.Sum(file => new FileInfo(file).Length), 150_000, 300_000);
        Assert.Equal(0, Open(path).UnfinishedFiles);
        Assert.InRange(Open(path).Queries, 1_000, 3_400);
    }

    [Fact]
    public void Recording_allocates_nothing_and_counts_what_does_not_fit()
    {
        QuerySignals query = CalibrationCases.Rows(1, stream: 1)[0];
        using DetectionKey key = LogKey();
        using DetectionRecorder recorder = new(Path.Combine(_folder, "small"), key, Profile, 1, 1 << 30, TimeProvider.System, NullLogger.Instance, capacity: 8);
        CallerKey caller = Key(1);

        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 1_000; i++)
            {
                recorder.Record(caller, i, in query);
            }
        }));
        Assert.True(recorder.Dropped > 0);
    }

    [Fact]
    public void Every_query_is_in_the_log_or_counted_as_dropped()
    {
        QuerySignals[] rows = CalibrationCases.Rows(1_000, stream: 35);
        string path = Path.Combine(_folder, "flood");
        using DetectionKey key = LogKey();
        DetectionRecorder recorder = new(path, key, Profile, 1, 1 << 30, TimeProvider.System, NullLogger.Instance, capacity: 64);
        Parallel.For(0, 4, thread =>
        {
            for (int i = 0; i < rows.Length; i++)
            {
                recorder.Record(Key(thread), i, in rows[i]);
            }
        });
        recorder.Dispose();

        Assert.Equal(4 * rows.Length, recorder.Recorded + recorder.Dropped);
        Assert.True(recorder.Dropped > 0);
        Assert.Equal(recorder.Recorded, Open(path).Queries);

        // What is left out is left out: the rest is in the order in which it was asked.
        foreach (CallerHistory history in Open(path).ReadCallers())
        {
            int[] places = [.. history.Queries.Select(query => Array.FindIndex(rows, row => row.Exact == query.Exact))];
            Assert.Equal(places.Order(), places);
            Assert.Equal(places.Distinct(), places);
        }
    }

    [Fact]
    public void What_the_limit_of_bytes_leaves_out_is_counted()
    {
        QuerySignals query = CalibrationCases.Rows(1, stream: 1)[0];
        string path = Path.Combine(_folder, "limited");
        DetectionRecorder recorder = Recorder(path, mostBytes: 200_000);
        for (int i = 0; i < 5_000; i++)
        {
            recorder.Record(Key(i), 0, in query);
        }

        recorder.Dispose();

        Assert.Equal(5_000, recorder.Recorded + recorder.Dropped);
        Assert.Equal(recorder.Recorded, Open(path).Queries);
        Assert.InRange(recorder.Recorded, 500, 2_500);
    }

    [Fact]
    public void A_record_holds_the_second_label_the_confidence_and_the_wall_clock()
    {
        QuerySignals query = CalibrationCases.Rows(1, stream: 1)[0];
        query.Second = 2;
        query.Scalars[(int)SignalScalar.LogConfidence] = -(float)Math.Log10(1 - .8 + 1e-7);
        ManualTimeProvider clock = new();
        string path = Path.Combine(_folder, "clock");
        using (DetectionKey key = LogKey())
        using (DetectionRecorder recorder = new(path, key, Profile, 1, 1 << 30, clock, NullLogger.Instance))
        {
            recorder.Record(Key(1), 7_000_000_000, in query);
            recorder.Record(Key(1), 12_500_000_000, in query);
        }

        byte[] file = File.ReadAllBytes(path);
        int first = HeaderLength(file) + DetectionLogFormat.BlockHeaderSize;
        long start = clock.GetUtcNow().ToUnixTimeSeconds();
        QuerySignals read = DetectionLogFormat.ReadRecord(file.AsSpan(first), out _, out long seconds);
        DetectionLogFormat.ReadRecord(file.AsSpan(first + DetectionLogFormat.RecordSize), out _, out long later);

        Assert.Equal((start, start + 5), (seconds, later));
        Assert.Equal(query.Second, read.Second);
        Assert.Equal(.8f, read.Confidence, 1e-5f);
    }

    private static CallerKey Key(int caller)
    {
        SeededRandom random = new(99, (ulong)caller);
        return new CallerKey(random.NextUInt64(), random.NextUInt64());
    }

    private static DetectionKey LogKey()
    {
        using ShieldSecret secret = new(TestShield.Secret(1));
        return DetectionKey.Of(secret, CalibrationCases.Model);
    }

    private static int HeaderLength(byte[] file) =>
        DetectionLogFormat.FixedHeaderSize + DetectionLogFormat.SealSize
        + BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(24)) + BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(26)) + BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(28));

    private static DetectionLogReader Open(params string[] paths)
    {
        using ShieldSecret secret = new(TestShield.Secret(1));
        return DetectionLogReader.Open(paths, CalibrationCases.Model, secret);
    }

    private static bool IsRefused(string path, out DetectionLogReader? log)
    {
        log = null;
        try
        {
            log = Open(path);
            return false;
        }
        catch (DetectionFileException)
        {
            return true;
        }
    }

    private static DetectionRecorder Recorder(string path, double share = 1, long mostBytes = 1 << 30, ulong profile = Profile)
    {
        using DetectionKey key = LogKey();
        return new DetectionRecorder(path, key, profile, share, mostBytes, TimeProvider.System, NullLogger.Instance);
    }

    private string Record(QuerySignals[] rows, int callers, ulong profile = Profile)
    {
        string path = Path.Combine(_folder, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"log{profile}"));
        using DetectionRecorder recorder = Recorder(path, profile: profile);
        for (int i = 0; i < rows.Length; i++)
        {
            recorder.Record(Key(i % callers), i * 1_000_000_000L, in rows[i]);
        }

        return path;
    }

    private string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }
}

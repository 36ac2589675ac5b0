using System.Security.Cryptography;
using Xunit;

namespace InferenceShield.Tests;

public sealed class EvidenceListTests : IDisposable
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

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_was_recorded_is_read_in_order(bool keepInputs)
    {
        Write(count: 3_000, callers: 7, inputLength: 40, options => options.KeepInputs = keepInputs);

        EvidenceReader reader = EvidenceReader.Open(List, _key);
        EvidenceRecord[] read = [.. reader.Read()];

        Assert.Empty(reader.Missing);
        Assert.Equal(3_000, reader.Records);
        Assert.Equal(3_000, read.Length);
        for (int i = 0; i < read.Length; i++)
        {
            EvidenceRecord expected = EvidenceCases.Query(i, 7, 40) with { Time = s_start.AddMilliseconds(i) };
            Assert.Equal(expected with { Input = default }, read[i] with { Input = default });
            Assert.Equal(keepInputs ? expected.Input.ToArray() : [], read[i].Input.ToArray());
        }

        Assert.Equal((s_start, s_start.AddMilliseconds(2_999)), reader.Period);
        Assert.Equal(600, reader.CountByKinds[MarkKinds.NearTie | MarkKinds.Permutation]);
        Assert.Equal(7, reader.CountByCaller().Count);
        Assert.Equal(429, reader.CountByCaller()[EvidenceCases.Caller(0)]);
        Assert.Equal(429, reader.Read(EvidenceCases.Caller(0)).Count());
    }

    [Fact]
    public void An_exported_key_reads_the_list_and_files_hold_nothing_in_the_clear()
    {
        Write(count: 200, callers: 3, inputLength: 64, options => options.KeepInputs = true);
        byte[] exported = new byte[EvidenceKey.Size];
        _key.Export(exported);
        using EvidenceKey imported = EvidenceKey.Import(exported, _key.KeyId, _key.Model);

        Assert.Equal(200, EvidenceReader.Open(List, imported).Records);
        ReadOnlySpan<byte> file = File.ReadAllBytes(Single());
        for (int i = 0; i < 200; i++)
        {
            EvidenceRecord query = EvidenceCases.Query(i, 3, 64);
            Assert.Equal(-1, file.IndexOf(query.Input.Span[..16]));
            Assert.Equal(-1, file.IndexOf(BitConverter.GetBytes(query.Digest.Low)));
            Assert.Equal(-1, file.IndexOf(BitConverter.GetBytes(query.Caller.Low)));
        }
    }

    [Fact]
    public void Inputs_are_found_by_their_digests()
    {
        Write(count: 100, callers: 4, inputLength: 0);
        InputDigest[] log = [.. Enumerable.Range(0, 10).Select(i => EvidenceCases.Query(i * 20, 4, 0).Digest)];

        EvidenceReader reader = EvidenceReader.Open(List, _key);
        IReadOnlyList<EvidenceMatch> matches = reader.Match(log, EvidenceDigestKind.Row);

        Assert.Equal([0, 1, 2, 3, 4], matches.Select(match => match.Row));
        Assert.All(matches, match => Assert.Equal(log[match.Row], match.Record.Digest));
        Assert.Empty(reader.Match(log, EvidenceDigestKind.Mark));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.Match(log, EvidenceDigestKind.None));
    }

    [Fact]
    public void A_cut_segment_keeps_what_is_whole_and_says_what_is_missing()
    {
        Write(count: 4_000, callers: 5, inputLength: 0);
        byte[] file = File.ReadAllBytes(Single());
        int header = HeaderLength;
        long before = -1;
        for (int length = 0; length < file.Length; length += length < header ? 1 : 4_999)
        {
            File.WriteAllBytes(Single(), file[..length]);
            if (length < header)
            {
                EvidenceFileFault fault = Assert.Throws<EvidenceFileException>(() => EvidenceReader.Open(List, _key)).Fault;
                Assert.Equal(length < 4 ? EvidenceFileFault.NotAnEvidenceFile : EvidenceFileFault.Truncated, fault);
                continue;
            }

            EvidenceReader reader = EvidenceReader.Open(List, _key);
            string missing = Assert.Single(reader.Missing);
            Assert.Contains($"{reader.Records:N0} queries", missing, StringComparison.Ordinal);
            Assert.Equal(reader.Records, reader.Read().Count());
            Assert.False(reader.Segments[0].IsComplete);
            Assert.InRange(reader.Records, Math.Max(before, 0), 4_000);
            before = reader.Records;
        }

        Assert.InRange(before, 2_000, 3_999);
    }

    [Fact]
    public void Every_change_is_noticed_and_what_is_before_it_is_kept()
    {
        Write(count: 4_000, callers: 5, inputLength: 0);
        byte[] file = File.ReadAllBytes(Single());
        EvidenceRecord[] whole = [.. EvidenceReader.Open(List, _key).Read()];
        for (int place = 0; place < file.Length; place += place < HeaderLength ? 1 : 9_973)
        {
            byte[] flipped = [.. file];
            flipped[place] ^= 16;
            File.WriteAllBytes(Single(), flipped);
            if (place < HeaderLength)
            {
                Assert.Throws<EvidenceFileException>(() => EvidenceReader.Open(List, _key));
                continue;
            }

            EvidenceReader reader = EvidenceReader.Open(List, _key);
            Assert.Single(reader.Missing);
            Assert.Equal(whole[..(int)reader.Records].Select(record => record.Digest), reader.Read().Select(record => record.Digest));
        }

        // Blocks of the same length that change places, one left out, and bytes behind the end.
        int block = EvidenceWriter.SizeOf(1_024 * EvidenceFormat.RecordSize);
        int second = HeaderLength + block;
        Assert.Single(Reopen([.. file[..HeaderLength], .. file[second..(second + block)], .. file[HeaderLength..second], .. file[(second + block)..]]).Missing);
        Assert.Single(Reopen([.. file[..HeaderLength], .. file[second..]]).Missing);
        EvidenceReader longer = Reopen([.. file, 0]);
        Assert.Single(longer.Missing);
        Assert.Equal(4_000, longer.Records);

        EvidenceReader Reopen(byte[] bytes)
        {
            File.WriteAllBytes(Single(), bytes);
            return EvidenceReader.Open(List, _key);
        }
    }

    [Fact]
    public void A_segment_that_is_gone_or_replaced_is_noticed()
    {
        Write(count: 40_000, callers: 5, inputLength: 0, options => (options.MostBytes, options.MostPerCaller) = (6 << 20, 100_000));
        string[] paths = [.. EvidenceReader.Open(List, _key).Segments.Select(segment => segment.Path)];
        Assert.True(paths.Length >= 4);
        byte[] third = File.ReadAllBytes(paths[2]);

        File.Delete(paths[2]);
        Assert.Contains("1 segments between", Assert.Single(EvidenceReader.Open(List, _key).Missing), StringComparison.Ordinal);
        File.WriteAllBytes(paths[2], third);
        Assert.Empty(EvidenceReader.Open(List, _key).Missing);
        File.Delete(paths[0]);
        Assert.Contains("1 segments that were written before", Assert.Single(EvidenceReader.Open(List, _key).Missing), StringComparison.Ordinal);
        File.Copy(paths[2], EvidenceFormat.PathOf(List, 999));
        Assert.Contains(EvidenceReader.Open(List, _key).Missing, line => line.Contains("there twice", StringComparison.Ordinal));
    }

    [Fact]
    public void Another_model_key_or_version_is_told()
    {
        Write(count: 10, callers: 2, inputLength: 0);
        using EvidenceKey otherModel = EvidenceCases.Key(model: "other");
        using EvidenceKey otherKey = EvidenceCases.Key(secret: 2);
        byte[] wrong = new byte[EvidenceKey.Size];
        using EvidenceKey sameId = EvidenceKey.Import(wrong, _key.KeyId, _key.Model);

        Assert.Equal(EvidenceFileFault.OtherModel, Fault(otherModel));
        Assert.Equal(EvidenceFileFault.OtherKey, Fault(otherKey));
        Assert.Equal(EvidenceFileFault.NotAuthentic, Fault(sameId));
        byte[] newer = File.ReadAllBytes(Single());
        newer[4] = 2;
        File.WriteAllBytes(Single(), newer);
        Assert.Equal(EvidenceFileFault.UnknownVersion, Fault(_key));
        File.WriteAllText(Single(), "caller,label");
        Assert.Equal(EvidenceFileFault.NotAnEvidenceFile, Fault(_key));
        File.Delete(Single());
        Assert.Equal(EvidenceFileFault.NotFound, Fault(_key));

        EvidenceFileFault Fault(EvidenceKey key) => Assert.Throws<EvidenceFileException>(() => EvidenceReader.Open(List, key)).Fault;
    }

    [Fact]
    public void After_a_rotation_each_key_reads_its_own_segments()
    {
        using EvidenceKey next = EvidenceCases.Key(secret: 2);
        Write(count: 10, callers: 2, inputLength: 0);
        Write(count: 30, callers: 2, inputLength: 0, key: next);

        EvidenceReader old = EvidenceReader.Open(List, _key);
        EvidenceReader later = EvidenceReader.Open(List, next);

        Assert.Equal((10, 30), (old.Records, later.Records));
        Assert.Contains(next.KeyId, Assert.Single(old.Missing), StringComparison.Ordinal);
        Assert.Equal(old.ComputeSha256(), later.ComputeSha256());
    }

    [Fact]
    public void The_sha256_is_that_of_the_segments()
    {
        Write(count: 10, callers: 2, inputLength: 0);
        Write(count: 10, callers: 2, inputLength: 0);
        EvidenceReader reader = EvidenceReader.Open(List, _key);
        byte[] expected = SHA256.HashData([.. reader.Segments.SelectMany(segment => SHA256.HashData(File.ReadAllBytes(segment.Path)))]);

        Assert.Equal(2, reader.Segments.Count);
        Assert.Equal(expected, reader.ComputeSha256());
    }

    [Fact]
    public void An_erased_caller_is_gone_and_the_rest_is_whole()
    {
        Write(count: 40_000, callers: 5, inputLength: 0, options => (options.MostBytes, options.MostPerCaller) = (6 << 20, 100_000));
        EvidenceReader reader = EvidenceReader.Open(List, _key);
        InputDigest[] expected = [.. reader.Read().Where(record => record.Caller != EvidenceCases.Caller(2)).Select(record => record.Digest)];
        byte[] before = reader.ComputeSha256();

        Assert.Equal(8_000, reader.Erase(EvidenceCases.Caller(2)));

        foreach (EvidenceReader after in new[] { reader, EvidenceReader.Open(List, _key) })
        {
            Assert.Empty(after.Missing);
            Assert.Equal(32_000, after.Records);
            Assert.Equal(expected, after.Read().Select(record => record.Digest));
            Assert.DoesNotContain(EvidenceCases.Caller(2), after.CountByCaller().Keys);
            Assert.All(after.Segments, segment => Assert.True(segment.IsRewritten));
            Assert.NotEqual(before, after.ComputeSha256());
        }

        Assert.All(Directory.GetFiles(_folder), file => Assert.DoesNotContain(".new", file, StringComparison.Ordinal));
    }

    [Fact]
    public void A_list_that_is_being_written_can_be_read_and_not_rewritten()
    {
        using EvidenceRecorder recorder = EvidenceCases.Recorder(List, _clock);
        for (int i = 0; i < 100; i++)
        {
            recorder.Record(EvidenceCases.Query(i, 3, 0), now: i);
        }

        recorder.WaitFor(100);
        EvidenceReader reader = EvidenceReader.Open(List, _key);

        Assert.Equal(100, reader.Records);
        Assert.Contains("no end", Assert.Single(reader.Missing), StringComparison.Ordinal);
        Assert.Throws<IOException>(() => reader.Erase(EvidenceCases.Caller(0)));
        Assert.Equal(100, reader.Read().Count());
    }

    private int HeaderLength => EvidenceFormat.FixedHeaderSize + _key.Model.Length + _key.KeyId.Length + EvidenceFormat.TagSize;

    private string Single() => EvidenceFormat.PathOf(List, 1);

    private void Write(int count, int callers, int inputLength, Action<EvidenceOptions>? configure = null, EvidenceKey? key = null)
    {
        using EvidenceRecorder recorder = EvidenceCases.Recorder(List, _clock, configure, key ?? _key, buffer: 1 << 24);
        for (int i = 0; i < count; i++)
        {
            recorder.Record(EvidenceCases.Query(i, callers, inputLength), now: 1_000_000L * i);
        }

        recorder.Dispose();
        Assert.Equal(count, recorder.Statistics.Recorded);
    }
}

using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;

namespace InferenceShield.Lab.Tests;

public sealed class EvidenceDigestTests : IDisposable
{
    private readonly OwnershipSample _sample = new();
    private readonly TestAuthority _authority = new();
    private readonly EvidenceKey _key;

    public EvidenceDigestTests()
    {
        using ShieldSecret secret = new(OwnershipSample.Bytes(32, 1));
        _key = EvidenceKey.Of(secret, "fashion");
    }

    private string List => _sample.At("fashion.evidence");

    public void Dispose()
    {
        _key.Dispose();
        _sample.Dispose();
        _authority.Dispose();
    }

    [Fact]
    public void A_digest_goes_on_to_fit_a_list_that_grows_and_the_reader_stops_at_it()
    {
        EvidenceDigest digest = Written();
        Assert.Equal((150, "fashion", OwnershipSample.Time), (digest.Entries, digest.Model, digest.Time));
        Write(70, from: 500); // of a later process
        EvidenceReader reader = EvidenceReader.Open(List, _key);
        Assert.Equal(220, reader.Records);
        EvidenceBinding binding = digest.Bind(reader);
        Assert.Equal((digest.Id, 150, 0), (binding.Digest, binding.Entries, binding.Gone));
        Assert.Equal(Enumerable.Range(0, 150).Select(Digest), reader.Read().Select(record => record.Digest));

        digest.Save(_sample.At("a.digest"));
        Assert.Equal(digest.Id, EvidenceDigest.Load(_sample.At("a.digest")).Id);
        Assert.Throws<IOException>(() => digest.Save(_sample.At("a.digest")));
    }

    [Fact]
    public void It_goes_on_to_fit_a_segment_that_grows()
    {
        using EvidenceRecorder recorder = new(new EvidenceOptions { File = List }, _key, new Clock(OwnershipSample.Time), NullLogger.Instance);
        Record(recorder, 0, 40);
        EvidenceDigest digest = EvidenceDigest.Create(EvidenceReader.Open(List, _key));
        Assert.Equal(40, digest.Entries);
        Record(recorder, 40, 30);
        EvidenceReader reader = EvidenceReader.Open(List, _key);
        Assert.Equal(70, reader.Records);
        Assert.Equal(0, digest.Bind(reader).Gone);
        Assert.Equal(Enumerable.Range(0, 40).Select(Digest), reader.Read().Select(record => record.Digest));
    }

    [Fact]
    public void It_says_nothing_of_callers_or_inputs()
    {
        Write(100);
        EvidenceReader reader = EvidenceReader.Open(List, _key);
        string text = Encoding.UTF8.GetString(EvidenceDigest.Create(reader).File);
        Assert.Equal(["form", "key", "model", "segments", "software", "time", "version"], JsonNode.Parse(text)!.AsObject().Select(member => member.Key));
        Assert.Equal(["entries", "place", "run", "sha256", "start"], JsonNode.Parse(text)!["segments"]![0]!.AsObject().Select(member => member.Key));

        // The same queries under another salt have another digest, so that nobody who guesses them can tell.
        File.Delete(reader.Segments[0].Path);
        Write(100);
        Assert.NotEqual(
            JsonNode.Parse(text)!["segments"]![0]!["sha256"]!.GetValue<string>(),
            JsonNode.Parse(EvidenceDigest.Create(EvidenceReader.Open(List, _key)).File)!["segments"]![0]!["sha256"]!.GetValue<string>());
    }

    [Fact]
    public void Erased_and_gone_queries_are_counted()
    {
        EvidenceDigest digest = Written();
        EvidenceReader reader = EvidenceReader.Open(List, _key);
        long erased = reader.Erase(Caller(1));
        Assert.Equal(50, erased);
        reader = EvidenceReader.Open(List, _key);
        Assert.Equal(50, digest.Bind(reader).Gone);
        Assert.Equal(100, reader.Records);
        Assert.Equal(50, EvidenceDigest.Create(EvidenceReader.Open(List, _key)).Bind(EvidenceReader.Open(List, _key)).Gone); // one of a later day knows them as erased too

        File.Delete(EvidenceFormat.PathOf(List, 1)); // 100 queries, of which 33 are erased
        reader = EvidenceReader.Open(List, _key);
        Assert.Equal(100 + 17, digest.Bind(reader).Gone);
        Assert.Equal(33, reader.Records);
    }

    /// <summary>What who has the key can do to a list.</summary>
    public static TheoryData<string, string> Forgeries => new()
    {
        { "the same", "" },
        { "altered", "not as it was" },
        { "another input", "not as it was" },
        { "another caller", "not as it was" },
        { "another salt", "not as it was" },
        { "reordered", "not as it was" },
        { "one left out", "was cut: 99" },
        { "one left out, one put behind", "not as it was" },
        { "one put before", "not as it was" },
        { "half", "was cut: 50" },
    };

    [Theory]
    [MemberData(nameof(Forgeries))]
    public void A_list_that_was_forged_with_the_key_is_refused(string forgery, string expected)
    {
        EvidenceDigest digest = Written();
        Forge(EvidenceFormat.PathOf(List, 1), entries => forgery switch
        {
            "altered" => [With(entries[0], 40, 9), .. entries[1..]],
            "another input" => [.. entries[..99], With(entries[99], 50, 9)],
            "another caller" => [.. entries[..99], With(entries[99], 17, 9)],
            "another salt" => [.. entries[..99], With(entries[99], 70, 9)],
            "reordered" => [entries[1], entries[0], .. entries[2..]],
            "one left out" => entries[1..],
            "one left out, one put behind" => [.. entries[1..], entries[0]],
            "one put before" => [entries[0], .. entries],
            "half" => entries[..50],
            _ => entries,
        });
        EvidenceReader reader = EvidenceReader.Open(List, _key);
        if (expected.Length == 0)
        {
            Assert.Equal(0, digest.Bind(reader).Gone); // so it is what was forged that the others are refused for
            return;
        }

        RequireFault(expected, () => digest.Bind(reader));
    }

    [Fact]
    public void Files_that_change_their_numbers_change_nothing()
    {
        EvidenceDigest digest = Written();
        File.Move(EvidenceFormat.PathOf(List, 1), EvidenceFormat.PathOf(List, 7));
        EvidenceReader reader = EvidenceReader.Open(List, _key);
        Assert.NotEqual(Enumerable.Range(0, 150).Select(Digest), reader.Read().Select(record => record.Digest));
        Assert.Equal(0, digest.Bind(reader).Gone);
        Assert.Equal(Enumerable.Range(0, 150).Select(Digest), reader.Read().Select(record => record.Digest)); // the digest's order, so that what is drawn of them stays

        File.Copy(EvidenceFormat.PathOf(List, 7), EvidenceFormat.PathOf(List, 8));
        Assert.Contains("twice", Assert.Throws<ArgumentException>(() => digest.Bind(EvidenceReader.Open(List, _key))).Message, StringComparison.Ordinal);
        Assert.Contains("twice", Assert.Throws<ArgumentException>(() => EvidenceDigest.Create(EvidenceReader.Open(List, _key))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cut_files_and_other_lists_are_refused()
    {
        EvidenceDigest digest = Written();
        string file = EvidenceFormat.PathOf(List, 1);
        byte[] whole = File.ReadAllBytes(file);
        File.WriteAllBytes(file, whole[..(whole.Length / 2)]);
        RequireFault("was cut", () => digest.Bind(EvidenceReader.Open(List, _key)));
        whole[whole.Length / 2] ^= 1;
        File.WriteAllBytes(file, whole);
        RequireFault("was cut", () => digest.Bind(EvidenceReader.Open(List, _key)));

        // The same queries, written by another process.
        File.Delete(file);
        File.Delete(EvidenceFormat.PathOf(List, 2));
        Write(100);
        Write(50, from: 100);
        RequireFault("None of the digest's segments", () => digest.Bind(EvidenceReader.Open(List, _key)));

        using ShieldSecret secret = new(OwnershipSample.Bytes(32, 1));
        using EvidenceKey letters = EvidenceKey.Of(secret, "letters");
        string other = _sample.At("letters.evidence");
        new EvidenceRecorder(new EvidenceOptions { File = other }, letters, new Clock(OwnershipSample.Time), NullLogger.Instance).Dispose();
        Write(1, list: other, key: letters);
        RequireFault("of model 'fashion'", () => digest.Bind(EvidenceReader.Open(other, letters)));
    }

    [Fact]
    public void What_is_no_digest_is_refused()
    {
        string text = Encoding.UTF8.GetString(Written().File);
        foreach ((string part, string other, OwnershipFileFault fault) in new[]
        {
            ("\"version\":1", "\"version\":9", OwnershipFileFault.Version), ("evidence digest", "other", OwnershipFileFault.Unreadable), ("\"entries\":100", "\"entries\":-1", OwnershipFileFault.Unreadable),
            ("\"place\":0", "\"place\":\"0\"", OwnershipFileFault.Unreadable), ("\"segments\":[", "\"segments\":[],\"was\":[", OwnershipFileFault.Unreadable),
            ("\"segments\":[", "\"segments\":[null,", OwnershipFileFault.Unreadable), ("\"sha256\":\"", "\"sha256\":\"zz", OwnershipFileFault.Unreadable), ("{", "", OwnershipFileFault.Unreadable),
        })
        {
            Assert.Contains(part, text, StringComparison.Ordinal);
            byte[] bytes = Encoding.UTF8.GetBytes(text.Replace(part, other, StringComparison.Ordinal));
            Assert.Equal(fault, Assert.Throws<OwnershipFileException>(() => EvidenceDigest.Parse(bytes, "it")).Fault);
        }

        JsonNode twice = JsonNode.Parse(text)!;
        twice["segments"]!.AsArray().Add(twice["segments"]![0]!.DeepClone());
        Assert.Contains("twice", Assert.Throws<OwnershipFileException>(() => EvidenceDigest.Parse(CanonicalJson.Write(twice), "it")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_stamped_as_a_commitment_is()
    {
        EvidenceDigest digest = Written();
        byte[] request = CommitmentTimestamp.CreateRequest(digest);
        byte[] response = _authority.Answer(request, OwnershipSample.Time.AddHours(1));
        Assert.Equal((OwnershipSample.Time.AddHours(1), "CN=Test root"), (CommitmentTimestamp.Verify(digest, request, response, [_authority.Root]).Time, CommitmentTimestamp.Verify(digest, request, response, [_authority.Root]).Root));
        Write(10, from: 600);
        EvidenceDigest next = EvidenceDigest.Create(EvidenceReader.Open(List, _key));
        OwnershipFileException other = Assert.Throws<OwnershipFileException>(() => CommitmentTimestamp.Verify(next, request, response));
        Assert.Contains($"not for the evidence digest {next.Id}", other.Message, StringComparison.Ordinal);
        Assert.Throws<OwnershipFileException>(() => CommitmentTimestamp.Verify(_sample.Commitment, request, response));
    }

    /// <summary>100 queries of one process and 50 of another, of three callers.</summary>
    private EvidenceDigest Written()
    {
        Write(100);
        Write(50, from: 100);
        return EvidenceDigest.Create(EvidenceReader.Open(List, _key), new Clock(OwnershipSample.Time));
    }

    private void Write(int count, int from = 0, string? list = null, EvidenceKey? key = null)
    {
        using EvidenceRecorder recorder = new(new EvidenceOptions { File = list ?? List }, key ?? _key, new Clock(OwnershipSample.Time), NullLogger.Instance);
        Record(recorder, from, count);
    }

    private static void Record(EvidenceRecorder recorder, int from, int count)
    {
        long settled = recorder.Statistics.Recorded + count;
        for (int i = from; i < from + count; i++)
        {
            recorder.Record(Caller(i % 3), Posture.Normal, i, 0, new MarkedRow { Kinds = MarkKinds.NearTie, Clean = 1, Released = 2, Other = 1 }, EvidenceDigestKind.Row, Digest(i), []);
        }

        Assert.True(SpinWait.SpinUntil(() => recorder.Statistics.Recorded >= settled, TimeSpan.FromSeconds(30)));
    }

    private static InputDigest Digest(int i) => new((ulong)i + 1, 77);

    private static CallerKey Caller(int i) => new((ulong)i + 5, 8);

    /// <summary>Writes a segment anew under the list's key, with salts as erasing keeps them.</summary>
    private void Forge(string path, Func<byte[][], byte[][]> change)
    {
        List<byte[]> entries = [];
        EvidenceHeader header;
        using (EvidenceSegmentReader reader = new(path, _key))
        {
            header = reader.Header;
            while (reader.TryRead(out ReadOnlySpan<byte> records))
            {
                while (reader.TryTake(ref records, out EvidenceEntry entry))
                {
                    byte[] salt = new byte[EvidenceFormat.LeafSize];
                    reader.WriteSalt(in entry, salt);
                    byte[] bytes = [.. entry.Record, .. salt];
                    BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length);
                    entries.Add(bytes);
                }
            }
        }

        using EvidenceWriter writer = new(new FileStream(path, FileMode.Create), header with { IsRewritten = true }, _key);
        writer.Write([.. change([.. entries]).SelectMany(bytes => bytes)]);
        writer.End();
    }

    private static byte[] With(byte[] bytes, int at, byte value)
    {
        byte[] changed = [.. bytes];
        changed[at] ^= value;
        return changed;
    }

    private static void RequireFault(string expected, Action act)
    {
        OwnershipFileException exception = Assert.Throws<OwnershipFileException>(act);
        Assert.Equal(OwnershipFileFault.OtherList, exception.Fault);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    private sealed class Clock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}

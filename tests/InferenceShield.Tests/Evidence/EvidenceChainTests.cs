using System.Buffers.Binary;
using System.Security.Cryptography;
using Xunit;

namespace InferenceShield.Tests;

public sealed class EvidenceChainTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;
    private readonly EvidenceKey _key = EvidenceCases.Key();

    private string List => Path.Combine(_folder, "model.evidence");

    public void Dispose()
    {
        _key.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact] // an independent reading of docs/evidence.md
    public void The_chain_is_that_of_the_format()
    {
        Write(300);
        EvidenceReader reader = EvidenceReader.Open(List, _key);
        byte[] header = File.ReadAllBytes(reader.Segments[0].Path)[..88];
        byte[] exported = new byte[EvidenceKey.Size];
        _key.Export(exported);
        byte[] saltKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, exported, 32, header[52..84], "InferenceShield/evidence/entry"u8.ToArray());
        byte[] chain = SHA256.HashData([.. "InferenceShield/evidence/1\n"u8, .. header[16..32], .. header[32..36], .. header[8..16]]);
        long place = 0;
        foreach (EvidenceRecord record in reader.Read())
        {
            byte[] salt = HMACSHA256.HashData(saltKey, BitConverter.GetBytes(place++));
            chain = SHA256.HashData([.. chain, .. HMACSHA256.HashData(salt, Encode(record))]);
        }

        EvidenceChain found = reader.ReadChain(reader.Segments[0]);
        Assert.Equal((300, 0), (found.Entries, found.Erased));
        Assert.Equal(Convert.ToHexString(chain), Convert.ToHexString(found.Digest));
        Assert.Equal(120, reader.ReadChain(reader.Segments[0], most: 120).Entries);
        Assert.NotEqual(Convert.ToHexString(chain), Convert.ToHexString(reader.ReadChain(reader.Segments[0], most: 299).Digest));
    }

    [Fact]
    public void The_chain_begins_with_run_place_and_time()
    {
        byte[] run = [.. Enumerable.Range(1, 16).Select(value => (byte)value)];
        byte[] start = SHA256.HashData([.. "InferenceShield/evidence/1\n"u8, .. run, 3, 1, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0]);
        EvidenceChain chain = new(new EvidenceHeader { Run = run, Place = 0x103, Start = (1L << 32) + 7 });
        Assert.Equal(Convert.ToHexString(start), Convert.ToHexString(chain.Digest));
    }

    [Fact]
    public void Erased_entries_leave_their_leaves_and_nothing_else()
    {
        Write(2_000, inputLength: 40);
        EvidenceReader reader = EvidenceReader.Open(List, _key);
        string before = Convert.ToHexString(reader.ReadChain(reader.Segments[0]).Digest);
        EvidenceRecord[] all = [.. reader.Read()];
        long length = new FileInfo(reader.Segments[0].Path).Length;
        foreach ((int caller, int erased) in new[] { (2, 400), (3, 800) }) // twice, as salts are then read from the segment
        {
            Assert.Equal(400, reader.Erase(EvidenceCases.Caller(caller)));
            EvidenceRecord[] expected = [.. all.Where(record => Enumerable.Range(2, caller - 1).All(gone => record.Caller != EvidenceCases.Caller(gone)))];
            foreach (EvidenceReader after in new[] { reader, EvidenceReader.Open(List, _key) })
            {
                EvidenceChain chain = after.ReadChain(after.Segments[0]);
                Assert.Equal(before, Convert.ToHexString(chain.Digest));
                Assert.Equal((2_000, erased), (chain.Entries, chain.Erased));
                Assert.Equal((2_000 - erased, erased), (after.Segments[0].Records, after.Segments[0].Erased));
                Assert.Equal(expected.Select(record => record.Digest), after.Read().Select(record => record.Digest));
                Assert.Equal(expected.Select(record => Convert.ToHexString(record.Input.Span)), after.Read().Select(record => Convert.ToHexString(record.Input.Span)));
                Assert.Empty(after.Missing);
            }
        }

        Assert.Equal(0, reader.Erase(EvidenceCases.Caller(2)));
        Assert.Equal(length + (1_200 * 32) - (800 * (64 + 40 - 36)), new FileInfo(reader.Segments[0].Path).Length); // of an erased one 36 bytes are left, of a kept one its salt is added
    }

    [Fact]
    public void The_longest_input_is_kept_when_a_caller_is_erased()
    {
        Write(3, inputLength: EvidenceFormat.MostInput);
        EvidenceReader reader = EvidenceReader.Open(List, _key);
        Assert.Equal(1, reader.Erase(EvidenceCases.Caller(0)));
        Assert.Empty(reader.Missing);
        Assert.Equal([EvidenceFormat.MostInput, EvidenceFormat.MostInput], reader.Read().Select(record => record.Input.Length));
    }

    [Fact]
    public void A_reader_can_be_restricted_to_the_first_entries()
    {
        Write(2_000);
        Write(100); // of a second process
        EvidenceReader reader = EvidenceReader.Open(List, _key);
        InputDigest[] digests = [.. reader.Read().Select(record => record.Digest)];
        EvidenceSegment[] segments = [.. reader.Segments];
        reader.Restrict([(segments[1], 40), (segments[0], 1_500)]);
        Assert.Equal([.. digests[2_000..2_040], .. digests[..1_500]], reader.Read().Select(record => record.Digest));
        Assert.Equal((1_540, 1_540), (reader.Records, reader.CountByCaller().Values.Sum()));
        Assert.Equal(1_540, reader.CountByKinds.Values.Sum());
    }

    private void Write(int count, int inputLength = 0)
    {
        using EvidenceRecorder recorder = EvidenceCases.Recorder(List, new DatedTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero)), options => options.KeepInputs = inputLength > 0, _key, buffer: 1 << 24);
        for (int i = 0; i < count; i++)
        {
            recorder.Record(EvidenceCases.Query(i, 5, inputLength), now: 1_000_000L * i);
        }
    }

    /// <summary>A record without its length.</summary>
    private static byte[] Encode(EvidenceRecord record)
    {
        byte[] bytes = new byte[60];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)record.Kinds);
        bytes[2] = (byte)record.Posture;
        bytes[3] = (byte)record.DigestKind;
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(4), record.Time.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(12), record.Caller.Low);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(20), record.Caller.High);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(28), record.Output);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(32), record.Clean);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(36), record.Released);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(40), record.Other);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(44), record.Digest.Low);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(52), record.Digest.High);
        return [.. bytes, .. record.Input.Span];
    }
}

using System.Buffers.Binary;
using System.Security.Cryptography;

namespace InferenceShield;

/// <summary>Reads one segment of a list, block by block. Not thread-safe.</summary>
internal sealed class EvidenceSegmentReader : IDisposable
{
    private readonly FileStream _stream;
    private readonly AesGcm _cipher;
    private readonly byte[] _nonce = new byte[EvidenceFormat.NonceSize];
    private readonly byte[] _bound = new byte[EvidenceFormat.BlockHeaderSize + EvidenceFormat.TagSize];
    private readonly long _most;
    private byte[] _sealed = [];
    private byte[] _records = [];
    private readonly EvidenceKey _key;
    private byte[]? _saltKey;
    private long _place = 1;
    private long _entries;

    /// <param name="path">Of the segment. It may still be written to.</param>
    /// <param name="key">Of the model.</param>
    /// <param name="most">Bytes of it that are read.</param>
    /// <exception cref="EvidenceFileException">It is none, or not of this model and key.</exception>
    public EvidenceSegmentReader(string path, EvidenceKey key, long most = long.MaxValue)
    {
        _stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        _most = most;
        _key = key;
        try
        {
            (Header, _cipher) = ReadHeader(Path.GetFileName(path), key);
        }
        catch
        {
            _stream.Dispose();
            throw;
        }
    }

    public EvidenceHeader Header { get; }

    /// <summary>The latest tag that was read.</summary>
    public byte[] Tag { get; } = new byte[EvidenceFormat.TagSize];

    /// <summary>Blocks read, without the end.</summary>
    public int Blocks { get; private set; }

    /// <summary>Bytes of the header and of whole blocks read.</summary>
    public long Length { get; private set; }

    /// <summary>Whether the end was read.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>Why reading stopped before the end.</summary>
    public string? Missing { get; private set; }

    /// <summary>Reads the next block.</summary>
    /// <param name="records">Its records; valid until the next call.</param>
    /// <returns>False at the end, or where nothing more can be read.</returns>
    public bool TryRead(out ReadOnlySpan<byte> records)
    {
        records = default;
        if (IsEnded || Missing is not null)
        {
            return false;
        }

        Span<byte> head = _bound.AsSpan(0, EvidenceFormat.BlockHeaderSize);
        if (Length >= _most || Read(head) is 0)
        {
            return Stop("it has no end: its process ended without closing it, or is still writing, or blocks were cut off");
        }

        int length = BinaryPrimitives.ReadInt32LittleEndian(head);
        int flags = BinaryPrimitives.ReadInt32LittleEndian(head[4..]);
        if (length is < 0 or > EvidenceFormat.MostBlock)
        {
            return Stop("what follows is no block: it was changed");
        }

        Grow(length + EvidenceFormat.TagSize);
        Span<byte> block = _sealed.AsSpan(0, length + EvidenceFormat.TagSize);
        if (Read(block) < block.Length)
        {
            return Stop("it is cut within a block: its process ended while it wrote, or it was cut");
        }

        Tag.CopyTo(_bound, EvidenceFormat.BlockHeaderSize);
        EvidenceFormat.WriteNonce(_nonce, _place++);
        try
        {
            _cipher.Decrypt(_nonce, block[..length], block[length..], _records.AsSpan(0, length), _bound);
        }
        catch (AuthenticationTagMismatchException)
        {
            return Stop("what follows is not what was written there: it was changed, moved, left out, or brought from another file");
        }

        block[length..].CopyTo(Tag);
        Length += EvidenceFormat.BlockHeaderSize + block.Length;
        if (flags == EvidenceFormat.EndFlag)
        {
            IsEnded = true;
            Missing = _stream.ReadByte() < 0 ? null : "bytes follow its end, which are not read";
            return false;
        }

        Blocks++;
        records = _records.AsSpan(0, length);
        return true;
    }

    /// <summary>Takes one entry off what was read.</summary>
    public bool TryTake(ref ReadOnlySpan<byte> records, out EvidenceEntry entry)
    {
        entry = default;
        int length = records.Length < sizeof(int) ? 0 : BinaryPrimitives.ReadInt32LittleEndian(records);
        bool isErased = Header.IsRewritten && length == EvidenceFormat.ErasedSize;
        int salt = Header.IsRewritten && !isErased ? EvidenceFormat.LeafSize : 0;
        if (length > records.Length || (!isErased && length < EvidenceFormat.RecordSize + salt))
        {
            return false; // cannot be: the block is authentic
        }

        ReadOnlySpan<byte> bytes = records[..length];
        records = records[length..];
        entry = isErased ? new EvidenceEntry { Place = _entries++, Leaf = bytes[sizeof(int)..] }
            : new EvidenceEntry { Place = _entries++, Record = bytes[..(length - salt)], Salt = bytes[(length - salt)..] };
        return true;
    }

    /// <summary>The salt of an entry that was not erased.</summary>
    public void WriteSalt(in EvidenceEntry entry, Span<byte> salt)
    {
        if (!entry.Salt.IsEmpty)
        {
            entry.Salt.CopyTo(salt);
            return;
        }

        if (_saltKey is null)
        {
            _saltKey = new byte[EvidenceFormat.LeafSize];
            _key.Derive("entry", Header.Salt, _saltKey);
        }

        Span<byte> place = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(place, entry.Place);
        HMACSHA256.HashData(_saltKey, place, salt);
    }

    /// <summary>What a digest of the list takes of an entry: the same before and after it is erased, and after others are.</summary>
    public void WriteLeaf(in EvidenceEntry entry, Span<byte> leaf)
    {
        if (entry.IsErased)
        {
            entry.Leaf.CopyTo(leaf);
            return;
        }

        Span<byte> salt = stackalloc byte[EvidenceFormat.LeafSize];
        WriteSalt(in entry, salt);
        HMACSHA256.HashData(salt, entry.Record[sizeof(int)..], leaf); // without its length, which a salt behind it changes
        CryptographicOperations.ZeroMemory(salt);
    }

    public void Dispose()
    {
        _stream.Dispose();
        _cipher.Dispose();
        CryptographicOperations.ZeroMemory(_records);
        CryptographicOperations.ZeroMemory(_saltKey);
    }

    private bool Stop(string why)
    {
        Missing = why;
        return false;
    }

    private int Read(Span<byte> bytes) => _stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);

    private void Grow(int length)
    {
        if (_sealed.Length < length)
        {
            _sealed = new byte[length];
            _records = new byte[length];
        }
    }

    private (EvidenceHeader Header, AesGcm Cipher) ReadHeader(string name, EvidenceKey key)
    {
        byte[] head = new byte[EvidenceFormat.FixedHeaderSize];
        int read = Read(head);
        if (read < 4 || BinaryPrimitives.ReadUInt32LittleEndian(head) != EvidenceFormat.Magic)
        {
            throw new EvidenceFileException(EvidenceFileFault.NotAnEvidenceFile, $"'{name}' is no segment of a list of marked queries.");
        }

        if (read > 4 && head[4] != EvidenceFormat.Version)
        {
            throw new EvidenceFileException(EvidenceFileFault.UnknownVersion, $"'{name}' is of version {head[4]}; this library reads version {EvidenceFormat.Version}. Read it with the version that wrote it.");
        }

        int names = read < head.Length ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(head.AsSpan(84)) + BinaryPrimitives.ReadUInt16LittleEndian(head.AsSpan(86));
        byte[] rest = new byte[names + EvidenceFormat.TagSize];
        if (read < head.Length || Read(rest) < rest.Length)
        {
            throw new EvidenceFileException(EvidenceFileFault.Truncated, $"'{name}' is cut within its header. Nothing of it can be read.");
        }

        int modelLength = BinaryPrimitives.ReadUInt16LittleEndian(head.AsSpan(84));
        string model = CalibrationFile.Decode(rest.AsSpan(0, modelLength));
        string keyId = CalibrationFile.Decode(rest.AsSpan(modelLength, names - modelLength));
        if (model != key.Model)
        {
            throw new EvidenceFileException(EvidenceFileFault.OtherModel, $"'{name}' is of model '{model}', not '{key.Model}'. Give that model's name.");
        }

        if (keyId != key.KeyId)
        {
            throw new EvidenceFileException(EvidenceFileFault.OtherKey, $"'{name}' is of the secret '{keyId}', not '{key.KeyId}'. Give that secret.");
        }

        EvidenceHeader header = EvidenceFormat.ReadHeader(head);
        AesGcm cipher = EvidenceFormat.Cipher(key, header.Salt);
        try
        {
            EvidenceFormat.WriteNonce(_nonce, 0);
            cipher.Decrypt(_nonce, [], rest.AsSpan(names), [], [.. head, .. rest.AsSpan(0, names)]);
        }
        catch (AuthenticationTagMismatchException)
        {
            cipher.Dispose();
            throw new EvidenceFileException(EvidenceFileFault.NotAuthentic, $"The header of '{name}' is not what was written under the secret '{key.KeyId}'. It was changed, or the secret is another one with the same id.");
        }

        rest.AsSpan(names).CopyTo(Tag);
        Length = head.Length + rest.Length;
        return (header, cipher);
    }
}

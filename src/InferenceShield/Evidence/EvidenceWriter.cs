using System.Buffers.Binary;
using System.Security.Cryptography;

namespace InferenceShield;

/// <summary>Writes one segment of the list of marked queries, block by block. Not thread-safe.</summary>
internal sealed class EvidenceWriter : IDisposable
{
    private readonly Stream _stream;
    private readonly AesGcm _cipher;
    private readonly byte[] _tag = new byte[EvidenceFormat.TagSize];
    private readonly byte[] _nonce = new byte[EvidenceFormat.NonceSize];
    private readonly byte[] _bound = new byte[EvidenceFormat.BlockHeaderSize + EvidenceFormat.TagSize];
    private byte[] _block = new byte[1 << 16];
    private long _place;
    private bool _ended;

    /// <param name="stream">Disposed with the writer.</param>
    /// <param name="header">All but the salt.</param>
    /// <param name="key">Of the model.</param>
    public EvidenceWriter(Stream stream, EvidenceHeader header, EvidenceKey key)
    {
        _stream = stream;
        header = header with { Salt = RandomNumberGenerator.GetBytes(EvidenceFormat.SaltSize) };
        _cipher = EvidenceFormat.Cipher(key, header.Salt);
        byte[] bytes = EvidenceFormat.WriteHeader(in header, key);
        EvidenceFormat.WriteNonce(_nonce, _place++);
        _cipher.Encrypt(_nonce, [], [], _tag, bytes.AsSpan(0, bytes.Length - _tag.Length));
        _tag.CopyTo(bytes, bytes.Length - _tag.Length);
        stream.Write(bytes);
        stream.Flush(); // a process that dies early leaves a segment without records, not one that cannot be read
        Bytes = bytes.Length;
        Start = header.Start;
    }

    /// <summary>When it was begun, in milliseconds since 1970.</summary>
    public long Start { get; }

    /// <summary>Bytes written.</summary>
    public long Bytes { get; private set; }

    /// <summary>The latest tag: what the next segment is bound to.</summary>
    public ReadOnlySpan<byte> Tag => _tag;

    /// <summary>The bytes that a block of so many takes.</summary>
    public static int SizeOf(int records) => EvidenceFormat.BlockHeaderSize + records + EvidenceFormat.TagSize;

    /// <summary>Writes whole records as one block and hands it to the system.</summary>
    public void Write(ReadOnlySpan<byte> records) => WriteBlock(records, flags: 0);

    /// <summary>Writes the end, by which a reader knows that nothing is missing.</summary>
    public void End()
    {
        if (!_ended)
        {
            _ended = true;
            WriteBlock([], EvidenceFormat.EndFlag);
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _cipher.Dispose();
    }

    private void WriteBlock(ReadOnlySpan<byte> records, byte flags)
    {
        int length = SizeOf(records.Length);
        if (_block.Length < length)
        {
            _block = new byte[length];
        }

        Span<byte> block = _block.AsSpan(0, length);
        BinaryPrimitives.WriteInt32LittleEndian(block, records.Length);
        BinaryPrimitives.WriteInt32LittleEndian(block[4..], flags);
        block[..EvidenceFormat.BlockHeaderSize].CopyTo(_bound);
        _tag.CopyTo(_bound, EvidenceFormat.BlockHeaderSize);
        EvidenceFormat.WriteNonce(_nonce, _place++);
        _cipher.Encrypt(_nonce, records, block.Slice(EvidenceFormat.BlockHeaderSize, records.Length), _tag, _bound);
        _tag.CopyTo(block[(length - _tag.Length)..]);
        _stream.Write(block);
        _stream.Flush();
        Bytes += length;
    }
}

using System.Security.Cryptography;

namespace InferenceShield;

/// <summary>Writes one file of a log, block by block. Not thread-safe.</summary>
internal sealed class DetectionLogWriter : IDisposable
{
    private readonly Stream _stream;
    private readonly byte[] _sealKey;
    private readonly byte[] _seal = new byte[DetectionLogFormat.SealSize];
    private readonly byte[] _block = new byte[DetectionLogFormat.LargestBlock];
    private int _records;
    private int _place;
    private bool _closed;

    /// <param name="stream">Disposed with the writer.</param>
    /// <param name="key">Of the shield and model.</param>
    /// <param name="profile">Of the profile that measures.</param>
    /// <param name="seconds">Now, since 1970.</param>
    public DetectionLogWriter(Stream stream, DetectionKey key, ulong profile, long seconds)
    {
        _stream = stream;
        _sealKey = DetectionLogFormat.SealKey(key);
        byte[] header = DetectionLogFormat.WriteHeader(key, profile, seconds, _sealKey);
        header.AsSpan(header.Length - _seal.Length).CopyTo(_seal);
        stream.Write(header);
        stream.Flush(); // a process that dies early leaves a log without records, not one that cannot be read
        Bytes = header.Length;
    }

    /// <summary>Bytes written, without the block that is being filled.</summary>
    public long Bytes { get; private set; }

    public void Write(ulong caller, long seconds, in QuerySignals signals)
    {
        DetectionLogFormat.WriteRecord(
            _block.AsSpan(DetectionLogFormat.BlockHeaderSize + (_records * DetectionLogFormat.RecordSize), DetectionLogFormat.RecordSize), caller, seconds, in signals);
        if (++_records == DetectionLogFormat.MostBlockRecords)
        {
            EndBlock();
        }
    }

    /// <summary>Ends the block and hands it to the system.</summary>
    public void Flush()
    {
        if (_records > 0)
        {
            EndBlock();
        }

        _stream.Flush();
    }

    /// <summary>Writes the end, by which a reader knows that nothing is missing.</summary>
    public void Complete()
    {
        if (!_closed)
        {
            _closed = true;
            Flush();
            EndBlock();
            _stream.Flush();
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        CryptographicOperations.ZeroMemory(_sealKey);
    }

    private void EndBlock()
    {
        int length = DetectionLogFormat.BlockHeaderSize + (_records * DetectionLogFormat.RecordSize);
        DetectionLogFormat.WriteBlockHeader(_block, _place++, _records);
        DetectionLogFormat.SealBlock(_sealKey, _seal, _block.AsSpan(0, length));
        _seal.CopyTo(_block.AsSpan(length));
        _stream.Write(_block.AsSpan(0, length + _seal.Length));
        Bytes += length + _seal.Length;
        _records = 0;
    }
}

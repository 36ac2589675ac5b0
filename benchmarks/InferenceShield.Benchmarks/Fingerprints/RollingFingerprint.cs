namespace InferenceShield.Benchmarks.Fingerprints;

/// <summary>The honest baseline: a scalar rolling polynomial, and a bounded heap of the largest distinct hashes.</summary>
internal sealed class RollingFingerprint(int window, int wanted)
{
    private const ulong Base = 0x9E3779B97F4A7C15;

    private readonly ulong[] _heap = new ulong[wanted];

    public int Compute(ReadOnlySpan<byte> image, byte offset, byte step)
    {
        ulong leaving = 1;
        ulong sum = 0;
        int count = 0;
        byte[] table = Table(offset, step);
        for (int i = 0; i < window - 1; i++)
        {
            sum = (sum * Base) + table[image[i]];
            leaving *= Base;
        }

        for (int i = window - 1; i < image.Length; i++)
        {
            sum = (sum * Base) + table[image[i]];
            ulong hash = (sum ^ (sum >> 32)) * 0xD6E8FEB86659FD93;
            hash ^= hash >> 32;
            sum -= table[image[i - window + 1]] * leaving;
            if (count < wanted)
            {
                if (!_heap.AsSpan(0, count).Contains(hash))
                {
                    SiftUp(hash, count++);
                }
            }
            else if (hash > _heap[0] && !_heap.AsSpan().Contains(hash))
            {
                SiftDown(hash);
            }
        }

        return count;
    }

    private byte[]? _table;

    private byte[] Table(byte offset, byte step)
    {
        if (_table is null)
        {
            _table = new byte[256];
            for (int i = 0; i < 256; i++)
            {
                _table[i] = (byte)(Math.Min(255, i + offset) / step);
            }
        }

        return _table;
    }

    private void SiftUp(ulong hash, int position)
    {
        while (position > 0 && _heap[(position - 1) / 2] > hash)
        {
            _heap[position] = _heap[(position - 1) / 2];
            position = (position - 1) / 2;
        }

        _heap[position] = hash;
    }

    private void SiftDown(ulong hash)
    {
        int position = 0;
        while (true)
        {
            int child = (2 * position) + 1;
            if (child >= wanted)
            {
                break;
            }

            if (child + 1 < wanted && _heap[child + 1] < _heap[child])
            {
                child++;
            }

            if (_heap[child] >= hash)
            {
                break;
            }

            _heap[position] = _heap[child];
            position = child;
        }

        _heap[position] = hash;
    }
}

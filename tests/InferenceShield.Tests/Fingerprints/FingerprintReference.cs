using System.Buffers.Binary;
using InferenceShield.Numerics;

namespace InferenceShield.Tests;

/// <summary>Fingerprints as slowly and obviously as can be: write down every window, hash it, sort, take the largest.</summary>
internal sealed class FingerprintReference
{
    private readonly NearDuplicateOptions _options;
    private readonly WindowHashKey _key;
    private readonly uint[] _salt = new uint[512];
    private readonly int _window;

    public FingerprintReference(ShieldSecret secret, NearDuplicateOptions options)
    {
        _options = options;
        _window = options.WindowLength ?? (options.Kind == InputKind.Image ? 20 : options.Kind == InputKind.Tabular ? 2 : 8);
        int levels = options.Kind == InputKind.Image ? 255 / (int)(options.QuantizationStep ?? 50) : 0;
        int bits = 3;
        while (levels >= 1 << bits)
        {
            bits++;
        }

        byte[] key = new byte[WindowHashKey.SizeInBytes];
        secret.DeriveKey("fingerprint/windows", key);
        _key = new WindowHashKey(key, options.Kind == InputKind.Image ? bits : 64, _window);
        byte[] salt = new byte[512 * 4];
        secret.DeriveKey("fingerprint/offsets", salt);
        for (int i = 0; i < 512; i++)
        {
            _salt[i] = BinaryPrimitives.ReadUInt32LittleEndian(salt.AsSpan(4 * i));
        }
    }

    public ulong[] Image(byte[] pixels)
    {
        int step = (int)(_options.QuantizationStep ?? 50);
        ulong[] symbols = new ulong[pixels.Length];
        for (int i = 0; i < pixels.Length; i++)
        {
            // The offset repeats with the block of windows, and a block's last windows run on into its continuation.
            int offset = (int)(((ulong)_salt[i % 512] * (ulong)((step * 4 / 5) + 1)) >> 32);
            ulong symbol = (ulong)(Math.Min(255, pixels[i] + offset) / step);
            symbols[i] = _key.IsWrittenOut ? symbol : _key.Symbol(symbol);
        }

        return Largest(symbols, ring: false);
    }

    public ulong[] Tokens(long[] tokens) => Largest(Array.ConvertAll(tokens, token => _key.Symbol((ulong)token)), ring: false);

    public ulong[] Features(float[] row)
    {
        ulong[] symbols = new ulong[row.Length];
        for (int i = 0; i < row.Length; i++)
        {
            double step = _options.QuantizationStep ?? 0.5;
            float scale = _options.FeatureSpreads.Count == 0 ? (float)(1 / step) : (float)(1 / (_options.FeatureSpreads[i] * step));
            double cell = Math.Floor((row[i] * (double)scale) + ((_salt[i % 512] >> 8) / 16777216.0));
            long quantised = double.IsNaN(cell) ? long.MaxValue : (long)Math.Clamp(cell, -1e15, 1e15);
            symbols[i] = _key.Symbol(_key.Symbol((ulong)quantised) + (ulong)i);
        }

        return Largest(symbols, ring: true);
    }

    private ulong[] Largest(ulong[] symbols, bool ring)
    {
        int window = Math.Min(_window, symbols.Length);
        int windows = symbols.Length == 0 ? 0 : ring ? symbols.Length : symbols.Length - window + 1;
        List<ulong> hashes = [];
        for (int i = 0; i < windows; i += _options.Stride)
        {
            ulong sum = 0;
            for (int j = 0; j < window; j++)
            {
                sum = (sum * _key.Base) + symbols[(i + j) % symbols.Length];
            }

            hashes.Add(_key.Mix(sum));
        }

        return [.. hashes.Distinct().OrderDescending().Take(_options.Hashes)];
    }
}

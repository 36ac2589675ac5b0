using InferenceShield.Numerics;

namespace InferenceShield;

/// <content>How each kind of input becomes symbols.</content>
internal sealed partial class Fingerprinter
{
    private void HashPixels(ReadOnlySpan<byte> pixels, int count, int window, FingerprintScratch scratch)
    {
        PixelSymbols.Quantize(pixels, _offsets, _pixelStep, scratch.Symbols);
        Span<ulong> hashes = scratch.Hashes.AsSpan(1);
        if (_isTwenty && window == WindowHash.Twenty)
        {
            WindowHash.HashTwenty(in _key, scratch.Symbols, scratch.Partial, hashes, count);
            return;
        }

        Span<ulong> wide = scratch.WideSymbols.AsSpan(0, pixels.Length);
        for (int i = 0; i < wide.Length; i++)
        {
            wide[i] = _key.IsWrittenOut ? scratch.Symbols[i] : _key.Symbol(scratch.Symbols[i]);
        }

        WindowHash.HashRolling(in _key, wide, window, hashes, count);
    }

    /// <summary>A feature's symbol says which feature it is: the same number means something else elsewhere.</summary>
    private ulong FeatureSymbol(float value, int feature)
    {
        double scale = _featureScales.Length == 0 ? FeatureScale : _featureScales[feature];
        double cell = Math.Floor((value * scale) + _featureOffsets[feature % _featureOffsets.Length]);
        long step = double.IsNaN(cell) ? NotANumber : (long)Math.Clamp(cell, -1e15, 1e15);
        return _key.Symbol(_key.Symbol((ulong)step) + (uint)feature);
    }

    private readonly ref struct ByteImage(ReadOnlySpan<byte> pixels) : IFingerprintInput
    {
        private readonly ReadOnlySpan<byte> _pixels = pixels;

        public static bool IsRing => false;

        public void Hash(Fingerprinter owner, int first, int count, int window, FingerprintScratch scratch) =>
            owner.HashPixels(_pixels.Slice(first, count + window - 1), count, window, scratch);
    }

    private readonly ref struct SingleImage(ReadOnlySpan<float> values) : IFingerprintInput
    {
        private readonly ReadOnlySpan<float> _values = values;

        public static bool IsRing => false;

        public void Hash(Fingerprinter owner, int first, int count, int window, FingerprintScratch scratch)
        {
            Span<byte> pixels = scratch.Pixels.AsSpan(0, count + window - 1);
            PixelSymbols.FromSingles(_values.Slice(first, pixels.Length), owner._imageMinimum, owner._imageScale, pixels);
            owner.HashPixels(pixels, count, window, scratch);
        }
    }

    private readonly ref struct FeatureRow(ReadOnlySpan<float> values) : IFingerprintInput
    {
        private readonly ReadOnlySpan<float> _values = values;

        public static bool IsRing => true;

        public void Hash(Fingerprinter owner, int first, int count, int window, FingerprintScratch scratch)
        {
            Span<ulong> symbols = scratch.WideSymbols.AsSpan(0, count + window - 1);
            int feature = first;
            for (int i = 0; i < symbols.Length; i++)
            {
                symbols[i] = owner.FeatureSymbol(_values[feature], feature);
                feature = feature + 1 == _values.Length ? 0 : feature + 1;
            }

            WindowHash.HashRolling(in owner._key, symbols, window, scratch.Hashes.AsSpan(1), count);
        }
    }

    private readonly ref struct Int32Tokens(ReadOnlySpan<int> tokens) : IFingerprintInput
    {
        private readonly ReadOnlySpan<int> _tokens = tokens;

        public static bool IsRing => false;

        public void Hash(Fingerprinter owner, int first, int count, int window, FingerprintScratch scratch)
        {
            Span<ulong> symbols = scratch.WideSymbols.AsSpan(0, count + window - 1);
            for (int i = 0; i < symbols.Length; i++)
            {
                symbols[i] = owner._key.Symbol((ulong)_tokens[first + i]);
            }

            WindowHash.HashRolling(in owner._key, symbols, window, scratch.Hashes.AsSpan(1), count);
        }
    }

    private readonly ref struct Int64Tokens(ReadOnlySpan<long> tokens) : IFingerprintInput
    {
        private readonly ReadOnlySpan<long> _tokens = tokens;

        public static bool IsRing => false;

        public void Hash(Fingerprinter owner, int first, int count, int window, FingerprintScratch scratch)
        {
            Span<ulong> symbols = scratch.WideSymbols.AsSpan(0, count + window - 1);
            for (int i = 0; i < symbols.Length; i++)
            {
                symbols[i] = owner._key.Symbol((ulong)_tokens[first + i]);
            }

            WindowHash.HashRolling(in owner._key, symbols, window, scratch.Hashes.AsSpan(1), count);
        }
    }
}

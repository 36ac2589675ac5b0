namespace InferenceShield.Numerics;

/// <summary>Normal numbers that are a function of a key: the same bits on every machine.</summary>
internal readonly struct KeyedGaussians
{
    private readonly CounterRandom _random;

    /// <param name="key"><see cref="CounterRandom.KeySize"/> bytes.</param>
    public KeyedGaussians(ReadOnlySpan<byte> key) => _random = new CounterRandom(key);

    /// <summary>Fills any length.</summary>
    /// <param name="stream">Which; each is independent of the others.</param>
    /// <param name="values">Overwritten; mean 0, standard deviation 1.</param>
    public void Fill(ulong stream, Span<double> values)
    {
        Span<uint> words = stackalloc uint[GaussianSampler.WordsInGroup];
        for (int start = 0; start < values.Length; start += words.Length)
        {
            _random.Fill(new Hash128(stream, 0), (uint)(start / CounterRandom.WordsInBlock), words);
            for (int i = start; i < Math.Min(values.Length, start + words.Length); i++)
            {
                values[i] = GaussianSampler.Sample(words, i - start);
            }
        }
    }
}

using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>Logits of the next token from the two before, by seeded random weights: no language, but entropies that change from token to token.</summary>
/// <remarks>Logit k = spread * w_k . tanh(a_last + b_before) / sqrt(width) - log(1 + k / 20): rows of a hidden layer, and rarer tokens
/// towards the end of the vocabulary, as in text.</remarks>
internal sealed class RandomWeightTokens
{
    public const int Vocabulary = 1000;
    private const int Width = 16;
    private const double Spread = 3;

    private readonly float[] _last = new float[Vocabulary * Width];
    private readonly float[] _before = new float[Vocabulary * Width];
    private readonly float[] _output = new float[Vocabulary * Width];
    private readonly float[] _rarity = [.. Enumerable.Range(0, Vocabulary).Select(token => (float)-Math.Log(1 + (token / 20.0)))];

    public RandomWeightTokens(ulong seed)
    {
        SeededRandom random = new(seed, stream: 701);
        foreach (float[] weights in (float[][])[_last, _before, _output])
        {
            foreach (ref float weight in weights.AsSpan())
            {
                weight = (float)random.NextGaussian();
            }
        }
    }

    /// <summary>Writes a row of logits.</summary>
    /// <param name="tokens">So far; at least two.</param>
    /// <param name="temperature">What logits are divided by.</param>
    /// <param name="logits">Of the vocabulary.</param>
    public void Write(ReadOnlySpan<int> tokens, double temperature, Span<float> logits)
    {
        Span<float> hidden = stackalloc float[Width];
        for (int i = 0; i < Width; i++)
        {
            hidden[i] = (float)(Math.Tanh(_last[(tokens[^1] * Width) + i] + _before[(tokens[^2] * Width) + i]) * Spread / Math.Sqrt(Width) / temperature);
        }

        for (int token = 0; token < Vocabulary; token++)
        {
            float logit = _rarity[token] / (float)temperature;
            for (int i = 0; i < Width; i++)
            {
                logit += hidden[i] * _output[(token * Width) + i];
            }

            logits[token] = logit;
        }
    }
}

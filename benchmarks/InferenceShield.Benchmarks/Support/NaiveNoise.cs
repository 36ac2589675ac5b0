using System.Numerics.Tensors;

namespace InferenceShield.Benchmarks.Support;

/// <summary>What a service would write by hand: softmax, noise that is drawn, rounding, and division by the sum.</summary>
/// <remarks>Each does less than a shield: the noise is another on every call, the label may move, faulty rows pass, the answer
/// leaves the decimal grid.</remarks>
internal sealed class NaiveNoise(int classes)
{
    private readonly float[] _noise = new float[classes];

    public static float[] Linq(float[] logits, float temperature, float scale, int units)
    {
        float largest = logits.Max();
        float[] weights = [.. logits.Select(logit => MathF.Exp((logit - largest) / temperature))];
        float sum = weights.Sum();
        float[] rounded = [.. weights
            .Select(weight => Math.Max(0, (weight / sum) + (scale * NextGaussian())))
            .Select(value => MathF.Round(value * units) / units)];
        float total = rounded.Sum();
        return [.. rounded.Select(value => value / total)];
    }

    public static void LoopGaussian(float[] logits, float temperature, float scale, int units, float[] released)
    {
        float sum = Softmax(logits, temperature, released);
        float total = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            float value = (released[i] / sum) + (scale * NextGaussian());
            released[i] = MathF.Round(MathF.Max(0, value) * units) / units;
            total += released[i];
        }

        Divide(released, total);
    }

    public static void LoopUniform(float[] logits, float temperature, float scale, int units, float[] released)
    {
        float sum = Softmax(logits, temperature, released);
        float total = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            float value = (released[i] / sum) + (scale * ((2 * Random.Shared.NextSingle()) - 1));
            released[i] = MathF.Round(MathF.Max(0, value) * units) / units;
            total += released[i];
        }

        Divide(released, total);
    }

    /// <summary>A chain that is safe from overflow; its noise is free: an array that is always the same.</summary>
    public void Tensors(float[] logits, float temperature, int units, float[] released)
    {
        TensorPrimitives.Subtract(logits, TensorPrimitives.Max<float>(logits), released);
        TensorPrimitives.Multiply(released, 1 / temperature, released);
        TensorPrimitives.Exp<float>(released, released);
        TensorPrimitives.Multiply(released, 1 / TensorPrimitives.Sum<float>(released), released);
        TensorPrimitives.Add(released, _noise, released);
        TensorPrimitives.Max(released, 0, released);
        TensorPrimitives.Multiply(released, units, released);
        TensorPrimitives.Round<float>(released, released);
        TensorPrimitives.Multiply(released, 1 / TensorPrimitives.Sum<float>(released), released);
    }

    private static float Softmax(float[] logits, float temperature, float[] weights)
    {
        float largest = float.NegativeInfinity;
        foreach (float logit in logits)
        {
            largest = MathF.Max(largest, logit);
        }

        float sum = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            weights[i] = MathF.Exp((logits[i] - largest) / temperature);
            sum += weights[i];
        }

        return sum;
    }

    private static void Divide(float[] values, float total)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] /= total;
        }
    }

    /// <summary>By Box and Muller, as it is mostly written: one of the two.</summary>
    private static float NextGaussian()
    {
        float first = 1 - Random.Shared.NextSingle();
        return MathF.Sqrt(-2 * MathF.Log(first)) * MathF.Cos(2 * MathF.PI * Random.Shared.NextSingle());
    }
}

using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>One change of inputs, its strength fixed. Images stay in 0 to 1.</summary>
/// <param name="Kind">What happens.</param>
/// <param name="Strength">Brightness and gain: the factor. Blur and noise: the deviation. Gamma: the exponent. Rounding: the step. Lift: the floor. Move: columns. Offset: the deviation of the distances.</param>
/// <param name="Second">Move: rows.</param>
/// <param name="Seed">Offset: the distances follow from it.</param>
internal readonly record struct InputChange(InputChangeKind Kind, float Strength = 0, float Second = 0, ulong Seed = 0)
{
    private const int LongestBlur = 4;

    /// <summary>A change as callers of calibrated traffic have it: never none.</summary>
    public static InputChange Draw(bool isImage, ref SeededRandom random)
    {
        if (!isImage)
        {
            return random.NextInt32(4) switch
            {
                0 => new InputChange(InputChangeKind.Offset, random.NextBetween(0, 0.3f), Seed: random.NextUInt64()),
                1 => new InputChange(InputChangeKind.Gain, random.NextBetween(0.8f, 1.2f)),
                2 => new InputChange(InputChangeKind.Noise, random.NextBetween(0, 0.2f)),
                _ => new InputChange(InputChangeKind.Rounding, random.NextBetween(0.1f, 0.5f)),
            };
        }

        return random.NextInt32(6) switch
        {
            0 => new InputChange(InputChangeKind.Move, random.NextInt32(5) - 2, random.NextInt32(5) - 2),
            1 => new InputChange(InputChangeKind.Brightness, random.NextBetween(0.7f, 1.3f)),
            2 => new InputChange(InputChangeKind.Blur, random.NextBetween(0.3f, 0.9f)),
            3 => new InputChange(InputChangeKind.Noise, random.NextBetween(0, 0.05f)),
            4 => new InputChange(InputChangeKind.Gamma, random.NextBetween(0.75f, 1.35f)),
            _ => new InputChange(InputChangeKind.Rounding, 1f / 15),
        };
    }

    /// <summary>A change that <see cref="Draw"/> never gives.</summary>
    public static InputChange DrawUnseen(bool isImage, ref SeededRandom random)
    {
        if (!isImage)
        {
            return random.NextInt32(2) == 0
                ? new InputChange(InputChangeKind.Offset, 0.6f, Seed: random.NextUInt64())
                : new InputChange(InputChangeKind.Gain, 1.5f);
        }

        return random.NextInt32(4) switch
        {
            0 => new InputChange(InputChangeKind.Lift, 0.2f),
            1 => new InputChange(InputChangeKind.Gamma, 0.6f),
            2 => new InputChange(InputChangeKind.Blur, 1.2f),
            _ => new InputChange(InputChangeKind.Mirror),
        };
    }

    /// <summary>Changes one row.</summary>
    /// <param name="source">The row as it is.</param>
    /// <param name="changed">Receives as many values; another memory.</param>
    /// <param name="imageSide">Pixels along each side, or 0 for tables.</param>
    /// <param name="means">Of the features of tables.</param>
    /// <param name="spreads">Their deviations.</param>
    /// <param name="noise">What this query's noise is drawn from.</param>
    public void Apply(ReadOnlySpan<float> source, Span<float> changed, int imageSide, ReadOnlySpan<float> means, ReadOnlySpan<float> spreads, ref SeededRandom noise)
    {
        source.CopyTo(changed);
        if (imageSide == 0)
        {
            ApplyToTable(changed, means, spreads, ref noise);
            return;
        }

        switch (Kind)
        {
            case InputChangeKind.Move:
                Move(source, changed, imageSide, (int)Strength, (int)Second);
                break;
            case InputChangeKind.Brightness:
                TensorPrimitives.Multiply(changed, Strength, changed);
                break;
            case InputChangeKind.Blur:
                Blur(changed, imageSide);
                break;
            case InputChangeKind.Noise:
                AddNoise(changed, [], ref noise);
                break;
            case InputChangeKind.Gamma:
                TensorPrimitives.Pow(changed, Strength, changed);
                break;
            case InputChangeKind.Rounding:
                Round(changed, Strength);
                break;
            case InputChangeKind.Lift:
                TensorPrimitives.Multiply(changed, 1 - Strength, changed);
                TensorPrimitives.Add(changed, Strength, changed);
                break;
            case InputChangeKind.Mirror:
                for (int row = 0; row < imageSide; row++)
                {
                    changed.Slice(row * imageSide, imageSide).Reverse();
                }

                break;
        }

        TensorPrimitives.Max(changed, 0f, changed);
        TensorPrimitives.Min(changed, 1f, changed);
    }

    private void ApplyToTable(Span<float> changed, ReadOnlySpan<float> means, ReadOnlySpan<float> spreads, ref SeededRandom noise)
    {
        switch (Kind)
        {
            case InputChangeKind.Noise:
                AddNoise(changed, spreads, ref noise);
                break;
            case InputChangeKind.Offset:
                SeededRandom distances = new(Seed, stream: 0);
                AddNoise(changed, spreads, ref distances);
                break;
            case InputChangeKind.Gain:
                for (int i = 0; i < changed.Length; i++)
                {
                    changed[i] = means[i] + ((changed[i] - means[i]) * Strength);
                }

                break;
            case InputChangeKind.Rounding:
                for (int i = 0; i < changed.Length; i++)
                {
                    float step = Strength * spreads[i];
                    changed[i] = step > 0 ? MathF.Round(changed[i] / step) * step : changed[i];
                }

                break;
        }
    }

    private void AddNoise(Span<float> values, ReadOnlySpan<float> spreads, ref SeededRandom random)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] += Strength * (spreads.IsEmpty ? 1 : spreads[i]) * (float)random.NextGaussian();
        }
    }

    private static void Round(Span<float> values, float step)
    {
        foreach (ref float value in values)
        {
            value = MathF.Round(value / step) * step;
        }
    }

    private static void Move(ReadOnlySpan<float> source, Span<float> moved, int side, int columns, int rows)
    {
        moved.Clear();
        int width = side - Math.Abs(columns);
        for (int row = Math.Max(0, rows); row < side + Math.Min(0, rows); row++)
        {
            source.Slice(((row - rows) * side) + Math.Max(0, -columns), width).CopyTo(moved[((row * side) + Math.Max(0, columns))..]);
        }
    }

    /// <summary>Along rows, then along columns; what lies outside is black.</summary>
    private void Blur(Span<float> image, int side)
    {
        int reach = Math.Min(LongestBlur, (int)MathF.Ceiling(3 * Strength));
        Span<float> weights = stackalloc float[LongestBlur + 1];
        float sum = 0;
        for (int i = 0; i <= reach; i++)
        {
            weights[i] = MathF.Exp(-i * i / (2 * Strength * Strength));
            sum += i == 0 ? weights[i] : 2 * weights[i];
        }

        float[] line = new float[side];
        for (int step = 0; step < 2; step++)
        {
            (int across, int along) = step == 0 ? (side, 1) : (1, side);
            for (int start = 0; start < side; start++)
            {
                for (int i = 0; i < side; i++)
                {
                    line[i] = image[(start * across) + (i * along)];
                }

                for (int i = 0; i < side; i++)
                {
                    float value = weights[0] * line[i];
                    for (int offset = 1; offset <= reach; offset++)
                    {
                        value += weights[offset] * ((i >= offset ? line[i - offset] : 0) + (i + offset < side ? line[i + offset] : 0));
                    }

                    image[(start * across) + (i * along)] = value / sum;
                }
            }
        }
    }
}

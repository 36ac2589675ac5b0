using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Pools for a thief who has no inputs of the model's kind: made-up images, and rows whose features no longer belong together.</summary>
/// <remarks>
/// Images are square, grey, row-major, 0 to 1. Everything follows from the seed. To be asked by <see cref="PoolStrategy"/>,
/// <see cref="KnockoffStrategy"/> or <see cref="ActiveStrategy"/>; no labels. Natural images of another kind are better than any
/// of these (Orekondy, Schiele and Fritz, CVPR 2019, ask ImageNet): take them where you have them.
/// </remarks>
public static class OutOfDistributionPools
{
    private const int LeastSide = 4;

    /// <summary>Images of one to four curved pen strokes, like characters of an unknown script.</summary>
    /// <param name="count">Images, at least 1.</param>
    /// <param name="side">Pixels along each side, at least 4.</param>
    /// <param name="seed">All images follow from it.</param>
    public static Dataset CreateStrokes(int count, int side, ulong seed)
    {
        SeededRandom random = new(seed, stream: 12);
        float[] values = CreateImages(count, side);
        for (int image = 0; image < count; image++)
        {
            Span<float> pixels = values.AsSpan(image * side * side, side * side);
            int strokes = 1 + random.NextInt32(4);
            for (int stroke = 0; stroke < strokes; stroke++)
            {
                DrawStroke(pixels, side, ref random);
            }
        }

        return new Dataset("strokes", values, side * side);
    }

    /// <summary>Images of gratings, of blotches, and of both with a hard edge.</summary>
    /// <param name="count">Images, at least 1.</param>
    /// <param name="side">Pixels along each side, at least 4.</param>
    /// <param name="seed">All images follow from it.</param>
    public static Dataset CreateTextures(int count, int side, ulong seed)
    {
        SeededRandom random = new(seed, stream: 13);
        float[] values = CreateImages(count, side);
        for (int image = 0; image < count; image++)
        {
            Span<float> pixels = values.AsSpan(image * side * side, side * side);
            if (random.NextInt32(2) == 0)
            {
                DrawGratings(pixels, side, ref random);
            }
            else
            {
                DrawBlotches(pixels, side, ref random);
            }

            if (random.NextInt32(3) == 0)
            {
                float threshold = random.NextBetween(0.3f, 0.7f);
                foreach (ref float pixel in pixels)
                {
                    pixel = pixel < threshold ? 0 : 1;
                }
            }
        }

        return new Dataset("textures", values, side * side);
    }

    /// <summary>Images made of two of a pool, each cropped and mirrored at random: blended, or one pasted into the other.</summary>
    /// <param name="pool">Square grey images.</param>
    /// <param name="count">Images, at least 1.</param>
    /// <param name="seed">All images follow from it.</param>
    /// <exception cref="ArgumentException">The pool is empty, or its rows are no square images.</exception>
    public static Dataset CreateMixtures(Dataset pool, int count, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(pool);
        int side = (int)Math.Round(Math.Sqrt(pool.Width));
        if (pool.Count == 0 || side * side != pool.Width)
        {
            throw new ArgumentException($"'{pool.Name}' has {pool.Count} rows of {pool.Width} values; mixtures need square images, at least one.", nameof(pool));
        }

        SeededRandom random = new(seed, stream: 14);
        float[] values = CreateImages(count, side);
        float[] second = new float[pool.Width];
        for (int image = 0; image < count; image++)
        {
            Span<float> pixels = values.AsSpan(image * pool.Width, pool.Width);
            Crop(pool.GetRow(random.NextInt32(pool.Count)), pixels, side, ref random);
            Crop(pool.GetRow(random.NextInt32(pool.Count)), second, side, ref random);
            if (random.NextInt32(2) == 0)
            {
                float share = random.NextBetween(0.3f, 0.7f);
                TensorPrimitives.Multiply(pixels, share, pixels);
                TensorPrimitives.MultiplyAdd(second, 1 - share, pixels, pixels);
            }
            else
            {
                Paste(second, pixels, side, ref random);
            }
        }

        return new Dataset($"{pool.Name} mixtures", values, pool.Width);
    }

    /// <summary>Rows whose features each come from another row of a pool: the pool's value of every feature, nothing of how they hang together.</summary>
    /// <param name="pool">Rows to take values from.</param>
    /// <param name="count">Rows, at least 1.</param>
    /// <param name="seed">All rows follow from it.</param>
    /// <exception cref="ArgumentException">The pool is empty.</exception>
    public static Dataset CreateShuffledColumns(Dataset pool, int count, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (pool.Count == 0)
        {
            throw new ArgumentException($"'{pool.Name}' has no rows to take values from.", nameof(pool));
        }

        SeededRandom random = new(seed, stream: 15);
        float[] values = new float[count * pool.Width];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = pool.GetRow(random.NextInt32(pool.Count))[i % pool.Width];
        }

        return new Dataset($"{pool.Name} shuffled", values, pool.Width);
    }

    /// <summary>Rows drawn uniformly from a box.</summary>
    /// <param name="bounds">The box.</param>
    /// <param name="count">Rows, at least 1.</param>
    /// <param name="seed">All rows follow from it.</param>
    public static Dataset CreateUniform(InputBounds bounds, int count, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(bounds);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        SeededRandom random = new(seed, stream: 16);
        float[] values = new float[count * bounds.Width];
        for (int i = 0; i < values.Length; i++)
        {
            int feature = i % bounds.Width;
            values[i] = random.NextBetween(bounds.Minimum.Span[feature], bounds.Maximum.Span[feature]);
        }

        return new Dataset("uniform", values, bounds.Width);
    }

    private static float[] CreateImages(int count, int side)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(side, LeastSide);
        return new float[count * side * side];
    }

    /// <summary>Draws a quadratic Bézier curve with a round pen.</summary>
    private static void DrawStroke(Span<float> pixels, int side, ref SeededRandom random)
    {
        Span<float> points = stackalloc float[6];
        foreach (ref float point in points)
        {
            point = random.NextBetween(0.1f, 0.9f) * (side - 1);
        }

        float radius = random.NextBetween(0.7f, 2f) * side / 28;
        float ink = random.NextBetween(0.6f, 1f);
        int reach = (int)MathF.Ceiling(radius) + 1;
        int steps = 3 * side;
        for (int step = 0; step <= steps; step++)
        {
            float t = (float)step / steps;
            float u = 1 - t;
            float x = (u * u * points[0]) + (2 * u * t * points[2]) + (t * t * points[4]);
            float y = (u * u * points[1]) + (2 * u * t * points[3]) + (t * t * points[5]);
            for (int row = Math.Max(0, (int)y - reach); row <= Math.Min(side - 1, (int)y + reach); row++)
            {
                for (int column = Math.Max(0, (int)x - reach); column <= Math.Min(side - 1, (int)x + reach); column++)
                {
                    // One pixel of falloff at the rim smooths the edge.
                    float distance = MathF.Sqrt(((column - x) * (column - x)) + ((row - y) * (row - y)));
                    ref float pixel = ref pixels[(row * side) + column];
                    pixel = MathF.Max(pixel, ink * Math.Clamp(radius + 0.5f - distance, 0f, 1f));
                }
            }
        }
    }

    /// <summary>Sums one to three sine waves of random direction and frequency.</summary>
    private static void DrawGratings(Span<float> pixels, int side, ref SeededRandom random)
    {
        int waves = 1 + random.NextInt32(3);
        pixels.Fill(0.5f);
        for (int wave = 0; wave < waves; wave++)
        {
            (float sine, float cosine) = MathF.SinCos(random.NextBetween(0, MathF.PI));
            float frequency = random.NextBetween(1f, side / 4f) * 2 * MathF.PI / side;
            float phase = random.NextBetween(0, 2 * MathF.PI);
            for (int i = 0; i < pixels.Length; i++)
            {
                float along = (cosine * (i % side)) + (sine * (i / side));
                pixels[i] += 0.5f / waves * MathF.Sin((frequency * along) + phase);
            }
        }

        // Rounding may leave a sum a last digit outside.
        TensorPrimitives.Max(pixels, 0f, pixels);
        TensorPrimitives.Min(pixels, 1f, pixels);
    }

    /// <summary>Blows a small random grid up.</summary>
    private static void DrawBlotches(Span<float> pixels, int side, ref SeededRandom random)
    {
        int grid = 2 + random.NextInt32(Math.Max(1, side / 3));
        float[] cells = new float[grid * grid];
        foreach (ref float cell in cells.AsSpan())
        {
            cell = random.NextShare();
        }

        Resize(cells, grid, 0, 0, grid - 1, grid - 1, pixels, side);
    }

    /// <summary>Blows a random window of at least half the image up to the whole, mirrored as often as not.</summary>
    private static void Crop(ReadOnlySpan<float> image, Span<float> cropped, int side, ref SeededRandom random)
    {
        float extent = random.NextBetween(0.5f, 1f) * (side - 1);
        float left = random.NextBetween(0, side - 1 - extent);
        float top = random.NextBetween(0, side - 1 - extent);
        (float fromX, float toX) = random.NextInt32(2) == 0 ? (left, left + extent) : (left + extent, left);
        (float fromY, float toY) = random.NextInt32(2) == 0 ? (top, top + extent) : (top + extent, top);
        Resize(image, side, fromX, fromY, toX, toY, cropped, side);
    }

    /// <summary>Pastes a random rectangle of one image into another.</summary>
    private static void Paste(ReadOnlySpan<float> source, Span<float> pixels, int side, ref SeededRandom random)
    {
        int width = (side / 4) + random.NextInt32(side / 2);
        int height = (side / 4) + random.NextInt32(side / 2);
        int left = random.NextInt32(side - width + 1);
        int top = random.NextInt32(side - height + 1);
        for (int row = top; row < top + height; row++)
        {
            source.Slice((row * side) + left, width).CopyTo(pixels[((row * side) + left)..]);
        }
    }

    /// <summary>Samples a window of an image bilinearly; a window whose end lies before its start mirrors.</summary>
    private static void Resize(
        ReadOnlySpan<float> image, int imageSide, float fromX, float fromY, float toX, float toY, Span<float> pixels, int side)
    {
        for (int row = 0; row < side; row++)
        {
            float y = Math.Clamp(fromY + ((toY - fromY) * row / (side - 1)), 0, imageSide - 1);
            int y0 = Math.Min((int)y, imageSide - 2);
            for (int column = 0; column < side; column++)
            {
                float x = Math.Clamp(fromX + ((toX - fromX) * column / (side - 1)), 0, imageSide - 1);
                int x0 = Math.Min((int)x, imageSide - 2);
                int corner = (y0 * imageSide) + x0;
                float upper = image[corner] + ((x - x0) * (image[corner + 1] - image[corner]));
                float lower = image[corner + imageSide] + ((x - x0) * (image[corner + imageSide + 1] - image[corner + imageSide]));
                pixels[(row * side) + column] = upper + ((y - y0) * (lower - upper));
            }
        }
    }
}

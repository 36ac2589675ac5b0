using System.Buffers.Binary;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Makes of benign rows what attacks ask about: to train J3 of, after the model has answered them.</summary>
/// <remarks>Everything lies in the benign range: of all numbers for images, of each feature for tabular rows. Which words are drawn depends on seed and row
/// alone.</remarks>
internal static class SyntheticProxies
{
    private const int Blocks = 4;
    private const int BlurRadius = 2;

    /// <summary>The kinds that make sense for a kind of input: of <see cref="Make"/>'s rows, row i is of the i-th, over and over.</summary>
    public static ReadOnlySpan<SyntheticProxyKind> KindsOf(InputKind inputKind) =>
        inputKind == InputKind.Image
            ?
            [
                SyntheticProxyKind.Mixup, SyntheticProxyKind.Shuffled, SyntheticProxyKind.SignNoise, SyntheticProxyKind.GaussianNoise, SyntheticProxyKind.Uniform,
                SyntheticProxyKind.Inverted, SyntheticProxyKind.HalfSwapped, SyntheticProxyKind.HalfCut, SyntheticProxyKind.PermutedBlocks, SyntheticProxyKind.SmoothedNoise,
            ]
            :
            [
                SyntheticProxyKind.Mixup, SyntheticProxyKind.Shuffled, SyntheticProxyKind.SignNoise, SyntheticProxyKind.GaussianNoise, SyntheticProxyKind.Uniform,
                SyntheticProxyKind.Inverted, SyntheticProxyKind.HalfSwapped,
            ];

    /// <summary>Makes proxies.</summary>
    /// <param name="inputKind">Images or tabular rows.</param>
    /// <param name="rows">Benign rows, at least two, one after another.</param>
    /// <param name="length">Numbers in a row.</param>
    /// <param name="count">Proxies to make.</param>
    /// <param name="seed">The same seed and rows, the same proxies.</param>
    /// <param name="width">Numbers in a line of an image; 0 takes one plane or three planes of a square, or else one line.</param>
    /// <returns>So many rows, one after another; all finite.</returns>
    /// <exception cref="ArgumentException">An argument does not fit; the message says which and why.</exception>
    public static float[] Make(InputKind inputKind, ReadOnlySpan<float> rows, int length, int count, ulong seed, int width = 0)
    {
        if (inputKind is not (InputKind.Image or InputKind.Tabular))
        {
            throw new ArgumentException($"There are proxies of images and of tabular rows, not of {inputKind}.", nameof(inputKind));
        }

        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (rows.Length % length != 0 || rows.Length / length < 2)
        {
            throw new ArgumentException($"Proxies are made of at least 2 whole rows of {length} numbers; there are {rows.Length} numbers.", nameof(rows));
        }

        if (width < 0 || (width > 0 && length % width != 0))
        {
            throw new ArgumentOutOfRangeException(nameof(width), width, $"A line has 1 to {length} numbers, and rows of {length} hold whole lines; 0 guesses.");
        }

        Span<byte> key = stackalloc byte[CounterRandom.KeySize];
        key.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(key, seed);
        CounterRandom random = new(key);
        BenignRange range = BenignRange.Of(inputKind, rows, length);
        ReadOnlySpan<SyntheticProxyKind> kinds = KindsOf(inputKind);
        float[] proxies = new float[count * length];
        uint[] words = new uint[(2 * length) + 64];
        float[] line = new float[length];
        for (int i = 0; i < count; i++)
        {
            random.Fill(new Hash128(0, (ulong)i), 0, words);
            ReadOnlySpan<float> one = RowAt(rows, length, words[0]);
            ReadOnlySpan<float> other = RowAt(rows, length, words[1]);
            Span<float> proxy = proxies.AsSpan(i * length, length);
            Fill(kinds[i % kinds.Length], inputKind, rows, one, other, words.AsSpan(2), new Plane(length, width), range, line, proxy);
            range.Clamp(proxy);
        }

        return proxies;
    }

    private static void Fill(
        SyntheticProxyKind kind, InputKind inputKind, ReadOnlySpan<float> rows, ReadOnlySpan<float> one, ReadOnlySpan<float> other, ReadOnlySpan<uint> words, Plane plane, BenignRange range, float[] scratch, Span<float> proxy)
    {
        switch (kind)
        {
            case SyntheticProxyKind.PermutedBlocks:
                PermuteBlocks(one, plane, words, proxy);
                return;
            case SyntheticProxyKind.SmoothedNoise:
                FillSmooth(plane, range, words, scratch, proxy);
                return;
        }

        ReadOnlySpan<uint> draws = words[32..];
        float weight = .3f + (.4f * Share(words[0]));
        bool left = (words[0] & 1) == 0;
        for (int i = 0; i < proxy.Length; i++)
        {
            uint word = draws[i];
            float x = one[i];
            bool half = inputKind == InputKind.Image ? ((2 * (i % plane.Width)) < plane.Width) == left : (word & 1) == 0;
            proxy[i] = kind switch
            {
                SyntheticProxyKind.Mixup => (weight * x) + ((1 - weight) * other[i]),
                SyntheticProxyKind.Shuffled => RowAt(rows, proxy.Length, word)[i],
                SyntheticProxyKind.SignNoise => x + ((word & 1) == 0 ? range.Step(i) : -range.Step(i)),
                SyntheticProxyKind.GaussianNoise => x + (1.5f * range.Step(i) * Gaussian(word, draws[proxy.Length + i])),
                SyntheticProxyKind.Uniform => range.Least(i) + (range.Width(i) * Share(word)),
                SyntheticProxyKind.Inverted => range.Least(i) + (range.Largest(i) - x),
                SyntheticProxyKind.HalfSwapped => half ? x : other[i],
                SyntheticProxyKind.HalfCut => half ? x : range.Least(i),
                _ => x,
            };
        }
    }

    private static ReadOnlySpan<float> RowAt(ReadOnlySpan<float> rows, int length, uint word) =>
        rows.Slice((int)((word * (ulong)(rows.Length / length)) >> 32) * length, length);

    private static float Share(uint word) => (word >> 8) * (1f / (1 << 24));

    /// <summary>Box and Muller, 1958.</summary>
    private static float Gaussian(uint word, uint angle)
    {
        double radius = Math.Sqrt(-2 * Math.Log((word + 1.0) / 4294967296.0));
        return (float)(radius * Math.Cos(2 * Math.PI * (angle / 4294967296.0)));
    }

    private static void PermuteBlocks(ReadOnlySpan<float> row, Plane plane, ReadOnlySpan<uint> words, Span<float> proxy)
    {
        row.CopyTo(proxy); // what the blocks do not cover stays
        int across = plane.Width >= Blocks ? Blocks : 1;
        int down = plane.Height >= Blocks ? Blocks : 1;
        Span<int> order = stackalloc int[Blocks * Blocks];
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        for (int i = (across * down) - 1; i > 0; i--)
        {
            int j = (int)((words[i] * (ulong)(i + 1)) >> 32);
            (order[i], order[j]) = (order[j], order[i]);
        }

        int width = plane.Width / across;
        int height = plane.Height / down;
        for (int lines = 0; lines < plane.Lines; lines += plane.Height)
        {
            for (int block = 0; block < across * down; block++)
            {
                for (int y = 0; y < height; y++)
                {
                    int source = ((lines + (order[block] / across * height) + y) * plane.Width) + (order[block] % across * width);
                    int target = ((lines + (block / across * height) + y) * plane.Width) + (block % across * width);
                    row.Slice(source, width).CopyTo(proxy[target..]);
                }
            }
        }
    }

    /// <summary>Noise, averaged over squares of 5 x 5 within each plane, then stretched over the benign range.</summary>
    private static void FillSmooth(Plane plane, BenignRange range, ReadOnlySpan<uint> words, float[] scratch, Span<float> proxy)
    {
        for (int i = 0; i < proxy.Length; i++)
        {
            int column = i % plane.Width;
            int first = Math.Max(0, column - BlurRadius) - column;
            int last = Math.Min(plane.Width - 1, column + BlurRadius) - column;
            float sum = 0;
            for (int j = first; j <= last; j++)
            {
                sum += Share(words[i + j]);
            }

            scratch[i] = sum / (last - first + 1);
        }

        float least = float.MaxValue;
        float largest = float.MinValue;
        for (int i = 0; i < proxy.Length; i++)
        {
            int line = i / plane.Width % plane.Height;
            int first = Math.Max(0, line - BlurRadius) - line;
            int last = Math.Min(plane.Height - 1, line + BlurRadius) - line;
            float sum = 0;
            for (int j = first; j <= last; j++)
            {
                sum += scratch[i + (j * plane.Width)];
            }

            proxy[i] = sum / (last - first + 1);
            least = Math.Min(least, proxy[i]);
            largest = Math.Max(largest, proxy[i]);
        }

        for (int i = 0; i < proxy.Length; i++)
        {
            float share = largest > least ? (proxy[i] - least) / (largest - least) : .5f;
            proxy[i] = range.Least(i) + (range.Width(i) * share);
        }
    }

    /// <summary>How numbers lie on an image: lines of one width, planes of one height.</summary>
    private readonly record struct Plane
    {
        public Plane(int length, int width)
        {
            for (int planes = 1; planes <= 3 && width == 0; planes += 2)
            {
                int side = (int)Math.Sqrt(length / planes);
                width = side > 1 && planes * side * side == length ? side : 0;
            }

            Width = width > 0 ? width : length;
            Lines = length / Width;
            Height = Lines % Width == 0 ? Width : Lines;
        }

        public int Width { get; }

        public int Lines { get; }

        public int Height { get; }
    }
}

using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Measures rows of input: the seven input scalars, the SimHash and the place in a sweep. Immutable, thread-safe; no allocation after a
/// thread's first call.</summary>
/// <remarks>
/// <para>Images are taken as they are, tabular rows standardised place by place. Rows up to 1,024 numbers are compared with centroids as they
/// are; longer ones are folded once onto 1,024 places under secret signs (a count sketch keeps distances: Charikar, Chen and
/// Farach-Colton, ICALP 2002). Projections: secret signs, a fold onto 256, a Walsh-Hadamard transform and 84 of its coordinates, secret
/// too (Ailon and Chazelle, STOC 2006).</para>
/// <para>NaN counts as 0, or as a feature's mean; numbers far out of the benign range are held at a bound.</para>
/// </remarks>
internal sealed class InputSignals
{
    /// <summary>Numbers of a row that are compared with centroids; longer rows are folded onto as many.</summary>
    public const int LongestExact = 1024;

    private const int Transform = 256;
    private const int HashBits = 64;
    private const int Projections = 16;
    private const int Positions = 4;
    private const int Coordinates = HashBits + Projections + Positions;

    /// <summary>Signs of a fold of long rows, used over and over: 16 times a prime, so that no two of 257 blocks meet the same ones.</summary>
    private const int LongSigns = 16 * 257;

    /// <summary>Standardised features further out are taken for this.</summary>
    private const float LargestFeature = 64;

    /// <summary>Images' numbers further out of the benign range than so many times its width are held there.</summary>
    private const float RangeMargin = 4;

    private const float LowShare = .02f;

    [ThreadStatic]
    private static float[]? s_scratch;

    private readonly InputKind _kind;
    private readonly float[] _featureMeans;
    private readonly float[] _featureFactors;
    private readonly float _least;
    private readonly float _largest;
    private readonly float _cut;
    private readonly float _centre;
    private readonly float[] _longSigns;
    private readonly float[] _factors;
    private readonly ushort[] _coordinates;
    private float[] _means = [];
    private int[] _offsetOf = [];
    private float[] _offsets = [];
    private float[] _lengths = [];
    private float[] _medians = new float[HashBits];
    private float[] _positions = new float[2 * Positions];
    private LabelGaussians? _gaussians;

    private InputSignals(DetectionKey key, InputKind kind, int length, float[] featureMeans, float[] featureFactors, float[] range)
    {
        _kind = kind;
        Length = length;
        _featureMeans = featureMeans;
        _featureFactors = featureFactors;
        float width = range[1] - range[0];
        width = width > 0 ? width : Math.Max(1, Math.Abs(range[0]));
        Range = range;
        _cut = range[0] + (LowShare * width);
        _least = range[0] - (RangeMargin * width);
        _largest = range[1] + (RangeMargin * width);
        _centre = kind == InputKind.Image ? range[2] : 0;
        _longSigns = Folds ? DrawSigns(key, "profile/long-signs", LongSigns) : [];
        _factors = DrawSigns(key, "profile/signs", Compared * Math.Max(1, Transform / Compared));
        _coordinates = DrawCoordinates(key);
    }

    /// <summary>Numbers in a row.</summary>
    public int Length { get; }

    /// <summary>Least, largest and mean number of benign rows, standardised if they are tabular.</summary>
    public float[] Range { get; }

    private bool Folds => Length > LongestExact;

    private int Compared => Math.Min(Length, LongestExact);

    /// <summary>Learns of rows and their labels.</summary>
    public static InputSignals Learn(DetectionKey key, InputKind kind, ReadOnlySpan<float> inputs, int length, ReadOnlySpan<int> labels, int classes)
    {
        float[] featureMeans = [];
        float[] featureFactors = [];
        if (kind == InputKind.Tabular)
        {
            FeatureScale.Learn(inputs, length, out featureMeans, out featureFactors);
        }

        InputSignals learned = new(key, kind, length, featureMeans, featureFactors, LearnRange(inputs, featureMeans, featureFactors));
        int compared = learned.Compared;
        float[] rows = new float[labels.Length * compared];
        for (int row = 0; row < labels.Length; row++)
        {
            Span<float> scratch = Take();
            learned.Prepare(inputs.Slice(row * length, length), scratch, out _);
            scratch[..compared].CopyTo(rows.AsSpan(row * compared));
        }

        learned.LearnCentroids(rows, labels, classes);
        learned.LearnProjections(rows, labels, classes);
        return learned;
    }

    /// <summary>Measures one row.</summary>
    public void Measure(ReadOnlySpan<float> input, int label, ref QuerySignals signals)
    {
        Span<float> scratch = Take();
        Prepare(input, scratch, out Shape shape);
        Span<float> row = scratch[..Compared];
        Span<float> folded = scratch.Slice(LongestExact, Transform);
        int offset = _offsetOf[label];
        CentroidSums sums = CentroidSums.Of(row, _means, _offsets.AsSpan(offset * Compared, Compared));
        double distance = Math.Sqrt(sums.Distances / (double)Length);
        double norms = Math.Sqrt(sums.Squares) * _lengths[offset];
        signals.Scalars[(int)SignalScalar.Mean] = shape.Mean;
        signals.Scalars[(int)SignalScalar.Spread] = shape.Spread;
        signals.Scalars[(int)SignalScalar.Sparsity] = shape.Sparsity;
        signals.Scalars[(int)SignalScalar.Variation] = shape.Variation;
        signals.Scalars[(int)SignalScalar.CentroidDistance] = (float)distance;
        signals.Scalars[(int)SignalScalar.CentroidCosine] = norms > 0 ? (float)Math.Clamp(sums.Products / norms, -1, 1) : 0;

        Project(row, folded);
        Span<float> projections = scratch[..Projections]; // the row is not needed any more
        for (int i = 0; i < Projections; i++)
        {
            projections[i] = folded[_coordinates[HashBits + i]];
        }

        signals.Scalars[(int)SignalScalar.ProjectionDistance] = _gaussians!.LogDistance(label, projections);
        signals.SimHash = HashOf(folded);
        for (int i = 0; i < Positions; i++)
        {
            signals.Position[i] = (folded[_coordinates[HashBits + Projections + i]] - _positions[i]) * _positions[Positions + i];
        }
    }

    public void Write(BinaryWriter writer)
    {
        writer.Write((int)_kind);
        writer.Write(Length);
        ProfileFile.Write(writer, _featureMeans);
        ProfileFile.Write(writer, _featureFactors);
        ProfileFile.Write(writer, Range);
        ProfileFile.Write(writer, _means);
        ProfileFile.Write(writer, _offsetOf);
        ProfileFile.Write(writer, _offsets);
        ProfileFile.Write(writer, _lengths);
        ProfileFile.Write(writer, _medians);
        ProfileFile.Write(writer, _positions);
        _gaussians!.Write(writer);
    }

    public static InputSignals Read(BinaryReader reader, DetectionKey key) =>
        new(
            key, (InputKind)reader.ReadInt32(), reader.ReadInt32(), ProfileFile.ReadFloats(reader), ProfileFile.ReadFloats(reader), ProfileFile.ReadFloats(reader))
        {
            _means = ProfileFile.ReadFloats(reader),
            _offsetOf = ProfileFile.ReadIntegers(reader),
            _offsets = ProfileFile.ReadFloats(reader),
            _lengths = ProfileFile.ReadFloats(reader),
            _medians = ProfileFile.ReadFloats(reader),
            _positions = ProfileFile.ReadFloats(reader),
            _gaussians = LabelGaussians.Read(reader),
        };

    private static Span<float> Take() => s_scratch ??= new float[(2 * LongestExact) + Transform];

    private static float[] LearnRange(ReadOnlySpan<float> inputs, float[] means, float[] factors)
    {
        float least = float.MaxValue;
        float largest = float.MinValue;
        double sum = 0;
        long count = 0;
        int place = 0;
        foreach (float input in inputs)
        {
            float x = input;
            if (means.Length > 0)
            {
                x = Math.Clamp((x - means[place]) * factors[place], -LargestFeature, LargestFeature);
                place = place + 1 == means.Length ? 0 : place + 1;
            }

            if (float.IsFinite(x))
            {
                least = Math.Min(least, x);
                largest = Math.Max(largest, x);
                sum += x;
                count++;
            }
        }

        return count > 0 ? [least, largest, (float)(sum / count)] : [0, 0, 0];
    }

    private static float[] DrawSigns(DetectionKey key, string purpose, int count)
    {
        byte[] bits = new byte[(count + 7) / 8];
        key.Derive(purpose, bits);
        float[] signs = new float[count];
        for (int i = 0; i < count; i++)
        {
            signs[i] = (bits[i / 8] >> (i % 8) & 1) == 0 ? 1 : -1;
        }

        CryptographicOperations.ZeroMemory(bits);
        return signs;
    }

    /// <summary>A shuffle of all coordinates, cut off.</summary>
    private static ushort[] DrawCoordinates(DetectionKey key)
    {
        byte[] words = new byte[Coordinates * sizeof(uint)];
        key.Derive("profile/coordinates", words);
        ushort[] all = [.. Enumerable.Range(0, Transform).Select(i => (ushort)i)];
        for (int i = 0; i < Coordinates; i++)
        {
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(words.AsSpan(i * sizeof(uint)));
            int chosen = i + (int)((word * (ulong)(all.Length - i)) >> 32);
            (all[i], all[chosen]) = (all[chosen], all[i]);
        }

        CryptographicOperations.ZeroMemory(words);
        return all[..Coordinates];
    }

    /// <summary>Makes the row finite, sums it up and folds it if it is long: the first places of scratch get what is compared.</summary>
    private void Prepare(ReadOnlySpan<float> input, Span<float> scratch, out Shape shape)
    {
        Span<float> folded = scratch[..Compared];
        if (Folds)
        {
            folded.Clear();
        }

        double sum = 0;
        double squares = 0;
        double variation = 0;
        int low = 0;
        float last = 0;
        for (int start = 0; start < Length; start += LongestExact)
        {
            int count = Math.Min(LongestExact, Length - start);
            Span<float> block = Folds ? scratch.Slice(LongestExact + Transform, count) : folded;
            if (_kind == InputKind.Image)
            {
                FiniteRow.Clamp(input.Slice(start, count), _least, _largest, block);
            }
            else
            {
                FiniteRow.Standardise(input.Slice(start, count), _featureMeans.AsSpan(start, count), _featureFactors.AsSpan(start, count), LargestFeature, block);
            }

            RowMoments moments = RowMoments.Of(block, _centre, _cut);
            sum += moments.Sum;
            squares += moments.Squares;
            low += moments.Low;
            variation += moments.Variation + (start > 0 ? MathF.Abs(block[0] - last) : 0);
            last = block[^1];
            if (Folds)
            {
                Fold(block, start % LongSigns, folded);
            }
        }

        double mean = sum / Length;
        shape = new Shape(
            (float)(_centre + mean),
            (float)Math.Sqrt(Math.Max(0, (squares / Length) - (mean * mean))),
            low / (float)Length,
            Length > 1 ? (float)(variation / (Length - 1)) : 0);
    }

    private void Fold(ReadOnlySpan<float> block, int sign, Span<float> folded)
    {
        int count = Math.Min(block.Length, LongSigns - sign);
        SignedFold.Add(block[..count], _centre, _longSigns.AsSpan(sign, count), folded);
        SignedFold.Add(block[count..], _centre, _longSigns.AsSpan(0, block.Length - count), folded[count..]);
    }

    private void Project(ReadOnlySpan<float> row, Span<float> folded)
    {
        SignedFold.Fold(row, _means, _factors, folded);
        WalshHadamard.Transform(folded);
    }

    private ulong HashOf(ReadOnlySpan<float> folded)
    {
        ulong bits = 0;
        for (int i = 0; i < HashBits; i++)
        {
            bits = (bits << 1) | (folded[_coordinates[i]] > _medians[i] ? 1UL : 0);
        }

        return bits;
    }

    private void LearnCentroids(float[] rows, ReadOnlySpan<int> labels, int classes)
    {
        int n = Compared;
        float[] means = LabelMeans.Learn(rows, n, labels, classes, out _offsetOf, out _);
        _means = means[..n];
        _offsets = means;
        _lengths = new float[means.Length / n];
        for (int centroid = 0; centroid < _lengths.Length; centroid++)
        {
            double square = 0;
            for (int i = 0; i < n; i++)
            {
                float offset = means[(centroid * n) + i] - _means[i];
                _offsets[(centroid * n) + i] = offset;
                square += (double)offset * offset;
            }

            _lengths[centroid] = (float)Math.Sqrt(square);
        }
    }

    private void LearnProjections(float[] rows, ReadOnlySpan<int> labels, int classes)
    {
        int n = Compared;
        int count = labels.Length;
        float[] drawn = new float[count * Projections];
        float[][] others = new float[HashBits + Positions][];
        for (int i = 0; i < others.Length; i++)
        {
            others[i] = new float[count];
        }

        float[] folded = new float[Transform];
        for (int row = 0; row < count; row++)
        {
            Project(rows.AsSpan(row * n, n), folded);
            for (int i = 0; i < Coordinates; i++)
            {
                float value = folded[_coordinates[i]];
                if (i is >= HashBits and < HashBits + Projections)
                {
                    drawn[(row * Projections) + i - HashBits] = value;
                }
                else
                {
                    others[i < HashBits ? i : i - Projections][row] = value;
                }
            }
        }

        for (int i = 0; i < others.Length; i++)
        {
            Array.Sort(others[i]);
            float median = others[i][count / 2];
            if (i < HashBits)
            {
                _medians[i] = median;
                continue;
            }

            // Half the distance between the 16th and the 84th percentile: a standard deviation that outliers do not move.
            float spread = (others[i][(int)(count * .84)] - others[i][(int)(count * .16)]) / 2;
            _positions[i - HashBits] = median;
            _positions[Positions + i - HashBits] = spread > 0 && float.IsFinite(1 / spread) ? 1 / spread : 0;
        }

        _gaussians = LabelGaussians.Learn(drawn, Projections, labels, classes);
    }

    private readonly record struct Shape(float Mean, float Spread, float Sparsity, float Variation);
}

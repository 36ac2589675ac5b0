using System.Collections.ObjectModel;
using System.Globalization;

namespace InferenceShield;

/// <summary>Releases the label, one number for a band of confidences, and a named second label: of every answer the same few.</summary>
/// <remarks>
/// <para>A clean confidence and the number released for it lie in the same band: an application that compares with an edge
/// decides as it would on the clean answer. Each number is the mean clean confidence of the benign answers in its band,
/// so calibration stays. At most bands x classes x (classes - 1) answers exist.</para>
/// <para>The number goes to the label, the runner-up's to the largest other class (the first of equals), what is left
/// evenly to the others, the first of them one grid step more where it does not divide. Everything lies on a grid of 5
/// decimals, sums to 1 on it, and has its strict maximum at the clean label.</para>
/// <para>Immutable and thread-safe.</para>
/// </remarks>
public sealed class ConfidenceBands
{
    /// <summary>The most bands there can be.</summary>
    public const int MaximumBands = 64;

    /// <summary>The fewest benign answers to learn from, for each band: the number of a band is to be no single answer's.</summary>
    private const int MinimumAnswers = 5;

    private readonly int[] _edges;
    private readonly int[] _numbers;
    private readonly int[] _runnersUp;
    private readonly float[] _bounds;

    private ConfidenceBands(int classes, bool namesRunnerUp, int[] edges, int[] numbers, int[] runnersUp, DateTimeOffset? created)
    {
        Classes = classes;
        NamesRunnerUp = namesRunnerUp;
        Created = created;
        _edges = edges;
        _numbers = numbers;
        _runnersUp = runnersUp;
        _bounds = Array.ConvertAll(edges, ReleaseGrid.ToFloat);
        Answers = new BandAnswer[numbers.Length];
        for (int band = 0; band < numbers.Length; band++)
        {
            Answers[band] = new BandAnswer(numbers[band], runnersUp[band], classes, namesRunnerUp);
        }

        Edges = Array.AsReadOnly(Array.ConvertAll(edges, ReleaseGrid.ToDouble));
        Confidences = Array.AsReadOnly(Array.ConvertAll(numbers, ReleaseGrid.ToDouble));
        RunnersUp = Array.AsReadOnly(Array.ConvertAll(runnersUp, ReleaseGrid.ToDouble));
    }

    /// <summary>The classes of the model.</summary>
    public int Classes { get; }

    /// <summary>Whether the second label is named. Always false in effect for one class, and where a band's number is 1.</summary>
    public bool NamesRunnerUp { get; }

    /// <summary>The edges between the bands, ascending; one fewer than bands. A confidence on an edge, both as floats,
    /// belongs to the band above.</summary>
    public ReadOnlyCollection<double> Edges { get; }

    /// <summary>The number each band releases for the label.</summary>
    public ReadOnlyCollection<double> Confidences { get; }

    /// <summary>The number each band releases for the runner-up; 0 if none is named.</summary>
    public ReadOnlyCollection<double> RunnersUp { get; }

    /// <summary>When the file was saved that these were loaded from; null if they were not.</summary>
    public DateTimeOffset? Created { get; }

    /// <summary>One for each band.</summary>
    internal BandAnswer[] Answers { get; }

    internal ReadOnlySpan<int> EdgeSteps => _edges;

    internal ReadOnlySpan<int> NumberSteps => _numbers;

    internal ReadOnlySpan<int> RunnerUpSteps => _runnersUp;

    /// <summary>Learns bands from benign answers, offline.</summary>
    /// <param name="answers">The model's clean answers to benign queries, row after row; some thousand, at least
    /// 5 for each band. None of them is kept.</param>
    /// <param name="classes">1 to 1,000,000.</param>
    /// <param name="kind"><see cref="OutputKind.Logits"/> or <see cref="OutputKind.Probabilities"/>.</param>
    /// <param name="bands">1 to <see cref="MaximumBands"/>. Fewer come out where the answers do not tell as many apart, more
    /// where <paramref name="fixedEdges"/> ask for more.</param>
    /// <param name="fixedEdges">Thresholds that no answer may cross: as for <see cref="FromEdges"/>. The other edges are
    /// placed between them.</param>
    /// <param name="namesRunnerUp">Whether to name the second label.</param>
    /// <remarks>The edges are quantiles of the confidence c, each answer weighing sqrt(c(1-c)), the standard deviation of its
    /// label being right: many near 1, where most answers are, and enough below, where right and wrong ones mix.
    /// Deterministic. Sorts once: O(n (classes + log n)).</remarks>
    /// <exception cref="InvalidModelOutputException">A row cannot be an answer; names it.</exception>
    /// <exception cref="ArgumentException">Too few rows, or edges that cannot be kept.</exception>
    public static ConfidenceBands Learn(
        ReadOnlySpan<float> answers,
        int classes,
        OutputKind kind,
        int bands = 8,
        ReadOnlySpan<double> fixedEdges = default,
        bool namesRunnerUp = true)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bands, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bands, MaximumBands);
        int rows = CleanAnswers.CountRows(answers, classes, kind);
        int needed = Math.Max(bands, fixedEdges.Length + 1) * MinimumAnswers;
        if (rows < needed)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"There are {rows:N0} answers to learn {needed / MinimumAnswers} bands from; {needed:N0} are needed, {MinimumAnswers} for each, and some thousand to calibrate them. Give more answers or fewer bands; without any, use FromEdges."), nameof(answers));
        }

        int[] given = ToSteps(fixedEdges, classes, namesRunnerUp);
        BandLearning learning = new(answers, classes, kind, namesRunnerUp);
        int[] edges = learning.PlaceEdges(given, bands);
        (int[] numbers, int[] runnersUp) = learning.Calibrate(edges);
        return new ConfidenceBands(classes, namesRunnerUp, edges, numbers, runnersUp, null);
    }

    /// <summary>Makes bands without answers to learn from: each number is the middle of its band, so calibration is the edges'.</summary>
    /// <param name="classes">1 to 1,000,000.</param>
    /// <param name="edges">Ascending, in (0, 1), with at most 5 decimals, at most 63. Those at or below 1/classes are
    /// dropped, for no confidence lies below them.</param>
    /// <param name="namesRunnerUp">Whether to name the second label.</param>
    /// <exception cref="ArgumentException">Not such edges, or so near to each other, to 1 or to 1/classes that no number on the
    /// grid lies strictly between them.</exception>
    public static ConfidenceBands FromEdges(int classes, ReadOnlySpan<double> edges, bool namesRunnerUp = true)
    {
        CleanAnswers.CountRows([], classes, OutputKind.Probabilities);
        int[] steps = ToSteps(edges, classes, namesRunnerUp);
        (int[] numbers, int[] runnersUp) = new BandLearning([], classes, OutputKind.Probabilities, namesRunnerUp).Calibrate(steps);
        return new ConfidenceBands(classes, namesRunnerUp, steps, numbers, runnersUp, null);
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="model">The model it has to be for.</param>
    /// <param name="classes">The classes it has to be for.</param>
    /// <param name="secret">The secret it has to be authenticated under; null for a file that is only checked for damage,
    /// which anybody who can write it can make.</param>
    /// <exception cref="ReleaseFileException">Refused; says why.</exception>
    public static ConfidenceBands Load(ReadOnlySpan<byte> file, string model, int classes, ShieldSecret? secret = null)
    {
        using ReleaseFileKey? key = ReleaseFileKey.Of(secret);
        return Read(file, model, classes, key);
    }

    /// <summary>Writes the bands as a file of some hundred bytes. The format is documented in docs/release-files.md.</summary>
    /// <param name="stream">Written once, not flushed.</param>
    /// <param name="model">The model they are for: 1 to 256 bytes in UTF-8.</param>
    /// <param name="secret">Authenticates the file, so that nobody without it can plant one; null for a checksum only.</param>
    /// <param name="clock">Tells when; by default the system's.</param>
    public void Save(Stream stream, string model, ShieldSecret? secret = null, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using ReleaseFileKey? key = ReleaseFileKey.Of(secret);
        stream.Write(ReleaseFile.Write(ReleaseFile.Bands, model, Classes, key, clock ?? TimeProvider.System, BandFile.Write(this)));
    }

    /// <summary>Releases one answer, as a shield would: to try the bands on answers they were not learned from.</summary>
    /// <param name="answer">A clean answer.</param>
    /// <param name="kind"><see cref="OutputKind.Logits"/> or <see cref="OutputKind.Probabilities"/>.</param>
    /// <param name="released">As long; may be the same span.</param>
    /// <remarks>One pass; allocates nothing.</remarks>
    /// <exception cref="InvalidModelOutputException">The answer cannot be released; nothing is written.</exception>
    public void Release(ReadOnlySpan<float> answer, OutputKind kind, Span<float> released)
    {
        CleanAnswers.RequireLengths(answer, released, Classes);
        Span<double> distribution = CleanAnswers.Normalize(answer, kind, 0, out int top);
        BandHardening.Apply(this, FindBand((float)distribution[top]), answer, top, released);
    }

    internal static ConfidenceBands Read(ReadOnlySpan<byte> file, string model, int classes, ReleaseFileKey? key)
    {
        ReleaseFile header = ReleaseFile.Read(file, ReleaseFile.Bands, model, classes, key);
        return BandFile.Read(header.Body(file), header);
    }

    /// <summary>The band of a confidence: the number of edges that it reaches, both as floats.</summary>
    internal int FindBand(float confidence)
    {
        int band = 0;
        foreach (float bound in _bounds)
        {
            band += confidence >= bound ? 1 : 0;
        }

        return band;
    }

    /// <summary>Takes bands from a file.</summary>
    /// <returns>Null, and what is wrong with them.</returns>
    internal static ConfidenceBands? TryMake(
        int classes, bool namesRunnerUp, int[] edges, int[] numbers, int[] runnersUp, DateTimeOffset created, out string fault)
    {
        fault = FindFault(edges, classes, namesRunnerUp) ?? "";
        for (int band = 0; fault.Length == 0 && band < numbers.Length; band++)
        {
            BandLimits limits = BandLimits.Of(edges, band, classes, namesRunnerUp);
            BandLimits second = BandLimits.OfRunnerUp(numbers[band], classes, namesRunnerUp && classes > 1);
            if (numbers[band] < limits.Lowest || numbers[band] > limits.Highest)
            {
                fault = $"band {band} releases {Show(numbers[band])}, which is not strictly between its edges or cannot lead the other classes";
            }
            else if (runnersUp[band] < second.Lowest || runnersUp[band] > second.Highest)
            {
                fault = $"band {band} gives {Show(runnersUp[band])} to the runner-up; possible: {Show(second.Lowest)} to {Show(second.Highest)}";
            }
        }

        return fault.Length == 0 ? new ConfidenceBands(classes, namesRunnerUp, edges, numbers, runnersUp, created) : null;
    }

    private static int[] ToSteps(ReadOnlySpan<double> edges, int classes, bool namesRunnerUp)
    {
        List<int> steps = [];
        foreach (double edge in edges)
        {
            if (!(edge > 0 && edge < 1) || !ReleaseGrid.IsOnGrid(edge))
            {
                throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"The edge {edge} is not a number between 0 and 1 with at most 5 decimals."), nameof(edges));
            }

            steps.Add(ReleaseGrid.Round(edge));
        }

        for (int i = 1; i < steps.Count; i++)
        {
            if (steps[i] <= steps[i - 1])
            {
                throw new ArgumentException($"The edges are not ascending: {Show(steps[i])} comes after {Show(steps[i - 1])}.", nameof(edges));
            }
        }

        steps.RemoveAll(edge => (long)edge * classes <= ReleaseGrid.Units);
        return FindFault([.. steps], classes, namesRunnerUp) is { } fault
            ? throw new ArgumentException($"Of the edges, {fault}.", nameof(edges))
            : [.. steps];
    }

    private static string? FindFault(int[] edges, int classes, bool namesRunnerUp)
    {
        if (edges.Length >= MaximumBands)
        {
            return $"{edges.Length} are too many; {MaximumBands - 1} are allowed";
        }

        for (int i = 0; i < edges.Length; i++)
        {
            if (edges[i] is <= 0 or >= ReleaseGrid.Units || (i > 0 && edges[i] <= edges[i - 1]))
            {
                return $"{Show(edges[i])} is not between 0 and 1 or not above the one before it";
            }
        }

        for (int band = 0; band <= edges.Length; band++)
        {
            if (BandLimits.Of(edges, band, classes, namesRunnerUp).IsEmpty)
            {
                string lower = band == 0 ? $"1/{classes}" : Show(edges[band - 1]);
                return $"{(band == edges.Length ? "1" : Show(edges[band]))} is so near to {lower} that nothing on the grid of 5 decimals lies between";
            }
        }

        return null;
    }

    private static string Show(int steps) => ReleaseGrid.ToDouble(steps).ToString(CultureInfo.InvariantCulture);
}

using System.Globalization;

namespace InferenceShield;

/// <summary>Releases the nearest of a few typical answers of the label, unless even that one is too far from the clean answer.</summary>
/// <remarks>
/// <para>Nearest by L1, as the cap is in L1: where any centroid of the label is within the cap, one is released. Equals by
/// lower index. The same on every machine: distances are summed class by class, whatever the vector width.</para>
/// <para>A centroid is the mean of at least <see cref="MinimumMembers"/> benign answers of its label, on a grid of 5 decimals
/// on which it sums to 1 and has its strict maximum at the label; no single answer is kept. An answer beyond the cap is
/// for another release, as a rule <see cref="ConfidenceBands"/>: their number of distinct answers is bounded, too.</para>
/// <para>Immutable and thread-safe. Memory: 4 bytes for each class of each centroid, these counted in sixteens for each
/// label, at most 64 MiB.</para>
/// </remarks>
public sealed class AnswerCodebook
{
    /// <summary>The most centroids that a label can have.</summary>
    public const int MaximumCentroids = 256;

    /// <summary>The fewest benign answers that a centroid is made of.</summary>
    public const int MinimumMembers = 5;

    private readonly CodebookLabel[] _labels;

    private AnswerCodebook(CodebookLabel[] labels, int cap, DateTimeOffset? created)
    {
        _labels = labels;
        CapSteps = cap;
        DistanceCap = ReleaseGrid.ToDouble(cap);
        Created = created;
        Count = labels.Sum(label => label.Count);
    }

    /// <summary>The classes of the model.</summary>
    public int Classes => _labels.Length;

    /// <summary>The centroids of all labels.</summary>
    public int Count { get; }

    /// <summary>The greatest L1 distance from a clean answer to the one released for it.</summary>
    public double DistanceCap { get; }

    /// <summary>When the file was saved that this was loaded from; null if it was not.</summary>
    public DateTimeOffset? Created { get; }

    internal int CapSteps { get; }

    internal ReadOnlySpan<CodebookLabel> Labels => _labels;

    /// <summary>Learns a codebook from benign answers, offline: k-means with k-means++ under a seed, label by label.</summary>
    /// <param name="answers">The model's clean answers to benign queries, row after row; some hundred of each label, at least
    /// <see cref="MinimumMembers"/> times the classes together. A label with fewer than <see cref="MinimumMembers"/> gets no centroid.</param>
    /// <param name="classes">1 to 1,000,000; see <see cref="AnswerCodebook"/> for the memory.</param>
    /// <param name="kind"><see cref="OutputKind.Logits"/> or <see cref="OutputKind.Probabilities"/>.</param>
    /// <param name="centroids">For each label, 1 to <see cref="MaximumCentroids"/>; fewer come out where clusters are smaller
    /// than <see cref="MinimumMembers"/>.</param>
    /// <param name="distanceCap">In (0, 2]; rounded down to 5 decimals.</param>
    /// <param name="seed">Chooses the first centroids. The same seed, answers and order of them give the same codebook on
    /// every machine.</param>
    /// <remarks>O(n x classes x centroids) in each of at most 100 rounds. Arthur, Vassilvitskii, "k-means++: The Advantages of
    /// Careful Seeding" (SODA 2007).</remarks>
    /// <exception cref="InvalidModelOutputException">A row cannot be an answer; names it.</exception>
    /// <exception cref="ArgumentException">Too few rows, or centroids that would not fit the memory.</exception>
    public static AnswerCodebook Learn(
        ReadOnlySpan<float> answers, int classes, OutputKind kind, int centroids = 16, double distanceCap = 0.5, long seed = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(centroids, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(centroids, MaximumCentroids);
        int cap = distanceCap is > 0 and <= 2 ? (int)Math.Floor((distanceCap * ReleaseGrid.Units) + 1e-6) : 0;
        if (cap == 0)
        {
            throw new ArgumentOutOfRangeException(nameof(distanceCap), distanceCap, "The L1 distance of two answers is at least 0 and at most 2; the cap has to be from 0.00001 to 2.");
        }

        int rows = CleanAnswers.CountRows(answers, classes, kind);
        if (rows < MinimumMembers * classes)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"There are {rows:N0} answers to learn the typical ones of {classes:N0} classes from; {MinimumMembers * classes:N0} are needed, {MinimumMembers} for each, and some hundred for each make good ones."), nameof(answers));
        }

        CodebookLearning learning = new(answers, classes, kind, seed);
        CodebookLabel[] labels = new CodebookLabel[classes];
        long numbers = 0;
        for (int label = 0; label < classes; label++)
        {
            List<int[]> learned = learning.Learn(label, centroids);
            numbers += CodebookLabel.Numbers(learned.Count, classes);
            if (numbers > CodebookLabel.MaximumNumbers)
            {
                throw new ArgumentException($"{centroids} centroids for each of {classes} labels do not fit the memory of a codebook; use fewer, or bands.", nameof(centroids));
            }

            labels[label] = new CodebookLabel(learned, classes);
        }

        return new AnswerCodebook(labels, cap, null);
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <inheritdoc cref="ConfidenceBands.Load"/>
    public static AnswerCodebook Load(ReadOnlySpan<byte> file, string model, int classes, ShieldSecret? secret = null)
    {
        using ReleaseFileKey? key = ReleaseFileKey.Of(secret);
        return Read(file, model, classes, key);
    }

    /// <summary>Writes the codebook as a file: 4 bytes for each class of each centroid, and some more. The format is
    /// documented in docs/release-files.md.</summary>
    /// <inheritdoc cref="ConfidenceBands.Save"/>
    public void Save(Stream stream, string model, ShieldSecret? secret = null, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using ReleaseFileKey? key = ReleaseFileKey.Of(secret);
        stream.Write(ReleaseFile.Write(ReleaseFile.Codebook, model, Classes, key, clock ?? TimeProvider.System, CodebookFile.Write(this)));
    }

    /// <summary>The number of centroids that a label has.</summary>
    /// <param name="label">From 0.</param>
    public int CountOf(int label) => _labels[label].Count;

    /// <summary>Releases one answer, as a shield would: to try the codebook on answers it was not learned from.</summary>
    /// <param name="answer">A clean answer.</param>
    /// <param name="kind"><see cref="OutputKind.Logits"/> or <see cref="OutputKind.Probabilities"/>.</param>
    /// <param name="released">As long; may be the same span.</param>
    /// <returns>False, and nothing is written, if no centroid of the label is within <see cref="DistanceCap"/>.</returns>
    /// <remarks>Allocates nothing.</remarks>
    /// <exception cref="InvalidModelOutputException">The answer cannot be released; nothing is written.</exception>
    public bool TryRelease(ReadOnlySpan<float> answer, OutputKind kind, Span<float> released)
    {
        CleanAnswers.RequireLengths(answer, released, Classes);
        Span<double> distribution = CleanAnswers.Normalize(answer, kind, 0, out int top);
        return CodebookHardening.TryApply(this, distribution, top, released);
    }

    /// <summary>Size and cap.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"AnswerCodebook({Count} centroids, {Classes} classes, L1 cap {DistanceCap})");

    internal static AnswerCodebook Read(ReadOnlySpan<byte> file, string model, int classes, ReleaseFileKey? key)
    {
        ReleaseFile header = ReleaseFile.Read(file, ReleaseFile.Codebook, model, classes, key);
        return CodebookFile.Read(header.Body(file), header);
    }

    internal static AnswerCodebook FromFile(CodebookLabel[] labels, int cap, DateTimeOffset created) => new(labels, cap, created);
}

namespace InferenceShield.Lab;

/// <summary>A model that is known to be independent of the target: what it shows, any model may show.</summary>
/// <param name="Name">What it is called in reports.</param>
/// <param name="Model">Takes and answers what the target does, with the classes in the same order.</param>
public sealed record VerificationControl(string Name, IClassifier Model)
{
    /// <summary>Trains independent models on labelled data that did not come from the target.</summary>
    /// <param name="data">Rows with labels.</param>
    /// <param name="classCount">The target's classes.</param>
    /// <param name="count">How many, at least 1.</param>
    /// <param name="seed">The models follow from it: the same on one machine, however many threads work.</param>
    /// <param name="options">How they are built; null for the defaults.</param>
    /// <param name="threads">Threads to use, at least 1.</param>
    /// <param name="cancellationToken">Ends the training.</param>
    /// <exception cref="ArgumentException">The data have no labels, or labels of other classes.</exception>
    /// <remarks>Each is trained on a random half of the rows and with weights of its own, so that they differ as strangers' models do. Cost: as
    /// <see cref="SurrogateTrainer.Train"/>, each.</remarks>
    public static IReadOnlyList<VerificationControl> Train(
        Dataset data, int classCount, int count, ulong seed, SurrogateOptions? options = null, int threads = 1, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (!data.HasLabels || data.ClassCount > classCount)
        {
            throw new ArgumentException(
                data.HasLabels ? $"Labels of '{data.Name}' go up to {data.ClassCount - 1}; the target has {classCount} classes." : $"'{data.Name}' has no labels; controls are trained on true ones, not on the target's.", nameof(data));
        }

        VerificationControl[] controls = new VerificationControl[count];
        for (int i = 0; i < count; i++)
        {
            Dataset rows = data.Shuffle(seed + (ulong)i);
            rows = rows.Slice(0, Math.Max(1, rows.Count / 2));
            float[] targets = new float[rows.Count * classCount];
            for (int row = 0; row < rows.Count; row++)
            {
                targets[(row * classCount) + rows.Labels.Span[row]] = 1;
            }

            controls[i] = new VerificationControl(
                $"trained {i + 1}", SurrogateTrainer.Train(rows.Values.Span, targets, rows.Width, classCount, options ?? new SurrogateOptions(), seed + (ulong)i, threads, cancellationToken));
        }

        return controls;
    }
}

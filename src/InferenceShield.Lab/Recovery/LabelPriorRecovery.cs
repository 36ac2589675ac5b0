using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Keeps the label of each answer and takes the rest to be what clean answers of that label are on average.</summary>
/// <remarks>What is left of D-DAE+ under a release of labels only. Under a prior that treats classes alike it is label smoothing.</remarks>
public sealed class LabelPriorRecovery : IAnswerRecovery
{
    private const int Samples = 20_000;

    private readonly AnswerPrior _prior;

    /// <summary>Takes clean answers to look like the prior.</summary>
    /// <param name="prior">What clean answers look like; null for <see cref="AnswerPrior.Sharp"/>.</param>
    public LabelPriorRecovery(AnswerPrior? prior = null) => _prior = prior ?? AnswerPrior.Sharp;

    /// <inheritdoc/>
    public string Name => $"top-1 + {_prior.Name} prior";

    /// <inheritdoc/>
    public float[] Recover(Transcript transcript, ReleasePolicy policy, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(transcript);
        int classes = transcript.AnswerLength;
        float[] samples = _prior.Draw(transcript, Samples, seed);
        float[] means = new float[classes * classes];
        int[] counts = new int[classes];
        for (int row = 0; row < samples.Length; row += classes)
        {
            ReadOnlySpan<float> sample = samples.AsSpan(row, classes);
            int label = TensorPrimitives.IndexOfMax(sample);
            Span<float> mean = means.AsSpan(label * classes, classes);
            TensorPrimitives.Add(mean, sample, mean);
            counts[label]++;
        }

        float[] targets = LabelRecovery.ToLabels(transcript.Answers, classes);
        for (int row = 0; row < targets.Length; row += classes)
        {
            Span<float> target = targets.AsSpan(row, classes);
            int label = target.IndexOf(1f);
            if (counts[label] > 0)
            {
                TensorPrimitives.Divide(means.AsSpan(label * classes, classes), counts[label], target);
            }
        }

        return targets;
    }
}

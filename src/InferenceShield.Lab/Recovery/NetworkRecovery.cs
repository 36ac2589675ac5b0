using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>D-DAE+ (Chen et al., IEEE S&amp;P 2023, as ModelGuard's suite has it): a network learns to undo the algorithm from samples that
/// the thief passed through it himself.</summary>
/// <remarks>
/// <para>Samples are drawn from a prior, released under a key that the seed makes, not the defender's, and learned back by Adam on the
/// L1 distance: hidden layers of 128 and 64 units up to 16 classes, 256 and 128 up to 64, 512 and 256 above, softmax at the end.</para>
/// <para>A recovered answer keeps the label of the released one, unless the network finds more labels of 5,000 samples than the
/// algorithm left in place.</para>
/// <para>Deterministic, on one thread. Cost: 4,500 steps of 128 samples, 2,000 above 64 classes, whatever the number of answers.</para>
/// </remarks>
public sealed class NetworkRecovery : IAnswerRecovery
{
    private const int Samples = 50_000;
    private const int Batch = 128;
    private const float LearningRate = 2e-3f;
    private const int JudgedSamples = 5000;

    private readonly AnswerPrior _prior;

    /// <summary>Takes clean answers to look like the prior.</summary>
    /// <param name="prior">What clean answers look like; null for <see cref="AnswerPrior.Sharp"/>.</param>
    public NetworkRecovery(AnswerPrior? prior = null) => _prior = prior ?? AnswerPrior.Sharp;

    /// <inheritdoc/>
    public string Name => ReferenceEquals(_prior, AnswerPrior.Sharp) ? "D-DAE+" : $"D-DAE+, {_prior.Name}";

    /// <inheritdoc/>
    public float[] Recover(Transcript transcript, ReleasePolicy policy, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(transcript);
        ArgumentNullException.ThrowIfNull(policy);
        int classes = transcript.AnswerLength;
        float[] clean = _prior.Draw(transcript, Samples, seed);
        float[] released = new float[clean.Length];
        policy.Create(ThiefKey.Of(seed)).Apply(default, clean, classes, released);
        Network network = Train(clean, released, classes, seed);
        return Invert(network, transcript.Answers, classes, KeepsLabels(network, clean, released, classes));
    }

    private static Network Train(ReadOnlySpan<float> clean, ReadOnlySpan<float> released, int classes, ulong seed)
    {
        (int first, int second) = classes <= 16 ? (128, 64) : classes <= 64 ? (256, 128) : (512, 256);
        Network network = new(
            [
                new DenseLayer(classes, first), new ReluLayer(first), new DenseLayer(first, second), new ReluLayer(second),
                new DenseLayer(second, classes),
            ], seed);
        Workspace workspace = new(network, Batch);
        AdamOptimizer optimizer = new(network.Parameters.Length);
        int rows = clean.Length / classes;
        int[] order = [.. Enumerable.Range(0, rows)];
        SeededRandom random = new(seed, stream: 13);
        int count = Math.Min(Batch, rows);
        int steps = classes <= 64 ? 4500 : 2000;
        int next = rows;
        for (int step = 0; step < steps; step++)
        {
            if (next + count > rows)
            {
                random.Shuffle(order);
                next = 0;
            }

            for (int i = 0; i < count; i++)
            {
                Scale(released.Slice(order[next + i] * classes, classes), workspace.Input.AsSpan(i * classes, classes));
            }

            network.Forward(workspace, count);
            for (int i = 0; i < count; i++)
            {
                Differentiate(
                    workspace.Output.AsSpan(i * classes, classes), clean.Slice(order[next + i] * classes, classes), 1f / count, workspace.OutputGradient.AsSpan(i * classes, classes));
            }

            workspace.ParameterGradient.AsSpan().Clear();
            network.Backward(workspace, count);
            optimizer.Step(network.Parameters, workspace.ParameterGradient, LearningRate * (float)(0.5 * (1 + Math.Cos(Math.PI * step / steps))));
            next += count;
        }

        return network;
    }

    private static float[] Invert(Network network, ReadOnlySpan<float> answers, int classes, bool keepsLabels)
    {
        Workspace workspace = new(network, Batch);
        float[] targets = new float[answers.Length];
        for (int start = 0; start < targets.Length; start += Batch * classes)
        {
            int length = Math.Min(Batch * classes, targets.Length - start);
            Scale(answers.Slice(start, length), workspace.Input);
            network.Forward(workspace, length / classes);
            for (int row = 0; row < length; row += classes)
            {
                Span<float> target = targets.AsSpan(start + row, classes);
                Softmax(workspace.Output.AsSpan(row, classes), target);
                int label = TensorPrimitives.IndexOfMax(answers.Slice(start + row, classes));
                int top = TensorPrimitives.IndexOfMax(target);
                if (keepsLabels)
                {
                    (target[top], target[label]) = (target[label], target[top]);
                }
            }
        }

        return targets;
    }

    /// <summary>Whether the algorithm leaves the label in place at least as often as the network finds it.</summary>
    private static bool KeepsLabels(Network network, ReadOnlySpan<float> clean, ReadOnlySpan<float> released, int classes)
    {
        int length = Math.Min(JudgedSamples * classes, clean.Length);
        float[] recovered = Invert(network, released[..length], classes, keepsLabels: false);
        int kept = 0;
        int found = 0;
        for (int row = 0; row < length; row += classes)
        {
            int label = TensorPrimitives.IndexOfMax(clean.Slice(row, classes));
            kept += TensorPrimitives.IndexOfMax(released.Slice(row, classes)) == label ? 1 : 0;
            found += TensorPrimitives.IndexOfMax(recovered.AsSpan(row, classes)) == label ? 1 : 0;
        }

        return kept >= found;
    }

    /// <summary>To a spread of about 1, the scale that the initial weights are made for.</summary>
    private static void Scale(ReadOnlySpan<float> answers, Span<float> scaled) => TensorPrimitives.Multiply(answers, 4f, scaled);

    /// <summary>The gradient of the L1 distance of softmax and target by the logits, scaled.</summary>
    private static void Differentiate(ReadOnlySpan<float> logits, ReadOnlySpan<float> target, float scale, Span<float> gradient)
    {
        Softmax(logits, gradient);
        float mean = 0;
        for (int i = 0; i < gradient.Length; i++)
        {
            mean += gradient[i] * Math.Sign(gradient[i] - target[i]);
        }

        for (int i = 0; i < gradient.Length; i++)
        {
            gradient[i] *= scale * (Math.Sign(gradient[i] - target[i]) - mean);
        }
    }

    private static void Softmax(ReadOnlySpan<float> logits, Span<float> probabilities)
    {
        // Shifted by the largest, no exponential overflows.
        TensorPrimitives.Subtract(logits, TensorPrimitives.Max(logits), probabilities);
        TensorPrimitives.SoftMax(probabilities, probabilities);
    }
}

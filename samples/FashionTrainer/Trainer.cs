using InferenceShield.Lab;
using System.Diagnostics;
using System.Numerics.Tensors;

namespace InferenceShield.Samples.Training;

/// <summary>Trains a network in small batches, each cut into the same shards however many threads work on them.</summary>
/// <remarks>
/// A shard has its own memory and the gradients of the shards are summed in their order, so the result depends on the seed
/// and not on the number of threads.
/// </remarks>
internal sealed class Trainer
{
    private const int ShardSamples = 16;
    private const int ShardsPerBatch = 8;
    private const int BatchSamples = ShardSamples * ShardsPerBatch;
    private const float LearningRate = 2e-3f;

    private readonly Network _network;
    private readonly Standardization _standardization;
    private readonly ulong _seed;
    private readonly ParallelOptions _parallel;
    private readonly Workspace[] _workspaces;
    private readonly float[] _losses = new float[ShardsPerBatch];
    private readonly AdamOptimizer _optimizer;

    public Trainer(Network network, Standardization standardization, ulong seed, int threads)
    {
        _network = network;
        _standardization = standardization;
        _seed = seed;
        _parallel = new ParallelOptions { MaxDegreeOfParallelism = threads };
        _workspaces = new Workspace[ShardsPerBatch];
        for (int i = 0; i < _workspaces.Length; i++)
        {
            _workspaces[i] = new Workspace(network, ShardSamples);
        }

        _optimizer = new AdamOptimizer(network.Parameters.Length);
    }

    /// <summary>Trains, and reports loss and test accuracy after each epoch.</summary>
    public void Train(FashionDataset training, FashionDataset test, int epochs, TextWriter log)
    {
        int[] order = new int[training.Count];
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        int batches = (training.Count + BatchSamples - 1) / BatchSamples;
        long start = Stopwatch.GetTimestamp();
        for (int epoch = 0; epoch < epochs; epoch++)
        {
            var random = new SeededRandom(_seed, stream: 1 + (ulong)epoch);
            random.Shuffle(order);
            double loss = 0;
            for (int batch = 0; batch < batches; batch++)
            {
                // Half a cosine: from the full rate down to none.
                double progress = ((epoch * (double)batches) + batch) / ((double)epochs * batches);
                float rate = LearningRate * (float)(0.5 * (1 + Math.Cos(Math.PI * progress)));
                int first = batch * BatchSamples;
                loss += TrainBatch(training, order.AsMemory(first, Math.Min(BatchSamples, order.Length - first)), epoch, rate);
            }

            log.WriteLine(
                $"epoch {epoch + 1,2}/{epochs}  loss {loss / training.Count:F4}  test accuracy {GetAccuracy(test):P2}  "
                + $"{Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s");
        }
    }

    /// <summary>The share of images whose largest logit is at their label.</summary>
    public double GetAccuracy(FashionDataset dataset)
    {
        int correct = 0;
        ForEachShard(dataset.Count, (workspace, first, count) =>
        {
            int hits = 0;
            Span<float> pixels = workspace.Input.AsSpan(0, count * FashionDataset.PixelCount);
            dataset.Images.Span.Slice(first * FashionDataset.PixelCount, pixels.Length).CopyTo(pixels);
            _standardization.Apply(pixels);
            _network.Forward(workspace, count);
            for (int i = 0; i < count; i++)
            {
                ReadOnlySpan<float> logits = workspace.Output.AsSpan(i * FashionDataset.ClassCount, FashionDataset.ClassCount);
                hits += TensorPrimitives.IndexOfMax(logits) == dataset.Labels.Span[first + i] ? 1 : 0;
            }

            Interlocked.Add(ref correct, hits);
        });
        return (double)correct / dataset.Count;
    }

    private double TrainBatch(FashionDataset training, ReadOnlyMemory<int> samples, int epoch, float rate)
    {
        int shards = (samples.Length + ShardSamples - 1) / ShardSamples;
        Parallel.For(0, shards, _parallel, shard =>
        {
            int first = shard * ShardSamples;
            ReadOnlySpan<int> own = samples.Span.Slice(first, Math.Min(ShardSamples, samples.Length - first));
            _losses[shard] = DifferentiateShard(_workspaces[shard], training, own, epoch, 1f / samples.Length);
        });

        float[] gradient = _workspaces[0].ParameterGradient;
        double loss = _losses[0];
        for (int shard = 1; shard < shards; shard++)
        {
            TensorPrimitives.Add(gradient, _workspaces[shard].ParameterGradient, gradient);
            loss += _losses[shard];
        }

        _optimizer.Step(_network.Parameters, gradient, rate);
        return loss;
    }

    private float DifferentiateShard(Workspace workspace, FashionDataset training, ReadOnlySpan<int> samples, int epoch, float scale)
    {
        for (int i = 0; i < samples.Length; i++)
        {
            var random = new SeededRandom(_seed, ((ulong)(epoch + 1) << 32) | (uint)samples[i]);
            Span<float> pixels = workspace.Input.AsSpan(i * FashionDataset.PixelCount, FashionDataset.PixelCount);
            Augmentation.Vary(training.GetImage(samples[i]), pixels, ref random);
            _standardization.Apply(pixels);
        }

        _network.Forward(workspace, samples.Length);
        float loss = 0f;
        for (int i = 0; i < samples.Length; i++)
        {
            Range row = (i * FashionDataset.ClassCount)..((i + 1) * FashionDataset.ClassCount);
            loss += SoftmaxCrossEntropy.Differentiate(
                workspace.Output.AsSpan(row), training.Labels.Span[samples[i]], scale, workspace.OutputGradient.AsSpan(row));
        }

        workspace.ParameterGradient.AsSpan().Clear();
        _network.Backward(workspace, samples.Length);
        return loss;
    }

    /// <summary>Calls an action for runs of samples, each with memory that no other call uses at the time.</summary>
    private void ForEachShard(int count, Action<Workspace, int, int> action)
    {
        for (int start = 0; start < count; start += BatchSamples)
        {
            int end = Math.Min(start + BatchSamples, count);
            int from = start;
            Parallel.For(0, (end - start + ShardSamples - 1) / ShardSamples, _parallel, shard =>
            {
                int first = from + (shard * ShardSamples);
                action(_workspaces[shard], first, Math.Min(ShardSamples, end - first));
            });
        }
    }
}

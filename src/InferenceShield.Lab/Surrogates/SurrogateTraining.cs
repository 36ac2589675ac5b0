using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>One training: batches cut into the same shards however many threads work, their gradients summed in order.</summary>
internal sealed class SurrogateTraining
{
    // A shard of images is smaller: its patches and feature maps fill the cache.
    private const int ShardRows = 64;
    private const int ImageShardRows = 16;
    private const int CheckSteps = 100;

    private readonly Network _network;
    private readonly float[] _rows;
    private readonly float[] _targets;
    private readonly SurrogateOptions _options;
    private readonly ulong _seed;
    private readonly ParallelOptions _parallel;
    private readonly int _width;
    private readonly float _startRate;
    private readonly int _classCount;
    private readonly int _shardRows;
    private readonly int[] _order;
    private readonly int _heldOut;
    private readonly int _batch;
    private readonly Workspace[] _workspaces;
    private readonly float[] _losses;
    private readonly Action<int> _differentiateShard;
    private int _step;
    private int _next;

    /// <summary>Takes the network to train, rows that fit it, and their targets.</summary>
    public SurrogateTraining(Network network, float[] rows, float[] targets, SurrogateOptions options, ulong seed, int threads)
    {
        _network = network;
        _rows = rows;
        _targets = targets;
        _options = options;
        _seed = seed;
        _parallel = new ParallelOptions { MaxDegreeOfParallelism = threads };
        _width = network.Layers[0].InputLength;
        _startRate = options.GetStartRate(_width);
        _classCount = network.Layers[^1].OutputLength;
        _order = [.. Enumerable.Range(0, rows.Length / _width)];
        _heldOut = (int)(_order.Length * (double)options.ValidationShare);
        if (_heldOut > 0)
        {
            new SeededRandom(seed, stream: 2).Shuffle(_order);
        }

        _batch = Math.Min(options.BatchSize, _order.Length - _heldOut);
        _shardRows = Math.Min(_batch, options.Kind == SurrogateKind.Cnn ? ImageShardRows : ShardRows);
        _workspaces = new Workspace[(_batch + _shardRows - 1) / _shardRows];
        for (int i = 0; i < _workspaces.Length; i++)
        {
            _workspaces[i] = new Workspace(network, _shardRows);
        }

        _losses = new float[_workspaces.Length];
        _differentiateShard = DifferentiateShard;
    }

    /// <summary>Trains to the end, or until the watched loss no longer gets smaller.</summary>
    public void Run(CancellationToken cancellationToken)
    {
        int steps = _options.GetSteps(_order.Length);
        AdamOptimizer? adam = _options.Optimizer == SurrogateOptimizer.Adam ? new(_network.Parameters.Length) : null;
        MomentumOptimizer? momentum = adam is null ? new(_network.Parameters.Length) : null;
        SeededRandom random = new(_seed, stream: 1);
        float[] best = _heldOut > 0 ? new float[_network.Parameters.Length] : [];
        double bestLoss = double.PositiveInfinity;
        int failures = 0;
        _next = _order.Length;
        for (_step = 0; _step < steps; _step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_next + _batch > _order.Length)
            {
                random.Shuffle(_order.AsSpan(_heldOut));
                _next = _heldOut;
            }

            float[] gradient = Differentiate(steps);
            float rate = _startRate * (_options.Schedule == LearningRateSchedule.Constant ? 1f : (float)(0.5 * (1 + Math.Cos(Math.PI * _step / steps))));
            if (_options.WeightDecay > 0)
            {
                TensorPrimitives.Multiply(_network.Parameters, 1f - (rate * _options.WeightDecay), _network.Parameters);
            }

            adam?.Step(_network.Parameters, gradient, rate);
            momentum?.Step(_network.Parameters, gradient, rate);
            _next += _batch;
            if (_heldOut == 0 || ((_step + 1) % CheckSteps != 0 && _step + 1 < steps))
            {
                continue;
            }

            double loss = MeasureHeldOut(steps);
            failures = loss < bestLoss ? 0 : failures + 1;
            if (failures == 0)
            {
                bestLoss = loss;
                _network.Parameters.CopyTo(best, 0);
            }
            else if (failures == _options.Patience)
            {
                break;
            }
        }

        best.CopyTo(_network.Parameters, 0);
    }

    private float[] Differentiate(int steps)
    {
        if (_parallel.MaxDegreeOfParallelism > 1 && _workspaces.Length > 1)
        {
            Parallel.For(0, _workspaces.Length, _parallel, _differentiateShard);
        }
        else
        {
            for (int shard = 0; shard < _workspaces.Length; shard++)
            {
                DifferentiateShard(shard);
            }
        }

        float[] gradient = _workspaces[0].ParameterGradient;
        for (int shard = 1; shard < _workspaces.Length; shard++)
        {
            TensorPrimitives.Add(gradient, _workspaces[shard].ParameterGradient, gradient);
        }

        RequireFinite(TensorPrimitives.Sum<float>(_losses), steps);
        return gradient;
    }

    private void DifferentiateShard(int shard)
    {
        Workspace workspace = _workspaces[shard];
        int first = shard * _shardRows;
        ReadOnlySpan<int> own = _order.AsSpan(_next + first, Math.Min(_shardRows, _batch - first));
        CopyRows(own, workspace);
        if (_options.InputNoise > 0)
        {
            SeededRandom random = new(_seed, ((ulong)(_step + 1) << 32) | (uint)shard);
            AddNoise(workspace.Input.AsSpan(0, own.Length * _width), _options.InputNoise, ref random);
        }

        _losses[shard] = Forward(own, workspace, 1f / _batch);
        workspace.ParameterGradient.AsSpan().Clear();
        _network.Backward(workspace, own.Length);
    }

    private double MeasureHeldOut(int steps)
    {
        double loss = 0;
        for (int first = 0; first < _heldOut; first += _shardRows)
        {
            ReadOnlySpan<int> rows = _order.AsSpan(first, Math.Min(_shardRows, _heldOut - first));
            CopyRows(rows, _workspaces[0]);
            loss += Forward(rows, _workspaces[0], 1f);
        }

        RequireFinite((float)loss, steps);
        return loss;
    }

    private void CopyRows(ReadOnlySpan<int> rows, Workspace workspace)
    {
        for (int i = 0; i < rows.Length; i++)
        {
            _rows.AsSpan(rows[i] * _width, _width).CopyTo(workspace.Input.AsSpan(i * _width));
        }
    }

    /// <summary>Runs the rows in the workspace, writes the gradient of its output and returns the sum of the losses.</summary>
    private float Forward(ReadOnlySpan<int> rows, Workspace workspace, float scale)
    {
        _network.Forward(workspace, rows.Length);
        float loss = 0f;
        for (int i = 0; i < rows.Length; i++)
        {
            loss += SoftmaxCrossEntropy.Differentiate(
                workspace.Output.AsSpan(i * _classCount, _classCount), _targets.AsSpan(rows[i] * _classCount, _classCount), scale,
                workspace.OutputGradient.AsSpan(i * _classCount, _classCount));
        }

        return loss;
    }

    private void RequireFinite(float loss, int steps)
    {
        if (!float.IsFinite(loss))
        {
            throw new ExtractionException(string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"Training diverged at step {_step + 1} of {steps}: the loss is not finite. Lower SurrogateOptions.LearningRate (it is {_startRate}), or scale the inputs."));
        }
    }

    /// <summary>Adds independent normal values (Box and Muller, 1958).</summary>
    private static void AddNoise(Span<float> values, float deviation, ref SeededRandom random)
    {
        const int Half = 256;
        Span<float> radius = stackalloc float[Half];
        Span<float> angle = stackalloc float[Half];
        Span<float> noise = stackalloc float[2 * Half];
        while (!values.IsEmpty)
        {
            for (int i = 0; i < Half; i++)
            {
                ulong bits = random.NextUInt64();
                radius[i] = ((uint)bits >> 8) * (1f / (1 << 24)) + (0.5f / (1 << 24));
                angle[i] = (uint)(bits >> 40) * (2 * MathF.PI / (1 << 24));
            }

            TensorPrimitives.Log(radius, radius);
            TensorPrimitives.Multiply(radius, -2f * deviation * deviation, radius);
            TensorPrimitives.Sqrt(radius, radius);
            TensorPrimitives.SinCos(angle, noise[..Half], noise[Half..]);
            TensorPrimitives.Multiply(noise[..Half], radius, noise[..Half]);
            TensorPrimitives.Multiply(noise[Half..], radius, noise[Half..]);
            int count = Math.Min(noise.Length, values.Length);
            TensorPrimitives.Add(values[..count], noise[..count], values[..count]);
            values = values[count..];
        }
    }
}


namespace InferenceShield.Lab;

/// <summary>A chain of layers and their parameters, which lie in one flat array in the order of the layers.</summary>
internal sealed class Network
{
    private readonly ILayer[] _layers;
    private readonly int[] _offsets;

    public Network(IReadOnlyList<ILayer> layers, ulong seed)
    {
        _layers = [.. layers];
        _offsets = new int[_layers.Length];
        int count = 0;
        for (int i = 0; i < _layers.Length; i++)
        {
            if (i > 0 && _layers[i].InputLength != _layers[i - 1].OutputLength)
            {
                throw new ArgumentException($"Layer {i} does not fit the layer before it.", nameof(layers));
            }

            _offsets[i] = count;
            count += _layers[i].ParameterCount;
        }

        Parameters = new float[count];
        var random = new SeededRandom(seed, stream: 0);
        for (int i = 0; i < _layers.Length; i++)
        {
            _layers[i].Initialize(Parameters.AsSpan(_offsets[i], _layers[i].ParameterCount), ref random);
        }
    }

    public IReadOnlyList<ILayer> Layers => _layers;

    /// <summary>The parameters of all layers.</summary>
    public float[] Parameters { get; }

    /// <summary>The parameters of one layer.</summary>
    public ReadOnlySpan<float> GetParameters(int layer) => Parameters.AsSpan(_offsets[layer], _layers[layer].ParameterCount);

    /// <summary>Runs the samples whose pixels were written to the workspace's input; the result is its output.</summary>
    public void Forward(Workspace workspace, int samples)
    {
        for (int i = 0; i < _layers.Length; i++)
        {
            _layers[i].Forward(samples, GetParameters(i), workspace.Values[i], workspace.Values[i + 1], workspace.Scratch);
        }
    }

    /// <summary>Adds the gradient that the workspace's output gradient causes to its parameter gradient.</summary>
    public void Backward(Workspace workspace, int samples)
    {
        for (int i = _layers.Length - 1; i >= 0; i--)
        {
            var values = new LayerValues(GetParameters(i), workspace.Values[i], workspace.Values[i + 1], workspace.Gradients[i + 1]);
            Span<float> parameterGradient = workspace.ParameterGradient.AsSpan(_offsets[i], _layers[i].ParameterCount);
            _layers[i].Backward(samples, values, parameterGradient, workspace.Gradients[i], workspace.Scratch);
        }
    }
}

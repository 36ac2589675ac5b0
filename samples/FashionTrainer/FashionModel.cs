using InferenceShield.Lab;

namespace InferenceShield.Samples.Training;

/// <summary>The classifier: two convolutions with pooling, then 64 hidden units, which are also its embedding.</summary>
internal static class FashionModel
{
    private const int Channels1 = 16;
    private const int Channels2 = 32;
    private const int Hidden = 64;
    private const int Side = FashionDataset.Side;
    private const int PooledSide = Side / 4;

    /// <summary>Builds the network with its starting values.</summary>
    public static Network Create(ulong seed) => new(
        [
            new ConvolutionLayer(Side, 1, Channels1),
            new MaxPoolLayer(Side, Channels1),
            new ReluLayer(Side / 2 * (Side / 2) * Channels1),
            new ConvolutionLayer(Side / 2, Channels1, Channels2),
            new MaxPoolLayer(Side / 2, Channels2),
            new ReluLayer(PooledSide * PooledSide * Channels2),
            new DenseLayer(PooledSide * PooledSide * Channels2, Hidden),
            new ReluLayer(Hidden),
            new DenseLayer(Hidden, FashionDataset.ClassCount),
        ],
        seed);

    /// <summary>Writes the trained network as an ONNX graph: image in 0..1 to logits, probabilities and embedding.</summary>
    public static OnnxGraph Export(Network network, Standardization standardization)
    {
        OnnxGraph graph = new OnnxGraph("fashion")
            .AddInput("image", OnnxElementType.Float, ["batch", 1, Side, Side])
            .AddInitializer<float>("mean", [], [standardization.Mean])
            .AddInitializer<float>("deviation", [], [standardization.Deviation])
            .AddNode("Sub", ["image", "mean"], ["centred"])
            .AddNode("Div", ["centred", "deviation"], ["standardized"]);
        AddConvolution(graph, network, layer: 0, "standardized", "features1");
        AddConvolution(graph, network, layer: 3, "features1", "features2");
        graph.AddNode("Flatten", ["features2"], ["flat"], new OnnxAttribute("axis", 1));
        AddDense(graph, network, layer: 6, ToChannelsFirst(network.GetParameters(6)), "flat", "hidden");
        graph.AddNode("Relu", ["hidden"], ["embedding"]);
        AddDense(graph, network, layer: 8, network.GetParameters(8), "embedding", "logits");
        return graph
            .AddNode("Softmax", ["logits"], ["probabilities"], new OnnxAttribute("axis", 1))
            .AddOutput("logits", OnnxElementType.Float, ["batch", FashionDataset.ClassCount])
            .AddOutput("probabilities", OnnxElementType.Float, ["batch", FashionDataset.ClassCount])
            .AddOutput("embedding", OnnxElementType.Float, ["batch", Hidden]);
    }

    /// <summary>Adds a convolution, the pooling and the ReLU behind it.</summary>
    private static void AddConvolution(OnnxGraph graph, Network network, int layer, string input, string output)
    {
        var convolution = (ConvolutionLayer)network.Layers[layer];
        ReadOnlySpan<float> parameters = network.GetParameters(layer);
        int weights = parameters.Length - convolution.OutputChannels;
        const int Kernel = ConvolutionLayer.KernelSide;

        // Here: kernel row and column, input channel, output channel. ONNX: output channel, input channel, row and column.
        float[] kernels = new float[weights];
        MatrixProduct.Transpose(weights / convolution.OutputChannels, convolution.OutputChannels, parameters[..weights], kernels);
        int kernelLength = Kernel * Kernel * convolution.InputChannels;
        for (int channel = 0; channel < convolution.OutputChannels; channel++)
        {
            Span<float> kernel = kernels.AsSpan(channel * kernelLength, kernelLength);
            MatrixProduct.Transpose(Kernel * Kernel, convolution.InputChannels, kernel.ToArray(), kernel);
        }

        graph
            .AddInitializer<float>($"{output}.weight", [convolution.OutputChannels, convolution.InputChannels, Kernel, Kernel], kernels)
            .AddInitializer($"{output}.bias", [convolution.OutputChannels], parameters[weights..])
            .AddNode(
                "Conv",
                [input, $"{output}.weight", $"{output}.bias"],
                [$"{output}.convolved"],
                new OnnxAttribute("kernel_shape", [Kernel, Kernel]),
                new OnnxAttribute("pads", [1, 1, 1, 1]))
            .AddNode(
                "MaxPool",
                [$"{output}.convolved"],
                [$"{output}.pooled"],
                new OnnxAttribute("kernel_shape", [2, 2]),
                new OnnxAttribute("strides", [2, 2]))
            .AddNode("Relu", [$"{output}.pooled"], [output]);
    }

    private static void AddDense(
        OnnxGraph graph, Network network, int layer, ReadOnlySpan<float> parameters, string input, string output)
    {
        int inputs = network.Layers[layer].InputLength;
        int outputs = network.Layers[layer].OutputLength;
        graph
            .AddInitializer($"{output}.weight", [inputs, outputs], parameters[..(inputs * outputs)])
            .AddInitializer($"{output}.bias", [outputs], parameters[(inputs * outputs)..])
            .AddNode("Gemm", [input, $"{output}.weight", $"{output}.bias"], [output]);
    }

    /// <summary>Reorders the rows of the first dense layer, whose inputs ONNX flattens as channel, row, column.</summary>
    private static float[] ToChannelsFirst(ReadOnlySpan<float> parameters)
    {
        float[] reordered = parameters.ToArray();
        for (int position = 0; position < PooledSide * PooledSide; position++)
        {
            for (int channel = 0; channel < Channels2; channel++)
            {
                int from = ((position * Channels2) + channel) * Hidden;
                int to = ((channel * PooledSide * PooledSide) + position) * Hidden;
                parameters.Slice(from, Hidden).CopyTo(reordered.AsSpan(to));
            }
        }

        return reordered;
    }
}

namespace InferenceShield.Lab;

/// <summary>Writes a surrogate as an ONNX graph, layer by layer.</summary>
internal static class SurrogateGraph
{
    private const string Input = "input";
    private const string Logits = "logits";
    private const string Probabilities = "probabilities";

    public static OnnxGraph Create(Surrogate surrogate)
    {
        long[] shape = surrogate.Image is { } image ? [image.Channels, image.Side, image.Side] : [surrogate.InputLength];
        OnnxGraph graph = new OnnxGraph("surrogate", "InferenceShield.Lab")
            .AddInput(Input, OnnxElementType.Float, ["batch", .. shape.Select(OnnxDimension.FromInt64)])
            .AddInitializer<float>("means", shape, surrogate.Scaling.Means)
            .AddInitializer<float>("factors", shape, surrogate.Scaling.Factors)
            .AddNode("Sub", [Input, "means"], ["centred"])
            .AddNode("Mul", ["centred", "factors"], ["scaled"]);
        Network network = surrogate.Network;
        string value = "scaled";
        bool isImage = surrogate.Image is not null;
        for (int i = 0; i < network.Layers.Count; i++)
        {
            string next = i == network.Layers.Count - 1 ? Logits : $"layer{i}";
            switch (network.Layers[i])
            {
                case ConvolutionLayer convolution:
                    AddConvolution(graph, convolution, network.GetParameters(i), value, next);
                    break;
                case MaxPoolLayer:
                    graph.AddNode("MaxPool", [value], [next], new OnnxAttribute("kernel_shape", [2, 2]), new OnnxAttribute("strides", [2, 2]));
                    break;
                case ReluLayer:
                    graph.AddNode("Relu", [value], [next]);
                    break;
                case DenseLayer dense:
                    if (isImage)
                    {
                        // Dense layers here read row, column, channel.
                        graph.AddNode("Transpose", [value], ["channelsLast"], new OnnxAttribute("perm", [0, 2, 3, 1]));
                        graph.AddNode("Flatten", ["channelsLast"], ["flat"], new OnnxAttribute("axis", 1));
                        value = "flat";
                        isImage = false;
                    }

                    AddDense(graph, dense, network.GetParameters(i), value, next);
                    break;
                default:
                    throw new NotSupportedException($"Layer {i} of the surrogate has no ONNX form.");
            }

            value = next;
        }

        return graph
            .AddNode("Softmax", [Logits], [Probabilities], new OnnxAttribute("axis", 1))
            .AddOutput(Probabilities, OnnxElementType.Float, ["batch", surrogate.ClassCount])
            .AddOutput(Logits, OnnxElementType.Float, ["batch", surrogate.ClassCount]);
    }

    private static void AddConvolution(OnnxGraph graph, ConvolutionLayer layer, ReadOnlySpan<float> parameters, string input, string output)
    {
        const int Side = ConvolutionLayer.KernelSide;

        // Here: kernel row and column, input channel, output channel. ONNX: output channel, input channel, row and column.
        int kernelLength = Side * Side * layer.InputChannels;
        int weights = kernelLength * layer.OutputChannels;
        float[] turned = new float[weights];
        float[] kernels = new float[weights];
        MatrixProduct.Transpose(kernelLength, layer.OutputChannels, parameters[..weights], turned);
        for (int first = 0; first < weights; first += kernelLength)
        {
            MatrixProduct.Transpose(Side * Side, layer.InputChannels, turned.AsSpan(first, kernelLength), kernels.AsSpan(first));
        }

        graph
            .AddInitializer<float>($"{output}.weight", [layer.OutputChannels, layer.InputChannels, Side, Side], kernels)
            .AddInitializer($"{output}.bias", [layer.OutputChannels], parameters[weights..])
            .AddNode(
                "Conv", [input, $"{output}.weight", $"{output}.bias"], [output], new OnnxAttribute("kernel_shape", [Side, Side]), new OnnxAttribute("pads", [1, 1, 1, 1]));
    }

    private static void AddDense(OnnxGraph graph, DenseLayer layer, ReadOnlySpan<float> parameters, string input, string output)
    {
        int weights = layer.InputLength * layer.OutputLength;
        graph
            .AddInitializer($"{output}.weight", [layer.InputLength, layer.OutputLength], parameters[..weights])
            .AddInitializer($"{output}.bias", [layer.OutputLength], parameters[weights..])
            .AddNode("Gemm", [input, $"{output}.weight", $"{output}.bias"], [output]);
    }
}

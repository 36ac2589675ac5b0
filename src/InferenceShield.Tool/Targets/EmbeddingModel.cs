using System.Globalization;
using InferenceShield.Lab;

namespace InferenceShield.Tool;

/// <summary>The embeddings of an ONNX file, as an oracle.</summary>
internal sealed class EmbeddingModel : IOracle, IDisposable
{
    private const int ProbeRows = 8;

    private readonly OnnxModel _model;
    private readonly string _output;

    private EmbeddingModel(OnnxModel model, string output, int inputLength, int answerLength)
    {
        _model = model;
        _output = output;
        InputLength = inputLength;
        AnswerLength = answerLength;
    }

    /// <inheritdoc/>
    public int InputLength { get; }

    /// <inheritdoc/>
    public int AnswerLength { get; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="data">Rows that it takes.</param>
    /// <param name="named">The output; null to choose.</param>
    /// <param name="usual">The output that is taken if the file has it and none is named; null for none.</param>
    public static EmbeddingModel Open(string path, Dataset data, string? named, string? usual = null)
    {
        OnnxModel model = OnnxModel.Open(path);
        try
        {
            Dataset probe = data.Slice(0, Math.Min(ProbeRows, data.Count));
            string output = Choose(model, path, probe, named, usual);
            return new EmbeddingModel(model, output, data.Width, model.Run(probe.Values.Span, probe.Width, output).Length / probe.Count);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask<OracleReply> AskAsync(ReadOnlyMemory<float> inputs, Memory<float> answers, CancellationToken cancellationToken)
    {
        int rows = inputs.Length / InputLength;
        float[] given = _model.Run(inputs.Span, InputLength, _output, cancellationToken);
        if (given.Length != rows * AnswerLength)
        {
            throw new OracleException(string.Create(
                CultureInfo.InvariantCulture, $"Output '{_output}' has {given.Length} numbers for {rows} rows; expected are {rows * AnswerLength}, {AnswerLength} each as in the first answer. Give a model that answers every row with one embedding, whatever the rows beside it."));
        }

        given.CopyTo(answers);
        return ValueTask.FromResult(new OracleReply(rows));
    }

    public void Dispose() => _model.Dispose();

    private static string Choose(OnnxModel model, string path, Dataset probe, string? named, string? usual)
    {
        string[] outputs = [.. model.FloatOutputs];
        if (named is not null)
        {
            return outputs.Contains(named) ? named : throw new MistakeException($"'{path}' has no output of floats '{named}'. It has: {string.Join(", ", outputs)}.");
        }

        if (usual is not null && outputs.Contains(usual))
        {
            return usual;
        }

        OutputGuess[] guesses = [.. OutputGuess.Of([.. outputs.Select(output => (output, model.Outputs[output].Dimensions.Length, model.Run(probe.Values.Span, probe.Width, output)))], probe.Count)
            .Where(guess => outputs.Length == 1 || guess.Kind == OutputKind.Embedding)];
        return guesses is [OutputGuess one] ? one.Output
            : throw new MistakeException($"Which output of '{path}' holds the embedding? Say it with --suspect-output, of the model with --output. It has: {string.Join(", ", outputs)}.");
    }
}

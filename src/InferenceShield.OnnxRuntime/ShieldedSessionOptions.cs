using Microsoft.Extensions.Options;

namespace InferenceShield.OnnxRuntime;

/// <summary>How a <see cref="ShieldedSession"/> runs its model. Bound from <c>Models:{name}:Session</c>.</summary>
public sealed class ShieldedSessionOptions
{
    internal const int DefaultTimeSteps = 1024;

    private const int DefaultInputCellBits = 16;

    /// <summary>The ONNX file. A relative path is looked for below the content root, then beside the application.</summary>
    /// <value>Required with dependency injection; otherwise the constructor takes it.</value>
    public string? ModelPath { get; set; }

    /// <summary>What the model runs on.</summary>
    /// <value>The default is the CPU.</value>
    public ExecutionDevice Device { get; set; } = ExecutionDevice.Cpu;

    /// <summary>What happens to NaN and infinity in inputs.</summary>
    /// <value>The default is <see cref="NonFiniteInputs.Reject"/>.</value>
    public NonFiniteInputs NonFiniteInputs { get; set; }

    /// <summary>The input whose first dimension counts the rows of a call, each of which is one query.</summary>
    /// <value>The default, <see langword="null"/>, is the first input whose first dimension is dynamic, or else the first of
    /// two or more dimensions; a model without either takes one row a call.</value>
    public string? RowInput { get; set; }

    /// <summary>Answers (distributions, vectors, values) that one query may get from one output.</summary>
    /// <value>1 to 1,000,000. The default, <see langword="null"/>, is 1 for outputs of up to two dimensions and 1,024 (time steps)
    /// for outputs of more. A model whose shapes a caller can make it give more is an error, not a gift.</value>
    public int? MaxAnswersPerQuery { get; set; }

    /// <summary>Threads that one call may use inside the model.</summary>
    /// <value>0 to 1,024; the default, 0, lets the runtime choose. 1 serves many callers at once best. Not read where
    /// SessionOptions are given.</value>
    public int IntraOpThreads { get; set; }

    /// <summary>Leave ONNX Runtime's own telemetry on, which records model file and graph names.</summary>
    /// <value>The default is <see langword="false"/>. Takes effect only if no session was made in this process before.</value>
    public bool AllowRuntimeTelemetry { get; set; }

    /// <summary>Keep released answers and give them again to identical queries, without running the model.</summary>
    /// <value>The default, <see langword="null"/>, keeps none.</value>
    public AnswerCacheOptions? AnswerCache { get; set; }

    /// <summary>The cells of the input that <see cref="RowInput"/> names, for outputs whose <see cref="HardeningOptions.NoiseCell"/> is
    /// <see cref="NoiseCell.Input"/>. In code only.</summary>
    /// <param name="cells">For a float32 input of fixed dimensions, as many numbers as one of its rows has.</param>
    /// <param name="bits">1 to 64; the default is 16. Fewer are more stable under small changes, and more inputs share their noise.</param>
    /// <exception cref="ArgumentOutOfRangeException">Bits out of range.</exception>
    public void UseInputCells(InputCells cells, int bits = DefaultInputCellBits)
    {
        ArgumentNullException.ThrowIfNull(cells);
        if (bits is < 1 or > 64)
        {
            throw new ArgumentOutOfRangeException(nameof(bits), bits, "'bits' has to be from 1 to 64.");
        }

        InputCells = cells;
        InputCellBits = bits;
    }

    internal InputCells? InputCells { get; private set; }

    internal int InputCellBits { get; private set; } = DefaultInputCellBits;

    /// <exception cref="OptionsValidationException">Every fault, with its key and what is allowed.</exception>
    internal ShieldedSessionOptions Validated(string model)
    {
        List<string> faults = [];
        if (!Enum.IsDefined(NonFiniteInputs))
        {
            faults.Add($"{model}: Session:NonFiniteInputs is {NonFiniteInputs}; allowed: Reject or Allow.");
        }

        if (MaxAnswersPerQuery is < 1 or > 1_000_000)
        {
            faults.Add($"{model}: Session:MaxAnswersPerQuery is {MaxAnswersPerQuery}; allowed: 1 to 1,000,000.");
        }

        if (IntraOpThreads is < 0 or > 1024)
        {
            faults.Add($"{model}: Session:IntraOpThreads is {IntraOpThreads}; allowed: 0 to 1,024.");
        }

        if (Device is null || !Enum.IsDefined(Device.Kind))
        {
            faults.Add($"{model}: Session:Device:Kind is {Device?.Kind.ToString() ?? "null"}; allowed: Cpu or Cuda.");
        }

        if (AnswerCache is { Megabytes: < 1 or > AnswerCacheOptions.MostMegabytes })
        {
            faults.Add($"{model}: Session:AnswerCache:Megabytes is {AnswerCache.Megabytes}; allowed: 1 to 4,096.");
        }

        if (faults.Count > 0)
        {
            throw new OptionsValidationException(model, typeof(ShieldedSessionOptions), faults);
        }

        // A copy: what is changed afterwards changes no session that serves.
        ShieldedSessionOptions copy = (ShieldedSessionOptions)MemberwiseClone();
        copy.AnswerCache = AnswerCache?.Clone();
        return copy;
    }
}

using InferenceShield.Lab;

namespace InferenceShield.Tool;

/// <summary>Chooses the output that is stolen: the one named, or the one whose rows are distributions, or the only one with scores.</summary>
internal static class OutputChoice
{
    private const int ProbeRows = 64;

    /// <param name="model">The model.</param>
    /// <param name="data">Rows to find out with.</param>
    /// <param name="named">An output's name; null to choose.</param>
    /// <param name="kind">What it is; null to find out.</param>
    /// <param name="declared">Outputs that the policy declares; a shield returns no other. Empty where it declares none.</param>
    public static OutputGuess Choose(OnnxModel model, Dataset data, string? named, OutputKind? kind, IReadOnlyCollection<string> declared)
    {
        Dataset probe = data.Slice(0, Math.Min(ProbeRows, data.Count));
        IReadOnlyList<OutputGuess> guesses = OutputGuess.Of(
            [.. model.FloatOutputs.Select(output => (output, model.Outputs[output].Dimensions.Length, model.Run(probe.Values.Span, probe.Width, output)))], probe.Count);
        string all = string.Join(", ", guesses.Select(guess => $"{guess.Output} ({guess.Kind}: {guess.Reason})"));
        OutputGuess[] usable = named is not null
            ? [guesses.FirstOrDefault(guess => guess.Output == named) ?? throw new MistakeException($"The model has no output of floats '{named}'. It has: {all}.")]
            : [.. guesses.Where(guess => guess.HasClasses && (declared.Count == 0 || declared.Contains(guess.Output))).OrderBy(guess => guess.Kind == OutputKind.Probabilities ? 0 : 1)];
        if (declared.Count > 0 && (usable.Length == 0 || !declared.Contains(usable[0].Output)))
        {
            throw new MistakeException($"The policy declares {string.Join(", ", declared)}, and returns {(named is null ? "no output with scores of classes" : $"no output '{named}'")}. Declare the output in the policy, or choose a declared one with --output. The model has: {all}.");
        }

        if (usable.Length == 0 || (usable.Length > 1 && usable[0].Kind != OutputKind.Probabilities))
        {
            throw new MistakeException($"Which output holds the scores of classes? Say it with --output (and --kind). The model has: {all}.");
        }

        OutputGuess chosen = kind is { } told ? usable[0] with { Kind = told } : usable[0];
        return chosen.HasClasses
            ? chosen
            : throw new MistakeException($"The output '{chosen.Output}' cannot be audited: it seems to be {chosen.Kind} ({chosen.Reason}); Probabilities and Logits of two or more classes can. If it is one of them, say so with --kind.");
    }

    /// <summary>The chosen output as a classifier.</summary>
    public static OnnxClassifier Open(string path, Dataset data, string? named, OutputKind? kind, IReadOnlyCollection<string> declared, out OutputGuess chosen)
    {
        using OnnxModel model = OnnxModel.Open(path);
        chosen = Choose(model, data, named, kind, declared);
        try
        {
            return new OnnxClassifier(path, chosen.Output, chosen.Kind);
        }
        catch (ArgumentException exception)
        {
            throw MistakeException.Of(exception);
        }
    }
}

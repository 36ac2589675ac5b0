using System.Collections.Immutable;
using InferenceShield.OnnxRuntime.Numerics;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.OnnxRuntime;

/// <summary>What a session needs to know of its model, checked once against the shield's declared outputs.</summary>
internal sealed class ModelSignature
{
    private const int NoRowInput = -1;

    public ModelSignature(InferenceSession session, Shield shield, ShieldedSessionOptions options)
    {
        // The order of the model, not of the dictionaries.
        Inputs = [.. session.InputNames.Select(name => new ModelTensor(name, session.InputMetadata[name]))];
        ImmutableArray<ModelTensor> all = [.. session.OutputNames.Select(name => new ModelTensor(name, session.OutputMetadata[name]))];
        Outputs = [.. shield.OutputNames.Select((name, index) => FindOutput(all, name, index, shield))];
        if (Inputs.IsEmpty)
        {
            throw new ModelFileException("The model has no inputs, so there is nothing to ask it.");
        }

        foreach (ModelTensor input in Inputs.Where(input => ElementTypes.SizeOf(input.ElementType) == 0))
        {
            throw new ModelFileException($"The model's input '{input}' has a type that cannot be passed: tensors of numbers and booleans can.");
        }

        RowInput = FindRowInput(options.RowInput);
    }

    public ImmutableArray<ModelTensor> Inputs { get; }

    /// <summary>The declared outputs, in the order of the shield's indices.</summary>
    public ImmutableArray<ModelTensor> Outputs { get; }

    /// <summary>The input whose first dimension counts rows; -1 if each call is one row.</summary>
    public int RowInput { get; }

    public int FindInput(string name)
    {
        for (int i = 0; i < Inputs.Length; i++)
        {
            if (Inputs[i].Name == name)
            {
                return i;
            }
        }

        throw new InvalidQueryException($"The model has no input '{(name.Length > 64 ? name[..64] + "…" : name)}'. Its inputs: {string.Join("; ", Inputs)}.");
    }

    private static ModelTensor FindOutput(ImmutableArray<ModelTensor> outputs, string name, int index, Shield shield)
    {
        ModelTensor? output = outputs.FirstOrDefault(output => output.Name == name)
            ?? throw new ModelFileException(
                $"Shield '{shield.Name}' declares the output '{name}', which the model does not have. Its outputs: {string.Join("; ", outputs)}.");
        OutputKind kind = shield.GetOutputKind(index);
        if (kind == OutputKind.State)
        {
            return ElementTypes.SizeOf(output.ElementType) > 0
                ? output
                : throw new ModelFileException($"The output '{output}' is declared as State, but is not a tensor of numbers.");
        }

        if (!ElementTypes.IsReal(output.ElementType))
        {
            throw new ModelFileException(
                $"The output '{output}' is declared as {kind}, but holds no real numbers (Float, Double, Float16, BFloat16). Leave it undeclared: it is then never returned.");
        }

        long width = output.Dimensions.IsEmpty ? 1 : output.Dimensions[^1];
        int classes = shield.GetOutputClasses(index);
        return width < 0 || classes == 0 || classes == width
            ? output
            : throw new ModelFileException($"The output '{output}' has {width} numbers in a row; shield '{shield.Name}' declares {classes}. Correct Outputs:{name}:Classes.");
    }

    private int FindRowInput(string? name)
    {
        if (name is not null)
        {
            for (int i = 0; i < Inputs.Length; i++)
            {
                if (Inputs[i].Name == name && Inputs[i].Dimensions.Length > 0)
                {
                    return i;
                }
            }

            throw new ModelFileException($"RowInput is '{name}', which is no input with dimensions of the model. Its inputs: {string.Join("; ", Inputs)}.");
        }

        int withBatch = NoRowInput;
        for (int i = Inputs.Length - 1; i >= 0; i--)
        {
            if (Inputs[i].Dimensions.Length > 0 && Inputs[i].Dimensions[0] < 0)
            {
                withBatch = i;
            }
        }

        for (int i = 0; withBatch < 0 && i < Inputs.Length; i++)
        {
            if (Inputs[i].Dimensions.Length >= 2)
            {
                withBatch = i;
            }
        }

        return withBatch;
    }
}

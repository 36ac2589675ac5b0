using System.Text.Json.Serialization;

namespace InferenceShield.Samples.FashionApi;

/// <summary><c>{"instances": [[784 numbers], ...]}</c>: one inner array a row, pixels from 0 to 1.</summary>
/// <remarks>Other members are errors: a misspelt one would else do nothing, silently.</remarks>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record PredictRequest(float[]?[]? Instances)
{
    /// <summary>What is wrong with the shape; <see langword="null"/> if nothing is.</summary>
    public string? FindFault(int width)
    {
        if (Instances is null or [])
        {
            return $"'instances' is missing or empty. Send at least one row of {width} numbers.";
        }

        int row = Array.FindIndex(Instances, instance => instance?.Length != width);
        return row < 0 ? null : $"instances[{row}] has {Instances[row]?.Length ?? 0} numbers; the model takes {width}.";
    }

    public void CopyTo(Span<float> input)
    {
        foreach (float[]? instance in Instances!)
        {
            instance.CopyTo(input);
            input = input[instance!.Length..];
        }
    }
}

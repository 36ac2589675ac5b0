using System.Text.Json;

namespace InferenceShield.Lab;

/// <summary>An input or output as a server describes it.</summary>
/// <param name="Name">The name, as the server wants it back.</param>
/// <param name="DataType">The element type in the server's words.</param>
/// <param name="Rows">The first dimension; 0 or less for any number.</param>
/// <param name="RowShape">The other dimensions, all fixed.</param>
internal sealed record RemoteTensor(string Name, string DataType, long Rows, long[] RowShape)
{
    private const int LargestRow = 1 << 28;

    /// <summary>Numbers in a row.</summary>
    public int Length => (int)RowShape.Aggregate(1L, static (length, dimension) => length * dimension);

    /// <summary>Reads one tensor of an array of descriptions.</summary>
    /// <param name="description">The description of the model.</param>
    /// <param name="list">The member that holds the array.</param>
    /// <param name="typeMember">The member of a tensor that holds its element type.</param>
    /// <param name="name">The tensor to find; null for the only one.</param>
    /// <exception cref="OracleException">It is not there, or its rows have no fixed size.</exception>
    public static RemoteTensor Read(JsonElement description, string list, string typeMember, string? name)
    {
        if (description.ValueKind != JsonValueKind.Object || !description.TryGetProperty(list, out JsonElement tensors) || tensors.ValueKind != JsonValueKind.Array)
        {
            throw new OracleException($"The server's description of the model has no '{list}'. Check the protocol.");
        }

        RemoteTensor[] fitting = [.. tensors.EnumerateArray().Select(tensor => Read(tensor, list, typeMember)).Where(tensor => name is null || tensor.Name == name)];
        if (fitting is not [RemoteTensor only])
        {
            throw new OracleException(name is null
                ? $"The model has {fitting.Length} {list}; the oracle asks one input and reads one output. Name the output to read."
                : $"The model has no output '{name}'.");
        }

        return only.RowShape.Length > 0 && Array.TrueForAll(only.RowShape, static dimension => dimension is > 0 and <= LargestRow) && only.IsSmall
            ? only
            : throw new OracleException($"The server describes {list} whose rows have no fixed size of 1 to {LargestRow} numbers. Serve the model with fixed dimensions but the first.");
    }

    private bool IsSmall => RowShape.Aggregate(1.0, static (length, dimension) => length * dimension) <= LargestRow;

    private static RemoteTensor Read(JsonElement tensor, string list, string typeMember)
    {
        if (tensor.ValueKind == JsonValueKind.Object
            && tensor.TryGetProperty("name", out JsonElement name) && name.ValueKind == JsonValueKind.String
            && tensor.TryGetProperty(typeMember, out JsonElement type) && type.ValueKind == JsonValueKind.String
            && tensor.TryGetProperty("shape", out JsonElement shape) && shape.ValueKind == JsonValueKind.Array
            && shape.GetArrayLength() > 0)
        {
            long[] dimensions = new long[shape.GetArrayLength()];
            for (int i = 0; i < dimensions.Length; i++)
            {
                if (!(shape[i].ValueKind == JsonValueKind.Number && shape[i].TryGetInt64(out dimensions[i])))
                {
                    dimensions[i] = -1;
                }
            }

            return new RemoteTensor(name.GetString()!, type.GetString()!, dimensions[0], dimensions[1..]);
        }

        throw new OracleException($"The server's description of '{list}' lacks a name, a '{typeMember}' or a shape. Check the protocol.");
    }
}

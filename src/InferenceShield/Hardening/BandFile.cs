using System.Buffers.Binary;

namespace InferenceShield;

/// <summary>The body of a file of confidence bands.</summary>
/// <remarks>0..1 the number n of edges; 2 is 1 if a runner-up is named, else 0; 3 is 0. Then, four bytes each and in grid steps:
/// n edges, n + 1 numbers for the label, n + 1 numbers for the runner-up. Whole numbers cannot be NaN or infinite.</remarks>
internal static class BandFile
{
    private const int HeaderSize = 4;

    public static byte[] Write(ConfidenceBands bands)
    {
        int edges = bands.EdgeSteps.Length;
        byte[] body = new byte[Size(edges)];
        BinaryPrimitives.WriteUInt16LittleEndian(body, (ushort)edges);
        body[2] = (byte)(bands.NamesRunnerUp ? 1 : 0);
        int position = HeaderSize;
        foreach (int steps in (int[])[.. bands.EdgeSteps, .. bands.NumberSteps, .. bands.RunnerUpSteps])
        {
            BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(position), steps);
            position += sizeof(int);
        }

        return body;
    }

    public static ConfidenceBands Read(ReadOnlySpan<byte> body, ReleaseFile file)
    {
        int edges = body.Length >= HeaderSize ? BinaryPrimitives.ReadUInt16LittleEndian(body) : 0;
        if (body.Length != Size(edges) || edges >= ConfidenceBands.MaximumBands || body[2] > 1 || body[3] != 0)
        {
            throw ReleaseFile.Malformed($"{body.Length} bytes do not hold {edges} edges and the numbers between them");
        }

        ReadOnlySpan<byte> rest = body[HeaderSize..];
        int[] edgeSteps = ReadSteps(ref rest, edges);
        int[] numbers = ReadSteps(ref rest, edges + 1);
        int[] runnersUp = ReadSteps(ref rest, edges + 1);
        return ConfidenceBands.TryMake(file.Classes, body[2] == 1, edgeSteps, numbers, runnersUp, file.Created, out string fault)
            ?? throw ReleaseFile.Malformed(fault);
    }

    private static int Size(int edges) => HeaderSize + sizeof(int) * (3 * edges + 2);

    private static int[] ReadSteps(ref ReadOnlySpan<byte> rest, int count)
    {
        int[] steps = new int[count];
        for (int i = 0; i < count; i++)
        {
            steps[i] = BinaryPrimitives.ReadInt32LittleEndian(rest[(i * sizeof(int))..]);
        }

        rest = rest[(count * sizeof(int))..];
        return steps;
    }
}

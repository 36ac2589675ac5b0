using System.Buffers.Binary;

namespace InferenceShield;

/// <summary>The body of a file of a codebook.</summary>
/// <remarks>0..3 the L1 cap in grid steps, 1 to twice the grid's. Then two bytes for each label, its number of centroids; then
/// the centroids, label by label: four bytes for each class, in grid steps. Whole numbers cannot be NaN or infinite.</remarks>
internal static class CodebookFile
{
    private const int HeaderSize = 4;

    public static byte[] Write(AnswerCodebook codebook)
    {
        int classes = codebook.Classes;
        byte[] body = new byte[HeaderSize + (sizeof(ushort) * classes) + (sizeof(int) * classes * codebook.Count)];
        BinaryPrimitives.WriteInt32LittleEndian(body, codebook.CapSteps);
        int position = HeaderSize;
        foreach (CodebookLabel label in codebook.Labels)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(body.AsSpan(position), (ushort)label.Count);
            position += sizeof(ushort);
        }

        foreach (CodebookLabel label in codebook.Labels)
        {
            for (int number = 0; number < label.Count * classes; number++)
            {
                BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(position), ReleaseGrid.Round(label.Value(number / classes, number % classes)));
                position += sizeof(int);
            }
        }

        return body;
    }

    public static AnswerCodebook Read(ReadOnlySpan<byte> body, ReleaseFile file)
    {
        int classes = file.Classes;
        if (body.Length < HeaderSize + (sizeof(ushort) * (long)classes))
        {
            throw ReleaseFile.Malformed($"{body.Length} bytes do not hold the cap and the counts of {classes} labels");
        }

        int cap = BinaryPrimitives.ReadInt32LittleEndian(body);
        if (cap is < 1 or > 2 * ReleaseGrid.Units)
        {
            throw ReleaseFile.Malformed($"a cap of {cap} grid steps is not in 1 to {2 * ReleaseGrid.Units}");
        }

        ReadOnlySpan<byte> counts = body.Slice(HeaderSize, sizeof(ushort) * classes);
        ReadOnlySpan<byte> rest = body[(HeaderSize + counts.Length)..];
        RequireSizes(counts, rest.Length, classes);
        CodebookLabel[] labels = new CodebookLabel[classes];
        for (int label = 0; label < classes; label++)
        {
            List<int[]> centroids = [];
            for (int left = BinaryPrimitives.ReadUInt16LittleEndian(counts[(label * sizeof(ushort))..]); left > 0; left--)
            {
                centroids.Add(ReadCentroid(rest, classes, label, centroids.Count));
                rest = rest[(classes * sizeof(int))..];
            }

            labels[label] = new CodebookLabel(centroids, classes);
        }

        return AnswerCodebook.FromFile(labels, cap, file.Created);
    }

    /// <summary>Before anything is made of it: memory is bounded by what the file may hold.</summary>
    private static void RequireSizes(ReadOnlySpan<byte> counts, int rest, int classes)
    {
        long centroids = 0;
        long numbers = 0;
        for (int label = 0; label < classes; label++)
        {
            int count = BinaryPrimitives.ReadUInt16LittleEndian(counts[(label * sizeof(ushort))..]);
            if (count > AnswerCodebook.MaximumCentroids)
            {
                throw ReleaseFile.Malformed($"label {label} has {count} centroids; at most {AnswerCodebook.MaximumCentroids} are allowed");
            }

            centroids += count;
            numbers += CodebookLabel.Numbers(count, classes);
        }

        if (numbers > CodebookLabel.MaximumNumbers || centroids * classes * sizeof(int) != rest)
        {
            throw ReleaseFile.Malformed($"{rest} bytes do not hold {centroids} centroids of {classes} classes");
        }
    }

    private static int[] ReadCentroid(ReadOnlySpan<byte> bytes, int classes, int label, int centroid)
    {
        int[] steps = new int[classes];
        int leader = BinaryPrimitives.ReadInt32LittleEndian(bytes[(label * sizeof(int))..]);
        long sum = 0;
        for (int i = 0; i < classes; i++)
        {
            steps[i] = BinaryPrimitives.ReadInt32LittleEndian(bytes[(i * sizeof(int))..]);
            if (steps[i] < 0 || (i != label && steps[i] >= leader))
            {
                throw ReleaseFile.Malformed($"centroid {centroid} of label {label} has {steps[i]} steps at class {i}; possible: 0 to {leader - 1}");
            }

            sum += steps[i];
        }

        return sum == ReleaseGrid.Units
            ? steps
            : throw ReleaseFile.Malformed($"centroid {centroid} of label {label} sums to {sum} steps; it has to sum to {ReleaseGrid.Units}");
    }
}

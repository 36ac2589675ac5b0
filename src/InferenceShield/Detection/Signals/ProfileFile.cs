namespace InferenceShield;

/// <summary>Arrays as they are written to and read from a profile: a count, then numbers in little-endian order.</summary>
internal static class ProfileFile
{
    /// <summary>Numbers in an array beyond which a file is damaged.</summary>
    private const int MostNumbers = 1 << 28;

    public static void Write(BinaryWriter writer, int[] values)
    {
        writer.Write(values.Length);
        foreach (int value in values)
        {
            writer.Write(value);
        }
    }

    public static void Write(BinaryWriter writer, float[] values)
    {
        writer.Write(values.Length);
        foreach (float value in values)
        {
            writer.Write(value);
        }
    }

    public static int[] ReadIntegers(BinaryReader reader)
    {
        int[] values = new int[ReadCount(reader)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = reader.ReadInt32();
        }

        return values;
    }

    public static float[] ReadFloats(BinaryReader reader)
    {
        float[] values = new float[ReadCount(reader)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = reader.ReadSingle();
        }

        return values;
    }

    private static int ReadCount(BinaryReader reader)
    {
        int count = reader.ReadInt32();
        return count is >= 0 and <= MostNumbers ? count : throw new InvalidDataException($"The profile is damaged: it claims an array of {count} numbers.");
    }
}

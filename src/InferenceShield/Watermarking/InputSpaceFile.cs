using System.Buffers.Binary;

namespace InferenceShield;

/// <summary>The body of a file of an <see cref="InputSpace"/>.</summary>
/// <remarks>4 bytes each: the numbers in a row, those in a folded row, the directions, the held rows. Then 8 bytes each: the inner reach,
/// the outer reach, a standard deviation for each direction. Then 4 bytes each: the mean and the scale of every folded number, and the
/// directions, one after another. Numbers with a fraction are IEEE 754.</remarks>
internal static class InputSpaceFile
{
    /// <summary>In place of a number of classes, which inputs have nothing to do with.</summary>
    private const int NoClasses = 1;

    private const int HeaderSize = (4 * sizeof(int)) + (2 * sizeof(double));

    public static byte[] Write(InputSpace space, string model, ReleaseFileKey key, TimeProvider clock)
    {
        byte[] body = new byte[Size(space.Width, space.DirectionCount)];
        Span<byte> rest = body;
        foreach (int number in (int[])[space.InputLength, space.Width, space.DirectionCount, space.HeldRows])
        {
            BinaryPrimitives.WriteInt32LittleEndian(rest, number);
            rest = rest[sizeof(int)..];
        }

        foreach (double number in (double[])[space.InnerReach, space.OuterReach, .. space.Deviations])
        {
            BinaryPrimitives.WriteDoubleLittleEndian(rest, number);
            rest = rest[sizeof(double)..];
        }

        foreach (float number in (float[])[.. space.Mean, .. space.Scale, .. space.Directions])
        {
            BinaryPrimitives.WriteSingleLittleEndian(rest, number);
            rest = rest[sizeof(float)..];
        }

        return ReleaseFile.Write(ReleaseFile.InputSpace, model, NoClasses, key, clock, body);
    }

    public static InputSpace Read(ReadOnlySpan<byte> file, string model, ReleaseFileKey key)
    {
        ReadOnlySpan<byte> body = ReleaseFile.Read(file, ReleaseFile.InputSpace, model, NoClasses, key).Body(file);
        int[] numbers = new int[HeaderSize <= body.Length ? 4 : 0];
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = BinaryPrimitives.ReadInt32LittleEndian(body[(i * sizeof(int))..]);
        }

        if (numbers is not [>= 2 and <= InputSpace.MaximumInputLength and int inputLength, int width, >= 1 and <= InputSpace.MostDirections and int count, >= 1 and int held]
            || width != InputSpace.WidthOf(inputLength) || body.Length != Size(width, count))
        {
            throw ReleaseFile.Malformed($"{body.Length} bytes do not hold the input space they say ({string.Join(", ", numbers)})");
        }

        double[] wide = new double[2 + count];
        for (int i = 0; i < wide.Length; i++)
        {
            wide[i] = BinaryPrimitives.ReadDoubleLittleEndian(body[((4 * sizeof(int)) + (i * sizeof(double)))..]);
        }

        float[] narrow = new float[(2 + count) * width];
        for (int i = 0; i < narrow.Length; i++)
        {
            narrow[i] = BinaryPrimitives.ReadSingleLittleEndian(body[(HeaderSize + (count * sizeof(double)) + (i * sizeof(float)))..]);
        }

        if (!Array.TrueForAll(wide, double.IsFinite) || !Array.TrueForAll(narrow, float.IsFinite) || !Array.TrueForAll(wide[2..], deviation => deviation > 0))
        {
            throw ReleaseFile.Malformed("an input space with numbers that are not finite, or deviations that are not positive");
        }

        return new InputSpace(inputLength, narrow[..width], narrow[width..(2 * width)], narrow[(2 * width)..], wide[2..], wide[0], wide[1], held);
    }

    private static int Size(int width, int directions) => HeaderSize + (directions * sizeof(double)) + ((2 + directions) * width * sizeof(float));
}

using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Where benign inputs lie: mean, principal directions and reach, learned by <c>calibrate</c>. What input-borne marks are placed in.</summary>
/// <remarks>No single input can be read from it, but whoever has it knows what benign inputs look like: keep its file as the model is kept.
/// Immutable and thread-safe.</remarks>
public sealed class InputSpace
{
    /// <summary>The longest row there is a space of.</summary>
    public const int MaximumInputLength = 1 << 24;

    /// <summary>Principal directions at the most.</summary>
    internal const int MostDirections = 20;

    /// <summary>Numbers that a row is reduced to at the most: a longer one is summed in blocks of neighbours.</summary>
    internal const int MostWidth = 4096;

    private readonly float[] _directions;

    /// <param name="inputLength">Numbers in a row.</param>
    /// <param name="mean">Of each folded number.</param>
    /// <param name="scale">What its difference from the mean is multiplied by.</param>
    /// <param name="directions">Orthogonal unit vectors of scaled differences, row after row.</param>
    /// <param name="deviations">The standard deviation along each, the largest first.</param>
    /// <param name="innerReach">The largest square of the whitened distance within the directions, among rows that nothing else was learned of.</param>
    /// <param name="outerReach">The largest squared distance from the space that they span, among those.</param>
    /// <param name="heldRows">How many those were.</param>
    internal InputSpace(int inputLength, float[] mean, float[] scale, float[] directions, double[] deviations, double innerReach, double outerReach, int heldRows)
    {
        InputLength = inputLength;
        Block = BlockOf(inputLength);
        Mean = mean;
        Scale = scale;
        _directions = directions;
        Deviations = deviations;
        InnerReach = innerReach;
        OuterReach = outerReach;
        HeldRows = heldRows;
    }

    /// <summary>Values in a row of input.</summary>
    public int InputLength { get; }

    /// <summary>Principal directions of benign inputs: at most 20, and at most half as many as there are values in a row.</summary>
    public int DirectionCount => Deviations.Length;

    /// <summary>Benign rows that the reach was measured of, and nothing else was learned of.</summary>
    public int HeldRows { get; }

    /// <summary>Neighbours that are summed to one number.</summary>
    internal int Block { get; }

    /// <summary>Numbers in a folded row.</summary>
    internal int Width => Mean.Length;

    internal float[] Mean { get; }

    internal float[] Scale { get; }

    internal double[] Deviations { get; }

    internal double InnerReach { get; }

    internal double OuterReach { get; }

    internal ReadOnlySpan<float> Directions => _directions;

    internal ReadOnlySpan<float> Direction(int index) => _directions.AsSpan(index * Width, Width);

    /// <summary>Learns where benign inputs lie.</summary>
    /// <param name="rows">At least 100 benign rows, one after another, as they go into the model; some thousand for a reach that holds.
    /// All numbers finite.</param>
    /// <param name="inputLength">Numbers in a row: 2 to <see cref="MaximumInputLength"/>. Above 4,096, neighbours are summed.</param>
    /// <param name="kind">Images are taken as they are, tabular rows standardised feature by feature. Tokens are not supported.</param>
    /// <returns>The same for the same arguments, on the same machine bit for bit.</returns>
    /// <exception cref="ArgumentException">An argument does not fit; the message says which and why.</exception>
    /// <remarks>Every second row, up to 4,096, gives the directions, by orthogonal iteration (Golub and Van Loan, Matrix Computations,
    /// 8.2.4); the others give the reach. Memory for a copy of the rows.</remarks>
    public static InputSpace Learn(ReadOnlySpan<float> rows, int inputLength, InputKind kind = InputKind.Image) => InputSpaceFit.Learn(rows, inputLength, kind);

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="model">The model it was learned for.</param>
    /// <param name="secret">The secret it was saved under.</param>
    /// <exception cref="ReleaseFileException">Damaged, not authentic, or of another model or secret; the message says which.</exception>
    public static InputSpace Load(ReadOnlySpan<byte> file, string model, ShieldSecret secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        using ReleaseFileKey key = ReleaseFileKey.Of(secret);
        return InputSpaceFile.Read(file, model, key);
    }

    /// <summary>Writes the space as a file, authenticated under the secret: at most 23 times 4 bytes for each number of a row, and some
    /// more; for no row above 400 kB. The format is documented in docs/release-files.md.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="model">The model's name, as its shield has it.</param>
    /// <param name="secret">The shield's.</param>
    /// <param name="clock">Says when; the default is the system's.</param>
    public void Save(Stream stream, string model, ShieldSecret secret, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(secret);
        using ReleaseFileKey key = ReleaseFileKey.Of(secret);
        stream.Write(InputSpaceFile.Write(this, model, key, clock ?? TimeProvider.System));
    }

    internal static int BlockOf(int inputLength) => (inputLength + MostWidth - 1) / MostWidth;

    internal static int WidthOf(int inputLength) => (inputLength + BlockOf(inputLength) - 1) / BlockOf(inputLength);

    /// <summary>A row of at most <see cref="MostWidth"/> numbers: itself, or sums of neighbours.</summary>
    /// <param name="input">A row.</param>
    /// <param name="memory">Used where there is something to sum; <see cref="Width"/> numbers.</param>
    internal ReadOnlySpan<float> Fold(ReadOnlySpan<float> input, Span<float> memory)
    {
        RequireLength(input.Length);
        return Fold(input, Block, memory);
    }

    internal static ReadOnlySpan<float> Fold(ReadOnlySpan<float> input, int block, Span<float> memory)
    {
        if (block == 1)
        {
            return input;
        }

        for (int i = 0; i < memory.Length; i++)
        {
            memory[i] = FixedOrderSum.Sum(input.Slice(i * block, Math.Min(block, input.Length - (i * block))));
        }

        return memory;
    }

    /// <summary>Folds into this thread's memory, which is good until the next row.</summary>
    internal ReadOnlySpan<float> Fold(ReadOnlySpan<float> input) =>
        Fold(input, Block == 1 ? default : HardeningScratch.ForThisThread.Query(Width));

    private void RequireLength(int length)
    {
        if (length != InputLength)
        {
            throw new ArgumentException($"A row of {length} numbers does not fit the input space, which was learned of rows of {InputLength}. Pass the row as it goes into the model, or calibrate anew.", nameof(length));
        }
    }
}

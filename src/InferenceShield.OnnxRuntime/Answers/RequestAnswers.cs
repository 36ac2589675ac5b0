namespace InferenceShield.OnnxRuntime;

/// <summary>What a request needs to look for kept answers and to keep new ones. Grows, so that repeats allocate nothing.</summary>
internal sealed class RequestAnswers
{
    private InputDigest[] _digests = [];
    private ulong[] _words = [];
    private float[] _row = [];
    private int _rows;

    /// <summary>The digests of the call's rows; empty if none were taken.</summary>
    public ReadOnlySpan<InputDigest> Digests => _digests.AsSpan(0, _rows);

    public void ForgetDigests() => _rows = 0;

    public Span<InputDigest> MakeDigests(int rows)
    {
        _rows = 0; // until there is room for them
        Grow(ref _digests, rows);
        _rows = rows;
        return _digests.AsSpan(0, rows);
    }

    public Span<ulong> MakeWords(int length) => Grow(ref _words, length);

    /// <summary>Memory for all outputs of one row.</summary>
    public Span<float> MakeRow(int length) => Grow(ref _row, length);

    private static Span<T> Grow<T>(ref T[] array, int length)
    {
        if (array.Length < length)
        {
            array = new T[length];
        }

        return array.AsSpan(0, length);
    }
}

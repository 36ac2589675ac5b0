namespace InferenceShield;

/// <summary>Working memory of one thread, grown to the widest row seen, so that hardening allocates nothing.</summary>
internal sealed class HardeningScratch
{
    [ThreadStatic]
    private static HardeningScratch? s_current;

    private double[] _distribution = [];
    private double[] _clean = [];
    private double[] _second = [];
    private double[] _third = [];
    private int[] _indices = [];
    private int[] _keys = [];
    private float[] _released = [];
    private float[] _query = [];
    private float[] _answers = [];
    private float[] _marked = [];
    private float[] _turned = [];
    private MarkedRow[] _markedRows = [];

    public static HardeningScratch ForThisThread => s_current ??= new HardeningScratch();

    public Span<double> Distribution(int length) => Take(ref _distribution, length);

    /// <summary>The distribution as it was before anything was done to it, for the utility ledger.</summary>
    public Span<double> Clean(int length) => Take(ref _clean, length);

    /// <summary>Noise, then remainders: never both at once.</summary>
    public Span<double> Second(int length) => Take(ref _second, length);

    public Span<double> Third(int length) => Take(ref _third, length);

    public Span<int> Indices(int length) => Take(ref _indices, length);

    /// <summary>What remainders are compared by.</summary>
    public Span<int> Keys(int length) => Take(ref _keys, length);

    /// <summary>A distribution as floats, to search a codebook for.</summary>
    public Span<float> Query(int length) => Take(ref _query, length);

    public Span<float> Released(int length) => Take(ref _released, length);

    /// <summary>A row's answers in all postures.</summary>
    public Span<float> Answers(int length) => Take(ref _answers, length);

    /// <summary>Scores in which a mark has made classes change places.</summary>
    public Span<float> Marked(int length) => Take(ref _marked, length);

    /// <summary>An embedding at length 1, then what a mark turns it towards.</summary>
    public Span<float> Turned(int length) => Take(ref _turned, length);

    /// <summary>What marks did to each row of a call.</summary>
    public Span<MarkedRow> MarkedRows(int length) => Take(ref _markedRows, length);

    private static Span<T> Take<T>(ref T[] array, int length)
    {
        if (array.Length < length)
        {
            array = new T[Math.Max(64, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)length))];
        }

        return array.AsSpan(0, length);
    }
}

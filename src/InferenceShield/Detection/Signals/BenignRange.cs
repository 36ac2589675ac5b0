namespace InferenceShield;

/// <summary>Between which numbers benign rows lie: of all numbers of images, of each feature of tabular rows. Immutable, thread-safe.</summary>
internal sealed class BenignRange
{
    private const float ImageStep = .1f;
    private const float FeatureStep = .3f;

    // One place for images, one for each feature of tabular rows.
    private readonly float[] _least;
    private readonly float[] _largest;
    private readonly float[] _steps;

    private BenignRange(int places)
    {
        _least = new float[places];
        _largest = new float[places];
        _steps = new float[places];
    }

    /// <summary>The range of rows; what is not finite is left out.</summary>
    public static BenignRange Of(InputKind inputKind, ReadOnlySpan<float> rows, int length)
    {
        BenignRange range = new(inputKind == InputKind.Image ? 1 : length);
        Array.Fill(range._least, float.MaxValue);
        Array.Fill(range._largest, float.MinValue);
        for (int i = 0; i < rows.Length; i++)
        {
            int place = range.PlaceOf(i % length);
            if (float.IsFinite(rows[i]))
            {
                range._least[place] = Math.Min(range._least[place], rows[i]);
                range._largest[place] = Math.Max(range._largest[place], rows[i]);
            }
        }

        float[] factors = [];
        if (inputKind != InputKind.Image)
        {
            FeatureScale.Learn(rows, length, out _, out factors);
        }

        for (int place = 0; place < range._steps.Length; place++)
        {
            if (range._least[place] > range._largest[place])
            {
                range._least[place] = range._largest[place] = 0; // nothing finite was seen
            }

            range._steps[place] = inputKind == InputKind.Image ? ImageStep * range.Width(place) : factors[place] > 0 ? FeatureStep / factors[place] : 0;
        }

        return range;
    }

    public float Least(int index) => _least[PlaceOf(index)];

    public float Largest(int index) => _largest[PlaceOf(index)];

    public float Width(int index) => Largest(index) - Least(index);

    /// <summary>A small step: a tenth of the range of images, .3 standard deviations of a feature.</summary>
    public float Step(int index) => _steps[PlaceOf(index)];

    /// <summary>Holds a row within the range; NaN becomes the least number.</summary>
    public void Clamp(Span<float> row)
    {
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = row[i] > Least(i) ? Math.Min(row[i], Largest(i)) : Least(i);
        }
    }

    private int PlaceOf(int index) => _steps.Length == 1 ? 0 : index;
}

using InferenceShield.Samples;

namespace InferenceShield.Statistics.Fingerprints;

/// <summary>One data set and one way to divide it into cells.</summary>
internal sealed record CellSetup(string Data, string Name, InputCellOptions Options, int Count, double Spread, Func<int, float[]> Row)
{
    public bool IsImage => Options.ImageWidth > 0 || Data == "fashion";

    /// <summary>Calibrated setups see the second half of the data only; the experiments perturb the first 500 of 2,000 rows or more.</summary>
    public static IEnumerable<CellSetup> All()
    {
        FashionDataset fashion = FashionDataset.LoadSubset();
        double spread = FingerprintExperiments.Spread(fashion.Images.Span);
        yield return Fashion("plain", new InputCellOptions { Length = FashionDataset.PixelCount });
        yield return Fashion("pooled1", Image(1));
        yield return Fashion("pooled2", Image(2));
        yield return Fashion("pooled4", Image(4));
        yield return Fashion("pooled4_calibrated", Image(4).Calibrate(fashion.Images.Span[(1000 * FashionDataset.PixelCount)..]));
        LetterDataset letters = LetterDataset.Load();
        InputCellOptions calibrated = new InputCellOptions { Length = LetterDataset.FeatureCount }
            .Calibrate(letters.Rows.Span[(10_000 * LetterDataset.FeatureCount)..]);
        yield return new CellSetup("letters", "calibrated", calibrated, 2000, 1, i => letters.GetRow(i).ToArray());

        CellSetup Fashion(string name, InputCellOptions options) =>
            new("fashion", name, options, fashion.Count, spread, i => fashion.GetImage(i).ToArray());
    }

    private static InputCellOptions Image(int pooling) => new()
    {
        Length = FashionDataset.PixelCount,
        ImageWidth = FashionDataset.Side,
        ImageHeight = FashionDataset.Side,
        ImagePooling = pooling,
    };
}

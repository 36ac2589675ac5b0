namespace InferenceShield.Statistics.Efficacy;

/// <summary>The prose of the page; its numbers come from the figures.</summary>
internal static class EfficacyText
{
    public static readonly (string Target, string Title, string About)[] Targets =
    [
        (EfficacyTarget.Fashion, "Fashion-MNIST, 10 classes", "Target 784-128-10."),
        (EfficacyTarget.Letters, "Letters, 26 classes", "Target 16-128-64-26."),
        (EfficacyTarget.Styles, "Letters by style, 104 classes", "Target 16-128-64-104."),
    ];

    public const string Tail = "";

    public static string Head(EfficacyFigures figures, IReadOnlyList<EfficacyUtilityRow> utility) => $"# Efficacy\n{figures.Policies("").Count()}{utility.Count}";
}

namespace InferenceShield.Tool;

/// <summary>An input or output as the file declares it; -1 is a dimension that is open.</summary>
internal sealed record TensorFinding(string Name, string ElementType, IReadOnlyList<int> Dimensions)
{
    public override string ToString() => $"{TerminalText.Of(Name)}: {ElementType} [{string.Join(", ", Dimensions.Select(dimension => dimension < 0 ? "?" : dimension.ToString(System.Globalization.CultureInfo.InvariantCulture)))}]";
}

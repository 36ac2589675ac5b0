using System.Globalization;

namespace InferenceShield;

/// <summary>The gap in the singular values of row- and column-centred log-probabilities that betrays a width.</summary>
/// <remarks>Log-probabilities of a softmax layer over h hidden units have rank h after centring (Carlini et al., "Stealing Part of
/// a Production Language Model", ICML 2024; Finlayson et al., 2024). Released at full precision the gap behind value h is 1e6 and more;
/// below 1.5 there is nothing to see.</remarks>
/// <param name="Width">h: the gap is between the h-th and the next singular value; 0 if too few answers or classes were left to look.</param>
/// <param name="Ratio">The h-th singular value over the next; 1 where there was none to look at.</param>
/// <param name="Rows">Answers it was found in.</param>
/// <param name="Classes">Classes it was found in.</param>
public readonly record struct RankGap(int Width, double Ratio, int Rows, int Classes)
{
    /// <summary>Width, ratio, rows and classes.</summary>
    public override string ToString() => Width == 0
        ? "too few distinct answers to look"
        : string.Create(CultureInfo.InvariantCulture, $"{Ratio:G3} behind value {Width} ({Rows} answers, {Classes} classes)");
}

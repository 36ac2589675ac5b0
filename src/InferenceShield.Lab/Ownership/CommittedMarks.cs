namespace InferenceShield.Lab;

/// <summary>The marks of one output in one posture, with every default filled in, as a commitment holds them.</summary>
/// <param name="Output">The model's output.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Posture">Normal, Guarded or Restricted.</param>
/// <param name="Watermark">The marks.</param>
public sealed record CommittedMarks(string Output, OutputKind Kind, Posture Posture, WatermarkOptions Watermark)
{
    /// <summary>Those that a shield of these options places, by output and posture; outputs and postures without marks are left out.</summary>
    /// <param name="options">The shield's. Not changed.</param>
    public static IReadOnlyList<CommittedMarks> Of(ShieldOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return
        [
            .. from output in options.Outputs.OrderBy(static output => output.Key, StringComparer.Ordinal)
               from filled in PostureHardening.Of(options, output.Value).Select(static (hardening, posture) => (hardening.Watermark, Posture: (Posture)posture))
               where filled.Watermark is not null && HasMarks(filled.Watermark)
               select new CommittedMarks(output.Key, output.Value.Kind, filled.Posture, filled.Watermark),
        ];
    }

    private static bool HasMarks(WatermarkOptions marks) =>
        (marks.NearTie ?? marks.Cosine ?? marks.Permutation ?? marks.Triggers ?? marks.Traps ?? marks.Direction ?? marks.GreenList ?? (object?)marks.Tournament) is not null;
}

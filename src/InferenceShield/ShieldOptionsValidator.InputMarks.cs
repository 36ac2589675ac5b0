namespace InferenceShield;

/// <content>Cosine and trap marks, and the file they live in.</content>
internal sealed partial class ShieldOptionsValidator
{
    private bool _lacksInputSpace;

    private void CheckInputMarks(string key, WatermarkOptions watermark)
    {
        if (watermark.Cosine is { } cosine)
        {
            Range(key + ":Cosine:Strength", cosine.Strength, 0.005, 0.2);
            Range(key + ":Cosine:Frequency", cosine.Frequency, 0.25, 8);
        }

        CheckExempt(key + ":Traps:ExemptClasses", watermark.Traps?.ExemptClasses);
    }

    /// <summary>What kills a mark is a fault where both are given together. What a later posture has of the one before is none: it is off there.</summary>
    private void CheckInputMarks(string key, HardeningOptions given, HardeningOptions filled, ShieldOptions options, OutputOptions output)
    {
        if (given.Watermark?.Cosine is not null && !OutputCompiler.KeepsCosine(filled))
        {
            string killer = filled.LeastInformationBudget > 0 ? "LeastInformationBudget beside it, which" : $"Release {filled.Release}, which";
            Once($"{key}:Cosine has {killer} leaves nothing of it that a copy could inherit. Use Release Rounding without LeastInformationBudget there, or remove Cosine and give NearTie.");
        }

        // Said of the posture that gives the marks, not again of those that inherit them.
        if (given.Watermark is not { } marks)
        {
            return;
        }

        if (options.InputSpaceFile is null && !_lacksInputSpace && (marks.Cosine ?? (object?)marks.Traps) is not null)
        {
            _lacksInputSpace = true;
            string mark = marks.Cosine is null ? nameof(marks.Traps) : nameof(marks.Cosine);
            Once($"{key}:{mark} needs InputSpaceFile, which says where benign inputs lie. Make one: inference-shield calibrate MODEL --benign FILE --secret-env NAME.");
        }

        if (output.Classes is { } classes && marks.Traps?.ExemptClasses is { } exempt && Enumerable.Range(0, Math.Min(classes, exempt.Count + 1)).All(exempt.Contains))
        {
            Once($"{key}:Traps:ExemptClasses names all {classes} classes, so that no trap has an answer. Leave some out, or remove Traps.");
        }
    }

    /// <summary>Cosines that do less than was asked for.</summary>
    private static IEnumerable<string> FindDeadCosines(ShieldOptions options)
    {
        foreach ((string name, OutputOptions output) in options.Outputs.Where(output => IsDistribution(output.Value.Kind)))
        {
            HardeningOptions[] filled = PostureHardening.Of(options, output);
            string[] dead =
            [
                .. Enumerable.Range(0, filled.Length).Where(posture => filled[posture].Watermark?.Cosine is not null && !OutputCompiler.KeepsCosine(filled[posture]))
                    .Select(posture => ((Posture)posture).ToString()),
            ];
            if (dead.Length > 0)
            {
                yield return $"The cosine mark of output '{name}' is off for callers who are {string.Join(" or ", dead)}: what is released to them keeps nothing of it. Give NearTie beside it, which labels keep, and bands until a thief knows of it.";
            }

            if (output.Classes is { } classes && filled.Any(hardening => hardening.Watermark?.Cosine is not null && OutputCompiler.KeepsCosine(hardening) && Math.Pow(10, -hardening.Decimals) > 1.0 / classes))
            {
                yield return $"The cosine mark of output '{name}' is released on a grid coarser than one in {classes} classes, which hides most of it. Give more Decimals.";
            }
        }
    }
}

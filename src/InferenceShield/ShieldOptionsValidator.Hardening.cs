using System.Globalization;

namespace InferenceShield;

/// <content>How answers are released.</content>
internal sealed partial class ShieldOptionsValidator
{
    /// <summary>Of two float32 numbers between 1 and 2: a smaller step would release ordinary values as they are.</summary>
    private const double LeastQuantisationStep = 1.2e-7;

    private static readonly HardeningOptions s_usual = new();

    /// <summary>What is allowed and yet does not do what its name promises.</summary>
    public static IEnumerable<string> Warnings(ShieldOptions options)
    {
        HardeningOptions[] given =
        [
            .. options.Outputs.Values.Where(output => IsDistribution(output.Kind))
                .SelectMany(output => PostureHardening.OwnOf(output).Zip(PostureHardening.SharedOf(options), (own, shared) => own ?? shared)).Distinct(),
        ];
        foreach (string unused in FindUnused(options).Concat(FindDeadCosines(options)))
        {
            yield return unused;
        }

        foreach (string warning in LabelMarkWarnings(options))
        {
            yield return warning;
        }

        if (given.Any(hardening => hardening.Temperature != 1))
        {
            yield return "Temperature alone does not protect: above 1 it gives a thief more per answer, and it always costs honest callers their calibration.";
        }

        if (given.Any(hardening => hardening.LeastInformationBudget > 0))
        {
            yield return "LeastInformationBudget costs a thief who adapts no more than Release LabelOnly does, and moves 77 to 88 % of answers across a .9 threshold at a budget of .2; above that it costs honest callers more.";
        }

        if (given.Any(hardening => hardening.CodebookFile is not null))
        {
            yield return "CodebookFile costs honest callers more than bands do: 16 centroids a label cost .03 to .04 of AUROC for telling errors by their confidence, bands .005, and 3 to 5 % of answers crossed a .9 threshold.";
        }

        if (given.Any(hardening => hardening.ReverseSigmoid is not null))
        {
            yield return "ReverseSigmoid does not protect: weak it costs a thief nothing, strong it inverts the confidence that honest callers see, and a thief who takes the label loses no more than by Release LabelOnly.";
        }

        if (given.Any(hardening => hardening.AdaptiveMisinformation is not null))
        {
            yield return "AdaptiveMisinformation keeps the label, so it costs a thief who takes the label nothing; one known clean answer tells the permutation of its label.";
        }

        if (given.Any(hardening => hardening.KeyedNoiseBudget > 0))
        {
            yield return "KeyedNoiseBudget costs a thief nothing measurable up to .2 and moves most confident answers across a .9 threshold; see the documentation of HardeningOptions.";
        }

        if (options.Outputs.Values.Any(output => PostureHardening.Of(options, output).Any(
            hardening => hardening.NoiseCell == NoiseCell.ExactInput && OutputPlan.HasNoise(output.Kind, hardening))))
        {
            yield return "NoiseCell ExactInput gives a near-duplicate other noise: whoever can change an input a little averages it away, 64 near-repeats to a sixth. Use Output or Input where inputs are continuous.";
        }

        // Only where somebody asked for bands: the defaults warn of nothing, and their documentation says it.
        if (given.Any(hardening => hardening is { BandFile: null, Release: Release.Bands } or { BandEdges: not null }))
        {
            yield return "Bands without BandFile are uncalibrated: the number that each releases is its middle. Learn bands from benign answers (ConfidenceBands.Learn) where callers read confidences as probabilities.";
        }
    }

    /// <summary>Shared options may be meant for some outputs only, but not for none.</summary>
    private static IEnumerable<string> FindUnused(ShieldOptions options)
    {
        HardeningOptions[] shared = PostureHardening.SharedOf(options);
        for (int posture = 0; posture < PostureHardening.Count; posture++)
        {
            OutputKind[] kinds = [.. options.Outputs.Values.Where(output => PostureHardening.OwnOf(output)[posture] is null).Select(output => output.Kind)];
            HardeningOptions given = shared[posture];
            string[] unused =
            [
                .. Unused(given.KeyedNoiseBudget > 0, nameof(given.KeyedNoiseBudget), IsDistribution),
                .. Unused(given.LeastInformationBudget > 0, nameof(given.LeastInformationBudget), IsDistribution),
                .. Unused(given.CodebookFile is not null, nameof(given.CodebookFile), IsDistribution),
                .. Unused(given.BandFile is not null, nameof(given.BandFile), IsDistribution),
                .. Unused(given.BandEdges is not null, nameof(given.BandEdges), IsDistribution),
                .. Unused(given.ReverseSigmoid is not null, nameof(given.ReverseSigmoid), IsDistribution),
                .. Unused(given.AdaptiveMisinformation is not null, nameof(given.AdaptiveMisinformation), IsDistribution),
                .. Unused(given.ConfidenceCap is not null, nameof(given.ConfidenceCap), IsDistribution),
                .. Unused(given.ConfidenceCutoff is not null, nameof(given.ConfidenceCutoff), IsDistribution),
                .. Unused(given.NoiseCell is not null, nameof(given.NoiseCell), HasNoiseCell),
                .. Unused(given.ProbabilityDigits is not null, nameof(given.ProbabilityDigits), IsDistribution),
                .. Unused(given.TopK is not null, nameof(given.TopK), kind => IsDistribution(kind) || kind == OutputKind.TokenLogits || (given.TopK == 1 && IsScores(kind))),
                .. Unused(given.QuantisationStep is not null, nameof(given.QuantisationStep), kind => kind == OutputKind.Regression),
                .. Unused(given.CosineBudget > 0, nameof(given.CosineBudget), kind => kind == OutputKind.Embedding),
            ];
            if (unused.Length > 0)
            {
                yield return $"{PostureHardening.Keys[posture]}: {string.Join(", ", unused)} {(unused.Length == 1 ? "applies" : "apply")} to none of the outputs and change{(unused.Length == 1 ? "s" : "")} nothing.";
            }

            IEnumerable<string> Unused(bool isGiven, string name, Func<OutputKind, bool> applies) => isGiven && !kinds.Any(applies) ? [name] : [];
        }
    }

    private static bool HasNoiseCell(OutputKind kind) => IsDistribution(kind) || kind is OutputKind.Embedding or OutputKind.Regression;

    private static bool IsScores(OutputKind kind) => kind is OutputKind.SigmoidLogits or OutputKind.SigmoidProbabilities;

    private static bool IsDistribution(OutputKind kind) => kind is OutputKind.Logits or OutputKind.Probabilities;

    private void CheckHardening(string key, HardeningOptions hardening)
    {
        if (hardening.Release is { } release && !Enum.IsDefined(release))
        {
            Fault(key + ":Release", release, "Rounding, Bands or LabelOnly");
        }

        Range(key + ":Decimals", hardening.Decimals, 1, 5);
        Range(key + ":KeyedNoiseBudget", hardening.KeyedNoiseBudget, 0, 1.9);
        Range(key + ":LeastInformationBudget", hardening.LeastInformationBudget, 0, 2);
        Range(key + ":Temperature", hardening.Temperature, 0.05, 100);
        if (hardening.SignificantDigits is { } digits)
        {
            Range(key + ":SignificantDigits", digits, 1, 6);
        }

        if (hardening.TopK is { } topK)
        {
            Range(key + ":TopK", topK, 1, 1_000_000);
        }

        CheckFurtherSteps(key, hardening);
        if (hardening.Watermark is { } watermark)
        {
            CheckLabelMarks(key + ":Watermark", watermark);
            CheckInputMarks(key + ":Watermark", watermark);
            CheckVectorMarks(key + ":Watermark", watermark);
        }

        if (hardening.BandEdges is { } edges && !AreEdges(edges))
        {
            string numbers = string.Join(", ", edges.Take(ConfidenceBands.MaximumBands).Select(edge => edge.ToString(CultureInfo.InvariantCulture)));
            Fault(key + ":BandEdges", $"[{numbers}]", $"1 to {ConfidenceBands.MaximumBands - 1} numbers between 0 and 1 with at most 5 decimals, ascending, at least 0.00002 apart");
        }

        CheckPath(key + ":BandFile", hardening.BandFile);
        CheckPath(key + ":CodebookFile", hardening.CodebookFile);
    }

    private void CheckFurtherSteps(string key, HardeningOptions hardening)
    {
        if (!Enum.IsDefined(hardening.TopKRemainder))
        {
            Fault(key + ":TopKRemainder", hardening.TopKRemainder, "Zero or Shared");
        }

        if (!Enum.IsDefined(hardening.KeyedNoiseKind))
        {
            Fault(key + ":KeyedNoiseKind", hardening.KeyedNoiseKind, "Uniform, Laplace or Gaussian");
        }

        if (hardening.ProbabilityDigits is { } probabilityDigits)
        {
            Range(key + ":ProbabilityDigits", probabilityDigits, 1, 5);
        }

        if (hardening.NoiseCell is { } cell && !Enum.IsDefined(cell))
        {
            Fault(key + ":NoiseCell", cell, "Output, Input or ExactInput");
        }

        if (hardening.ConfidenceCutoff is { } cutoff)
        {
            Range(key + ":ConfidenceCutoff", cutoff, 0, 0.5);
        }

        if (hardening.ConfidenceCap is { } cap)
        {
            Range(key + ":ConfidenceCap", cap, 0.5, 1);
        }

        if (hardening.QuantisationStep is { } step && !(step is >= LeastQuantisationStep and <= RegressionHardening.GreatestStep))
        {
            Fault(key + ":QuantisationStep", step, "1.2E-07, which float32 tells apart at 1, to 1E+30");
        }

        if (hardening.CosineBudget is { } cosine)
        {
            Range(key + ":CosineBudget", cosine, 0, 1);
        }

        if (hardening.ReverseSigmoid is { } sigmoid)
        {
            Range(key + ":ReverseSigmoid:Beta", sigmoid.Beta, 0, ReverseSigmoidOptions.LargestBeta);
            Range(key + ":ReverseSigmoid:Gamma", sigmoid.Gamma, 0, ReverseSigmoidOptions.LargestGamma);
        }

        if (hardening.AdaptiveMisinformation is { } misinformation)
        {
            Range(key + ":AdaptiveMisinformation:Tau", misinformation.Tau, 0, 1);
            Range(key + ":AdaptiveMisinformation:Nu", misinformation.Nu, 0, AdaptiveMisinformationOptions.LargestNu);
        }
    }

    private void CheckPath(string key, string? path)
    {
        if (path is not null && string.IsNullOrWhiteSpace(path))
        {
            _faults.Add($"{_prefix}{key} is empty. Leave it out for none.");
        }
    }

    /// <summary>Whether a number on the grid lies between any two, whatever the number of classes.</summary>
    private static bool AreEdges(IReadOnlyList<double> edges)
    {
        int before = -1;
        foreach (double edge in edges)
        {
            // Written so that NaN is a fault.
            if (!(edge > 0 && edge < 1) || !ReleaseGrid.IsOnGrid(edge) || ReleaseGrid.Round(edge) < before + 2 || ReleaseGrid.Round(edge) == ReleaseGrid.Units)
            {
                return false;
            }

            before = ReleaseGrid.Round(edge);
        }

        return edges.Count is > 0 and < ConfidenceBands.MaximumBands;
    }
}

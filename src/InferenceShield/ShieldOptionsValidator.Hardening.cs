using System.Globalization;

namespace InferenceShield;

/// <content>How answers are released.</content>
internal sealed partial class ShieldOptionsValidator
{
    private const int MostClasses = 1_000_000;

    private const string KindNames = "Logits, Probabilities, Embedding, Regression, State, SigmoidLogits, SigmoidProbabilities or TokenLogits";

    private static readonly HardeningOptions s_usual = new();

    /// <summary>What is allowed and yet does not do what its name promises.</summary>
    public static IEnumerable<string> Warnings(ShieldOptions options)
    {
        HardeningOptions[] given =
        [
            .. options.Outputs.Values.Where(output => IsDistribution(output.Kind))
                .SelectMany(output => PostureHardening.OwnOf(output).Zip(PostureHardening.SharedOf(options), (own, shared) => own ?? shared)).Distinct(),
        ];
        foreach (string unused in FindUnused(options))
        {
            yield return unused;
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

        if (hardening.ConfidenceCap is { } cap)
        {
            Range(key + ":ConfidenceCap", cap, 0.5, 1);
        }

        if (hardening.QuantisationStep is { } step && !(step is >= RegressionHardening.LeastStep and <= RegressionHardening.GreatestStep))
        {
            Fault(key + ":QuantisationStep", step, "1E-30 to 1E+30");
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

    private void CheckOutputs(ShieldOptions options)
    {
        if (options.Outputs.Count == 0)
        {
            _faults.Add(_prefix + $"Outputs is empty; declare at least one output that may be released, with its kind ({KindNames}).");
        }

        foreach ((string name, OutputOptions? output) in options.Outputs)
        {
            string key = "Outputs:" + name;
            if (string.IsNullOrWhiteSpace(name))
            {
                _faults.Add(_prefix + "Outputs has an output without a name.");
            }

            if (!Required(key, output))
            {
                continue;
            }

            if (output.Kind == OutputKind.None || !Enum.IsDefined(output.Kind))
            {
                Fault(key + ":Kind", output.Kind, KindNames);
                continue;
            }

            CheckOutput(key, options, output);
        }
    }

    private void CheckOutput(string key, ShieldOptions options, OutputOptions output)
    {
        if (output.Classes is { } classes && (IsDistribution(output.Kind) || IsScores(output.Kind) || output.Kind == OutputKind.TokenLogits))
        {
            Range(key + ":Classes", classes, 1, MostClasses);
        }
        else if (output.Classes is not null)
        {
            _faults.Add($"{_prefix}{key}:Classes applies to outputs with classes, scores or tokens, not to {output.Kind}. Remove it.");
        }

        CheckThresholds(key + ":Thresholds", output);
        HardeningOptions?[] own = PostureHardening.OwnOf(output);
        string[] keys = [.. PostureHardening.Keys];
        for (int posture = 0; posture < PostureHardening.Count; posture++)
        {
            if (own[posture] is { } hardening)
            {
                keys[posture] = $"{key}:{keys[posture]}";
                CheckHardening(keys[posture], hardening);
                CheckFit(keys[posture], output.Kind, hardening);
            }
        }

        if (Array.TrueForAll(PostureHardening.SharedOf(options), shared => shared is not null) && output.Kind != OutputKind.State)
        {
            CheckPostures(key, keys, options, output);
        }
    }

    /// <summary>A step that the output's kind would silently ignore is a fault where the output names it itself.</summary>
    private void CheckFit(string key, OutputKind kind, HardeningOptions own)
    {
        if (kind is OutputKind.State)
        {
            _faults.Add($"{_prefix}{key} does not apply to State, which is passed through untouched. Remove it.");
        }
        else if (!IsDistribution(kind)
            && own is not
            {
                BandFile: null, BandEdges: null, CodebookFile: null, LeastInformationBudget: 0, KeyedNoiseBudget: 0, Temperature: 1,
                ReverseSigmoid: null, AdaptiveMisinformation: null, ConfidenceCap: null, ProbabilityDigits: null,
            })
        {
            _faults.Add($"{_prefix}{key}: BandFile, BandEdges, CodebookFile, LeastInformationBudget, KeyedNoiseBudget, ReverseSigmoid, AdaptiveMisinformation, Temperature, ConfidenceCap and ProbabilityDigits apply to Logits and Probabilities only, not to {kind}. Remove them.");
        }
        else
        {
            Foreign(own.Release is not null, nameof(own.Release), kind is not (OutputKind.Embedding or OutputKind.Regression));
            Foreign(own.TopK is not null, nameof(own.TopK), kind == OutputKind.TokenLogits || IsDistribution(kind));
            Foreign(own.QuantisationStep is not null, nameof(own.QuantisationStep), kind == OutputKind.Regression);
            Foreign(own.SignificantDigits is not null, nameof(own.SignificantDigits), kind is OutputKind.Embedding or OutputKind.Regression);
            Foreign(own.Decimals != s_usual.Decimals, nameof(own.Decimals), kind is not (OutputKind.Embedding or OutputKind.Regression));
            Foreign(own.CosineBudget is not null, nameof(own.CosineBudget), kind == OutputKind.Embedding);
        }

        void Foreign(bool isGiven, string name, bool applies)
        {
            if (isGiven && !applies)
            {
                _faults.Add($"{_prefix}{key}:{name} does not apply to {kind}. Remove it.");
            }
        }
    }

    private void CheckThresholds(string key, OutputOptions output)
    {
        if (output.Thresholds is not { } thresholds)
        {
            return;
        }

        if (!IsScores(output.Kind))
        {
            _faults.Add($"{_prefix}{key} applies to SigmoidLogits and SigmoidProbabilities only, not to {output.Kind}. Remove it.");
        }
        else if (thresholds.Count == 0 || thresholds.Any(threshold => !((float)threshold is > 0 and < 1)))
        {
            string numbers = string.Join(", ", thresholds.Take(8).Select(threshold => threshold.ToString(CultureInfo.InvariantCulture)));
            Fault(key, $"[{numbers}]", "one number for all scores, or one for each, above 0 and below 1");
        }
        else if (thresholds.Count > 1 && output.Classes != thresholds.Count)
        {
            _faults.Add($"{_prefix}{key} has {thresholds.Count} numbers, one for each score; set Classes to as many, or give one for all.");
        }
    }

    /// <summary>What goes together, posture by posture, where the shield's options and the output's own come together.</summary>
    private void CheckPostures(string outputKey, string[] keys, ShieldOptions options, OutputOptions output)
    {
        HardeningOptions?[] own = PostureHardening.OwnOf(output);
        HardeningOptions[] shared = PostureHardening.SharedOf(options);
        HardeningOptions[] filled = PostureHardening.Of(options, output);
        for (int posture = 0; posture < PostureHardening.Count; posture++)
        {
            if (posture > 0 && FindLaxer(filled[posture], filled[posture - 1], output.Kind) is { } laxer)
            {
                Once($"{keys[posture]} tells more than {keys[posture - 1]} ({laxer}); it must not: a caller would gain by being suspected.");
            }

            if (output.Kind == OutputKind.TokenLogits && filled[posture].TopK > TokenLogitsPlan.MostTokens)
            {
                Once($"{keys[posture]}:TopK is {filled[posture].TopK}; of TokenLogits at most {TokenLogitsPlan.MostTokens} tokens are released.");
            }

            if (output.Kind == OutputKind.Embedding
                && filled[posture] is { CosineBudget: > 0 and double cosine, SignificantDigits: { } digits } && cosine < EmbeddingPlan.LeastBudget(digits))
            {
                Once(string.Create(CultureInfo.InvariantCulture,
                    $"{keys[posture]}:CosineBudget is {cosine}; rounding to {digits} digits alone may cost {EmbeddingPlan.LeastBudget(digits):G3}. Give more, or 0 for no noise, or more SignificantDigits."));
            }

            if (IsDistribution(output.Kind))
            {
                CheckSteps(keys[posture], own[posture] ?? shared[posture], filled[posture].Release!.Value);
                if (output.Classes is null && (filled[posture] is { BandFile: not null } or { CodebookFile: not null }))
                {
                    Once($"{outputKey}:Classes is missing: {keys[posture]} names a file, which is learned for one number of classes. Set it.");
                }
            }
        }
    }

    private void CheckSteps(string key, HardeningOptions given, Release release)
    {
        if (release == Release.LabelOnly && given.TopK > 1)
        {
            Once($"{key}: Release LabelOnly releases one class, TopK {given.TopK}. Choose one of them.");
        }

        if (release == Release.Bands && given.TopK is not null)
        {
            Once($"{key}: TopK applies to Release Rounding, not to Bands. Choose one of them.");
        }

        if (release != Release.Bands && (given.BandFile ?? (object?)given.BandEdges) is not null)
        {
            Once($"{key}: BandFile and BandEdges apply to Release Bands, not to {release}. Set Release to Bands, or remove them.");
        }

        if (release != Release.Rounding && (given.ConfidenceCap is not null || given.ProbabilityDigits is not null))
        {
            Once($"{key}: ConfidenceCap and ProbabilityDigits apply to Release Rounding, not to {release}. Remove them.");
        }

        if (given.BandFile is not null && given.BandEdges is not null)
        {
            Once($"{key}: BandFile and BandEdges both say where the bands are. Choose one of them.");
        }

        if (release == Release.LabelOnly && given.LeastInformationBudget > 0)
        {
            Once($"{key}: LeastInformationBudget needs Release Rounding or Bands after it; LabelOnly leaves nothing of it. Choose one of them.");
        }

        if (release == Release.LabelOnly && given.CodebookFile is not null)
        {
            Once($"{key}: CodebookFile releases scores, and Release LabelOnly none. Choose one of them.");
        }

        List<string> perturbations = [];
        Add(given.LeastInformationBudget > 0, nameof(given.LeastInformationBudget));
        Add(given.CodebookFile is not null, nameof(given.CodebookFile));
        Add(given.KeyedNoiseBudget > 0, nameof(given.KeyedNoiseBudget));
        Add(given.ReverseSigmoid is not null, nameof(given.ReverseSigmoid));
        Add(given.AdaptiveMisinformation is not null, nameof(given.AdaptiveMisinformation));
        if (perturbations.Count > 1)
        {
            Once($"{key}: {string.Join(" and ", perturbations)} each change the answer. Choose one of them.");
        }

        void Add(bool isOn, string name)
        {
            if (isOn)
            {
                perturbations.Add(name);
            }
        }
    }

    /// <summary>Which option tells more than in the posture before; null if none does.</summary>
    private static string? FindLaxer(HardeningOptions hardening, HardeningOptions before, OutputKind kind)
    {
        if (kind == OutputKind.Embedding)
        {
            return hardening.SignificantDigits > before.SignificantDigits ? Compare(nameof(hardening.SignificantDigits), hardening.SignificantDigits, before.SignificantDigits)
                : hardening.CosineBudget < before.CosineBudget ? Compare(nameof(hardening.CosineBudget), hardening.CosineBudget, before.CosineBudget)
                : null;
        }

        if (kind == OutputKind.Regression)
        {
            // A step is in the output's unit and digits are relative: which tells more depends on the value.
            return hardening.QuantisationStep is { } step && !(step >= before.QuantisationStep) ? Compare(nameof(hardening.QuantisationStep), step, before.QuantisationStep)
                : before.QuantisationStep is null && hardening.SignificantDigits > before.SignificantDigits ? Compare(nameof(hardening.SignificantDigits), hardening.SignificantDigits, before.SignificantDigits)
                : null;
        }

        bool areRounded = hardening.Release == Release.Rounding && before.Release == Release.Rounding;
        if (hardening.Release < before.Release)
        {
            return Compare(nameof(hardening.Release), hardening.Release, before.Release);
        }

        if (areRounded && IsFiner(hardening, before))
        {
            return string.Create(CultureInfo.InvariantCulture, $"{Digits(hardening)}, {Digits(before)} before");
        }

        if (IsScores(kind))
        {
            return null;
        }

        if ((areRounded || (kind == OutputKind.TokenLogits && hardening.Release != Release.LabelOnly)) && MostOf(hardening, kind) > MostOf(before, kind))
        {
            return Compare(nameof(hardening.TopK), hardening.TopK, before.TopK);
        }

        return !IsDistribution(kind) || hardening.Release == Release.LabelOnly ? null
            : hardening.ConfidenceCap > before.ConfidenceCap ? Compare(nameof(hardening.ConfidenceCap), hardening.ConfidenceCap, before.ConfidenceCap)
            : hardening.BandEdges is { } edges && before.BandEdges is { } others && edges.Except(others).Any() ? $"{nameof(hardening.BandEdges)} that are not among those before"
            : null;
    }

    private static string Compare(string option, object? value, object? before) =>
        string.Create(CultureInfo.InvariantCulture, $"{option} {value ?? "not given"}, {before ?? "none"} before");

    private static string Digits(HardeningOptions hardening) => hardening.ProbabilityDigits is { } digits
        ? $"{nameof(hardening.ProbabilityDigits)} {digits}"
        : $"{nameof(hardening.Decimals)} {hardening.Decimals}";

    private static int MostOf(HardeningOptions hardening, OutputKind kind) =>
        hardening.TopK ?? (kind == OutputKind.TokenLogits ? OutputPlan.UsualTokens : int.MaxValue);

    /// <summary>Significant digits tell small numbers to the finest grid there is.</summary>
    /// <remarks>And large numbers to that many decimals at the least.</remarks>
    private static bool IsFiner(HardeningOptions hardening, HardeningOptions before) => (hardening.ProbabilityDigits, before.ProbabilityDigits) switch
    {
        ({ } own, { } others) => own > others,
        (null, { } others) => hardening.Decimals > others,
        ({ }, null) => ScorePlan.MostDecimals > before.Decimals,
        _ => hardening.Decimals > before.Decimals,
    };

    /// <summary>However many outputs share it.</summary>
    private void Once(string fault)
    {
        if (!_faults.Contains(_prefix + fault))
        {
            _faults.Add(_prefix + fault);
        }
    }
}

using System.Globalization;

namespace InferenceShield;

/// <content>How answers are released.</content>
internal sealed partial class ShieldOptionsValidator
{
    private const int MostClasses = 1_000_000;

    /// <summary>What is allowed and yet does not do what its name promises.</summary>
    public static IEnumerable<string> Warnings(ShieldOptions options)
    {
        HardeningOptions[] given =
        [
            .. options.Outputs.Values.Where(output => IsDistribution(output.Kind))
                .SelectMany(output => PostureHardening.OwnOf(output).Zip(PostureHardening.SharedOf(options), (own, shared) => own ?? shared)).Distinct(),
        ];
        if (given.Any(hardening => hardening.Temperature != 1))
        {
            yield return "Temperature alone does not protect: above 1 it gives a thief more per answer, and it always costs honest callers their calibration.";
        }

        if (given.Any(hardening => hardening.LeastInformationBudget > 0))
        {
            yield return "LeastInformationBudget costs a thief who adapts no more than Release LabelOnly does, and moves 77 to 88 % of answers across a .9 threshold at a budget of .2; above that it costs honest callers more.";
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

        if (hardening.BandEdges is { } edges && !AreEdges(edges))
        {
            string numbers = string.Join(", ", edges.Take(ConfidenceBands.MaximumBands).Select(edge => edge.ToString(CultureInfo.InvariantCulture)));
            Fault(key + ":BandEdges", $"[{numbers}]", $"1 to {ConfidenceBands.MaximumBands - 1} numbers between 0 and 1 with at most 5 decimals, ascending, at least 0.00002 apart");
        }

        CheckPath(key + ":BandFile", hardening.BandFile);
        CheckPath(key + ":CodebookFile", hardening.CodebookFile);
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
            _faults.Add(_prefix + "Outputs is empty; declare at least one output that may be released, with its kind (Logits, Probabilities, Embedding, Regression or State).");
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
                Fault(key + ":Kind", output.Kind, "Logits, Probabilities, Embedding, Regression or State");
                continue;
            }

            CheckOutput(key, options, output);
        }
    }

    private void CheckOutput(string key, ShieldOptions options, OutputOptions output)
    {
        if (output.Classes is { } classes && IsDistribution(output.Kind))
        {
            Range(key + ":Classes", classes, 1, MostClasses);
        }
        else if (output.Classes is not null)
        {
            _faults.Add($"{_prefix}{key}:Classes applies to Logits and Probabilities only, not to {output.Kind}. Remove it.");
        }

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
            && own is not { Release: null, TopK: null, BandFile: null, BandEdges: null, CodebookFile: null, LeastInformationBudget: 0, KeyedNoiseBudget: 0, Temperature: 1 })
        {
            _faults.Add($"{_prefix}{key}: Release, TopK, BandFile, BandEdges, CodebookFile, LeastInformationBudget, KeyedNoiseBudget and Temperature apply to Logits and Probabilities only; {kind} takes SignificantDigits.");
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
            if (posture > 0 && IsLaxer(filled[posture], filled[posture - 1], output.Kind))
            {
                Once($"{keys[posture]} tells more than {keys[posture - 1]}; it must not: a caller would gain by being suspected.");
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

    private static bool IsLaxer(HardeningOptions hardening, HardeningOptions before, OutputKind kind) => IsDistribution(kind)
        ? hardening.Release < before.Release
            || (hardening.Release == Release.Rounding && before.Release == Release.Rounding
                && (hardening.Decimals > before.Decimals || (hardening.TopK ?? int.MaxValue) > (before.TopK ?? int.MaxValue)))
        : hardening.SignificantDigits > before.SignificantDigits;

    /// <summary>However many outputs share it.</summary>
    private void Once(string fault)
    {
        if (!_faults.Contains(_prefix + fault))
        {
            _faults.Add(_prefix + fault);
        }
    }
}

using System.Globalization;

namespace InferenceShield;

/// <content>What outputs are, and what applies to each kind.</content>
internal sealed partial class ShieldOptionsValidator
{
    private const int MostClasses = 1_000_000;

    private const string KindNames = "Logits, Probabilities, Embedding, Regression, State, SigmoidLogits, SigmoidProbabilities or TokenLogits";

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

            CheckOutput(name, key, options, output);
        }

        foreach ((string key, HardeningOptions? shared) in PostureHardening.Keys.Zip(PostureHardening.SharedOf(options)))
        {
            if (shared?.Watermark is { } watermark && options.Outputs.Count > 0)
            {
                CheckSharedVectorMarks(key, options, watermark);
            }
        }

        if (options.Outputs.Values.All(output => output is not null) && Array.TrueForAll(PostureHardening.SharedOf(options), shared => shared is not null))
        {
            CheckInputSteps(options);
            CheckSharedExempt(options);
        }
    }

    private void CheckOutput(string name, string key, ShieldOptions options, OutputOptions output)
    {
        if (output.Classes is { } classes && (IsDistribution(output.Kind) || IsScores(output.Kind) || output.Kind == OutputKind.TokenLogits))
        {
            Range(key + ":Classes", classes, 1, MostClasses);
        }
        else if (output.Classes is not null)
        {
            _faults.Add($"{_prefix}{key}:Classes applies to outputs with classes, scores or tokens, not to {output.Kind}. Remove it.");
        }

        if (output.TenantTransform && output.Kind != OutputKind.Embedding)
        {
            _faults.Add($"{_prefix}{key}:TenantTransform applies to Embedding only, not to {output.Kind}. Remove it.");
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
                if (hardening.Watermark is { } watermark)
                {
                    CheckVectorMarksFit(keys[posture], output.Kind, watermark);
                }
            }
        }

        if (Array.TrueForAll(PostureHardening.SharedOf(options), shared => shared is not null) && output.Kind != OutputKind.State)
        {
            CheckPostures(key, keys, options, output);
            if (options.Trial is { } trial)
            {
                CheckTrial(name, keys[0], options, output, trial);
            }
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
                ReverseSigmoid: null, AdaptiveMisinformation: null, ConfidenceCap: null, ConfidenceCutoff: null, ProbabilityDigits: null,
            })
        {
            _faults.Add($"{_prefix}{key}: BandFile, BandEdges, CodebookFile, LeastInformationBudget, KeyedNoiseBudget, ReverseSigmoid, AdaptiveMisinformation, Temperature, ConfidenceCap, ConfidenceCutoff and ProbabilityDigits apply to Logits and Probabilities only, not to {kind}. Remove them.");
        }
        else
        {
            Foreign(own.Release is not null, nameof(own.Release), kind is not (OutputKind.Embedding or OutputKind.Regression));
            Foreign(own.TopK is not null, nameof(own.TopK), kind == OutputKind.TokenLogits || IsDistribution(kind));
            Foreign(own.QuantisationStep is not null, nameof(own.QuantisationStep), kind == OutputKind.Regression);
            Foreign(own.SignificantDigits is not null, nameof(own.SignificantDigits), kind is OutputKind.Embedding or OutputKind.Regression);
            Foreign(own.Decimals != s_usual.Decimals, nameof(own.Decimals), kind is not (OutputKind.Embedding or OutputKind.Regression));
            Foreign(own.NoiseCell is not null, nameof(own.NoiseCell), HasNoiseCell(kind));
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
}

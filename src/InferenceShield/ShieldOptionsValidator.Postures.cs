using System.Globalization;

namespace InferenceShield;

/// <content>What goes together in a posture, and from one posture to the next.</content>
internal sealed partial class ShieldOptionsValidator
{
    /// <summary>What goes together, posture by posture, where the shield's options and the output's own come together.</summary>
    private void CheckPostures(string outputKey, string[] keys, ShieldOptions options, OutputOptions output, TrialOptions? trial = null)
    {
        HardeningOptions?[] own = PostureHardening.OwnOf(output, trial);
        HardeningOptions[] shared = PostureHardening.SharedOf(options);
        HardeningOptions[] filled = PostureHardening.Of(options, output, trial);
        for (int posture = 0; posture < PostureHardening.Count; posture++)
        {
            if (posture > 0 && FindLaxer(filled[posture], filled[posture - 1], output.Kind) is { } laxer)
            {
                Once($"{keys[posture]} tells more than {keys[posture - 1]} ({laxer}); it must not: a caller would gain by being suspected.");
            }

            if (posture > 0 && HasNoiseCell(output.Kind) && filled[posture].NoiseCell != filled[posture - 1].NoiseCell)
            {
                Once($"{keys[posture]}:NoiseCell is {filled[posture].NoiseCell}, that of {keys[posture - 1]} {filled[posture - 1].NoiseCell}. A call gives one kind of input for every posture: make them the same.");
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
                CheckInputMarks(keys[posture] + ":Watermark", own[posture] ?? shared[posture], filled[posture], options, output);
                CheckLabelMarks(keys[posture], output, own[posture] ?? shared[posture], filled[posture], own[posture] is not null);
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

        if (release != Release.Rounding && (given.ConfidenceCap is not null || given.ConfidenceCutoff is not null || given.ProbabilityDigits is not null))
        {
            Once($"{key}: ConfidenceCap, ConfidenceCutoff and ProbabilityDigits apply to Release Rounding, not to {release}. Remove them.");
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
            : hardening.Release == before.Release && FindLostChange(hardening, before) is { } lost ? lost
            : hardening.ConfidenceCap > before.ConfidenceCap ? Compare(nameof(hardening.ConfidenceCap), hardening.ConfidenceCap, before.ConfidenceCap)
            : hardening.ConfidenceCutoff < before.ConfidenceCutoff ? Compare(nameof(hardening.ConfidenceCutoff), hardening.ConfidenceCutoff, before.ConfidenceCutoff)
            : hardening.BandEdges is { } edges && before.BandEdges is { } others && edges.Except(others).Any() ? $"{nameof(hardening.BandEdges)} that are not among those before"
            : null;
    }

    /// <summary>Of the steps that change an answer, what a posture of the same release has less of than the one before.</summary>
    private static string? FindLostChange(HardeningOptions hardening, HardeningOptions before)
    {
        (string? name, double? budget) = ChangeOf(hardening);
        (string? nameBefore, double? budgetBefore) = ChangeOf(before);
        return nameBefore is null || (name is not null && name != nameBefore) ? null
            : name is null ? Compare(nameBefore, null, budgetBefore ?? (object)"given")
            : budget < budgetBefore ? Compare(name, budget, budgetBefore)
            : null;
    }

    private static (string? Name, double? Budget) ChangeOf(HardeningOptions hardening) => hardening switch
    {
        { LeastInformationBudget: > 0 and double budget } => (nameof(hardening.LeastInformationBudget), budget),
        { KeyedNoiseBudget: > 0 and double budget } => (nameof(hardening.KeyedNoiseBudget), budget),
        { CodebookFile: not null } => (nameof(hardening.CodebookFile), null),
        { ReverseSigmoid: not null } => (nameof(hardening.ReverseSigmoid), null),
        { AdaptiveMisinformation: not null } => (nameof(hardening.AdaptiveMisinformation), null),
        _ => default,
    };

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

namespace InferenceShield;

/// <summary>Compiles the outputs of valid options, one plan for each posture.</summary>
internal static class OutputCompiler
{
    /// <returns>By posture, then by output in the order of their names: the order of a dictionary from configuration is not one
    /// to rely on. For callers outside of a trial, and for those in it; without a trial these are the same.</returns>
    public static (OutputPlan[][] Postures, OutputPlan[][] TrialPostures) Compile(ShieldOptions options, string prefix, ReleaseFiles files, MarkKey? marks = null)
    {
        OutputPlan[][] postures = Compile(options, trial: null, prefix, files, marks);
        return (postures, options.Trial is null ? postures : Compile(options, options.Trial, prefix, files, marks));
    }

    private static OutputPlan[][] Compile(ShieldOptions options, TrialOptions? trial, string prefix, ReleaseFiles files, MarkKey? marks)
    {
        KeyValuePair<string, OutputOptions>[] outputs = [.. options.Outputs.OrderBy(output => output.Key, StringComparer.Ordinal)];
        OutputPlan[][] postures = [new OutputPlan[outputs.Length], new OutputPlan[outputs.Length], new OutputPlan[outputs.Length]];
        for (int output = 0; output < outputs.Length; output++)
        {
            (string name, OutputOptions own) = outputs[output];
            HardeningOptions[] filled = PostureHardening.Of(options, own, trial);

            // Of all callers' policies: what a call has to give must not tell whose it is.
            HardeningOptions[] all = [.. PostureHardening.Of(options, own), .. options.Trial is null ? [] : PostureHardening.Of(options, own, options.Trial)];
            NoiseCell inputCell = all.Any(hardening => OutputPlan.HasNoise(own.Kind, hardening)) ? filled[0].NoiseCell!.Value : NoiseCell.Output;
            bool needsContext = own.Kind == OutputKind.TokenLogits && all.Any(hardening => hardening.Watermark is { GreenList: not null } or { Tournament: not null });
            for (int posture = 0; posture < PostureHardening.Count; posture++)
            {
                HardeningOptions hardening = filled[posture];
                string key = KeyOf(name, own, trial, posture);
                postures[posture][output] = own.Kind is OutputKind.Logits or OutputKind.Probabilities
                    ? new OutputPlan(name, own.Kind, hardening, own.Classes ?? 0, BandsOf(hardening, own, prefix + key, files), CodebookOf(hardening, own, prefix + key, files), inputCell) { Marks = MarksOf(hardening, marks) }
                    : new OutputPlan(name, own.Kind, hardening, own.Classes ?? 0, inputCell: inputCell, tenantTransform: own.TenantTransform, thresholds: [.. own.Thresholds?.Select(threshold => (float)threshold) ?? []]) { Marks = MarksOf(hardening, marks), NeedsContext = needsContext };

                if (posture > 0)
                {
                    CheckBands(postures[posture][output], postures[posture - 1][output], prefix, key, KeyOf(name, own, trial, posture - 1), files.Faults);
                }
            }
        }

        return postures;
    }

    /// <summary>Where an output's hardening in a posture comes from.</summary>
    public static string KeyOf(string output, OutputOptions own, TrialOptions? trial, int posture) =>
        PostureHardening.OwnOf(trial)[posture] is not null ? "Trial:" + PostureHardening.Keys[posture]
        : PostureHardening.OwnOf(own)[posture] is null ? PostureHardening.Keys[posture]
        : $"Outputs:{output}:{PostureHardening.Keys[posture]}";

    /// <summary>Bands of a posture join those of the one before; of learned ones that shows when their files have been read.</summary>
    private static void CheckBands(OutputPlan plan, OutputPlan before, string prefix, string key, string keyBefore, List<string> faults)
    {
        if (plan.Bands is null || before.Bands is null || plan.Classes == 0 || plan.Bands.Equals(before.Bands))
        {
            return; // without files the validator has compared the edges
        }

        ConfidenceBands bands = plan.Bands.For(plan.Classes);
        ConfidenceBands others = before.Bands.For(plan.Classes);
        string? finer = bands.Edges.Except(others.Edges).Any() ? "edges that are not among those before"
            : bands.NamesRunnerUp && !others.NamesRunnerUp ? "a second label, none before"
            : null;
        string fault = $"{prefix}{key} tells more than {prefix}{keyBefore} (bands with {finer}); it must not: a caller would gain by being suspected. Learn its bands with the edges of those before, or fewer.";
        if (finer is not null && !faults.Contains(fault))
        {
            faults.Add(fault);
        }
    }

    private static MarkPlan? MarksOf(HardeningOptions hardening, MarkKey? key) =>
        hardening.Watermark is { } watermark && key is not null ? new MarkPlan(watermark, key, space: null) : null;

    private static BandSource? BandsOf(HardeningOptions hardening, OutputOptions output, string key, ReleaseFiles files)
    {
        if (hardening.Release != Release.Bands)
        {
            return null;
        }

        if (hardening.BandFile is null)
        {
            return new BandSource(hardening.BandEdges!);
        }

        return files.LoadBands(key + ":BandFile", hardening.BandFile, output.Classes!.Value) is { } learned ? new BandSource(learned) : null;
    }

    private static AnswerCodebook? CodebookOf(HardeningOptions hardening, OutputOptions output, string key, ReleaseFiles files) =>
        hardening.CodebookFile is null ? null : files.LoadCodebook(key + ":CodebookFile", hardening.CodebookFile, output.Classes!.Value);
}

namespace InferenceShield;

/// <summary>Compiles the outputs of valid options, one plan for each posture.</summary>
internal static class OutputCompiler
{
    /// <returns>By posture, then by output in the order of their names: the order of a dictionary from configuration is not one
    /// to rely on.</returns>
    public static OutputPlan[][] Compile(ShieldOptions options, string prefix, ReleaseFiles files)
    {
        KeyValuePair<string, OutputOptions>[] outputs = [.. options.Outputs.OrderBy(output => output.Key, StringComparer.Ordinal)];
        OutputPlan[][] postures = [new OutputPlan[outputs.Length], new OutputPlan[outputs.Length], new OutputPlan[outputs.Length]];
        for (int output = 0; output < outputs.Length; output++)
        {
            (string name, OutputOptions own) = outputs[output];
            HardeningOptions[] filled = PostureHardening.Of(options, own);
            for (int posture = 0; posture < PostureHardening.Count; posture++)
            {
                HardeningOptions hardening = filled[posture];
                string key = PostureHardening.OwnOf(own)[posture] is null ? PostureHardening.Keys[posture] : $"Outputs:{name}:{PostureHardening.Keys[posture]}";
                postures[posture][output] = own.Kind is OutputKind.Logits or OutputKind.Probabilities
                    ? new OutputPlan(name, own.Kind, hardening, own.Classes ?? 0, BandsOf(hardening, own, prefix + key, files), CodebookOf(hardening, own, prefix + key, files))
                    : new OutputPlan(name, own.Kind, hardening, own.Classes ?? 0, thresholds: [.. own.Thresholds?.Select(threshold => (float)threshold) ?? []]);
            }
        }

        return postures;
    }

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

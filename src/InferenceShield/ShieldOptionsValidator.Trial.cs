namespace InferenceShield;

/// <content>A second policy.</content>
internal sealed partial class ShieldOptionsValidator
{
    private void CheckTrial(TrialOptions trial)
    {
        Range("Trial:Share", trial.Share, 0, 1);
        HardeningOptions?[] own = PostureHardening.OwnOf(trial);
        for (int posture = 0; posture < PostureHardening.Count; posture++)
        {
            if (own[posture] is { } hardening)
            {
                CheckHardening("Trial:" + PostureHardening.Keys[posture], hardening);
            }
        }
    }

    /// <summary>The same rules for the trial's postures as for all; and what a call has to give, or may be, is the same for both policies.</summary>
    private void CheckTrial(string name, string policyKey, ShieldOptions options, OutputOptions output, TrialOptions trial)
    {
        string[] keys = [.. Enumerable.Range(0, PostureHardening.Count).Select(posture => OutputCompiler.KeyOf(name, output, trial, posture))];
        CheckPostures("Outputs:" + name, keys, options, output, trial);
        HardeningOptions policy = PostureHardening.Of(options, output)[0];
        HardeningOptions tried = PostureHardening.Of(options, output, trial)[0];
        if (HasNoiseCell(output.Kind) && tried.NoiseCell != policy.NoiseCell)
        {
            Once($"{keys[0]}:NoiseCell is {tried.NoiseCell}, that of {policyKey} {policy.NoiseCell}. A call gives one kind of input, whether its caller is in the trial or not: make them the same.");
        }

        if (output.Kind == OutputKind.TokenLogits && MostOf(tried, output.Kind) > MostOf(policy, output.Kind))
        {
            Once($"{keys[0]}:TopK is {tried.TopK}, that of {policyKey} {policy.TopK}. A vocabulary that is large enough for one policy has to be for the other: make it no larger.");
        }
    }
}

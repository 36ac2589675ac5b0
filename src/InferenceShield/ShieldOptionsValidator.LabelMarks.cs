namespace InferenceShield;

/// <content>Near-tie, permutation and trigger marks.</content>
internal sealed partial class ShieldOptionsValidator
{
    /// <summary>Ranks 2 and 3 have to be shown for an order of theirs to be seen.</summary>
    private const int LeastRanked = 3;

    private void CheckLabelMarks(string key, WatermarkOptions watermark)
    {
        if (watermark.NearTie is { } nearTie)
        {
            if (nearTie.Margin is { } margin && !(margin is > 0 and <= 0.5))
            {
                Fault(key + ":NearTie:Margin", margin, "above 0, at most .5");
            }

            CheckKeying(key + ":NearTie:Keying", nearTie.Keying);
            CheckExempt(key + ":NearTie:ExemptClasses", nearTie.ExemptClasses);
        }

        if (watermark.Permutation is { } permutation)
        {
            CheckKeying(key + ":Permutation:Keying", permutation.Keying);
        }

        if (watermark.Triggers is { } triggers)
        {
            if (!(triggers.Rate is > 0 and <= 0.01))
            {
                Fault(key + ":Triggers:Rate", triggers.Rate, "above 0, at most .01: each is a wrong answer to an honest caller");
            }

            if (!(triggers.InputStep is > 0 and <= 1e30))
            {
                Fault(key + ":Triggers:InputStep", triggers.InputStep, "above 0, at most 1E+30, in the unit of the inputs");
            }

            CheckExempt(key + ":Triggers:ExemptClasses", triggers.ExemptClasses);
        }
    }

    private void CheckKeying(string key, MarkKeying keying)
    {
        if (!Enum.IsDefined(keying))
        {
            Fault(key, keying, "Cell or ExactInput");
        }
    }

    private void CheckExempt(string key, IReadOnlyList<int>? classes)
    {
        if (classes is not null && (classes.Any(one => one is < 0 or >= MostClasses) || classes.Distinct().Count() != classes.Count))
        {
            Fault(key, $"[{string.Join(", ", classes.Take(8))}]", $"classes from 0 to {MostClasses - 1}, each once");
        }
    }

    /// <summary>What an output's label marks need of it and of the posture's release.</summary>
    /// <param name="key">Of the posture.</param>
    /// <param name="output">What it is of.</param>
    /// <param name="given">What was written for the posture; an order of ranks that is only inherited is left out where it would be lost.</param>
    /// <param name="filled">The same, filled in.</param>
    /// <param name="isOwn">Whether it was written for this output alone.</param>
    private void CheckLabelMarks(string key, OutputOptions output, HardeningOptions given, HardeningOptions filled, bool isOwn)
    {
        if (given.Watermark is not { } watermark)
        {
            return;
        }

        if (watermark.Permutation is not null && !PostureHardening.KeepsRanks(filled))
        {
            Once($"{key}:Watermark:Permutation marks the order of ranks 2 to 5, and nothing of it is left in {(filled.CodebookFile is null ? $"Release {filled.Release}" : "a codebook's answers")}. Set Release to Rounding without a codebook, or remove it.");
        }

        if (isOwn && output.Classes is { } classes)
        {
            CheckExempt(key, watermark, classes, "the output has");
        }
    }

    /// <summary>Classes of marks of the shield that none of the outputs which have these marks has, as far as they declare their classes.</summary>
    private void CheckSharedExempt(ShieldOptions options)
    {
        foreach ((int posture, HardeningOptions shared) in PostureHardening.SharedOf(options).Index())
        {
            int? most = options.Outputs.Values.Where(output => IsDistribution(output.Kind) && PostureHardening.OwnOf(output)[posture] is null).Max(output => output.Classes);
            if (shared.Watermark is { } watermark && most is { } classes)
            {
                CheckExempt(PostureHardening.Keys[posture], watermark, classes, "outputs that declare Classes have");
            }
        }
    }

    private void CheckExempt(string key, WatermarkOptions watermark, int classes, string who)
    {
        foreach ((string mark, IReadOnlyList<int> exempt) in ExemptOf(watermark))
        {
            if (exempt.Any(one => one >= classes))
            {
                Once($"{key}:Watermark:{mark}:ExemptClasses names class {exempt.First(one => one >= classes)}; {who} classes 0 to {classes - 1}. Remove it, or correct Classes.");
            }
        }
    }

    /// <summary>Marks with exempt classes.</summary>
    private static IEnumerable<(string Mark, IReadOnlyList<int> Exempt)> ExemptOf(WatermarkOptions? watermark)
    {
        (string, IReadOnlyList<int>?)[] all =
        [
            (nameof(WatermarkOptions.NearTie), watermark?.NearTie?.ExemptClasses),
            (nameof(WatermarkOptions.Triggers), watermark?.Triggers?.ExemptClasses),
            (nameof(WatermarkOptions.Traps), watermark?.Traps?.ExemptClasses),
        ];
        return all.Where(one => one.Item2 is { Count: > 0 }).Select(one => (one.Item1, one.Item2!));
    }

    /// <summary>A call gives its inputs once for all outputs and postures.</summary>
    private void CheckInputSteps(ShieldOptions options)
    {
        double[] steps = [.. OutputCompiler.MarksOf(options).Select(watermark => watermark.Triggers?.InputStep).OfType<double>().Distinct()];
        if (steps.Length > 1)
        {
            Once($"Watermark:Triggers:InputStep is {string.Join(" and ", steps.Select(step => step.ToString(System.Globalization.CultureInfo.InvariantCulture)))} in different places. An input is read once, for all outputs and postures: make them the same.");
        }
    }

    /// <summary>What label marks cost, and where they do little.</summary>
    private static IEnumerable<string> LabelMarkWarnings(ShieldOptions options)
    {
        HardeningOptions[] all =
        [
            .. options.Outputs.Values.Where(output => IsDistribution(output.Kind))
                .SelectMany(output => PostureHardening.Of(options, output).Concat(options.Trial is null ? [] : PostureHardening.Of(options, output, options.Trial))),
        ];
        if (all.Any(hardening => hardening.Watermark?.Triggers is not null))
        {
            yield return "Watermark:Triggers gives honest callers wrong labels: a Rate of .005 cost .43 points of accuracy and .04 of AUROC for telling errors by their confidence, and clones of 15,000 answers did not show it. NearTie costs less and proves more.";
        }

        if (all.Any(hardening => ExemptOf(hardening.Watermark).Any()) && options.Outputs.Values.All(output => !IsDistribution(output.Kind) || output.Classes is null))
        {
            yield return "Watermark ExemptClasses cannot be checked, because no output declares its Classes: a class that the model does not have would exempt nothing. Set Outputs:{name}:Classes.";
        }

        if (all.Any(hardening => hardening.Watermark is { NearTie.Keying: MarkKeying.ExactInput } or { Permutation.Keying: MarkKeying.ExactInput }))
        {
            yield return "Watermark Keying ExactInput gives a near-duplicate another bit: a vote over 8 of them removes the mark. Cell stays.";
        }

        if (all.Any(hardening => hardening is { Watermark.Permutation: not null, TopK: > 0 and < LeastRanked }))
        {
            yield return $"Watermark:Permutation marks the order of ranks 2 to 5; with TopK below {LeastRanked} next to nothing of it is released.";
        }
    }
}

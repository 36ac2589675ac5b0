using Microsoft.Extensions.Options;

namespace InferenceShield.Tests;

public sealed class ShieldOptionsValidatorTests
{
    private static readonly TimeSpan s_tick = TimeSpan.FromTicks(1);

    /// <summary>One fault each, by the message it must give.</summary>
    private static readonly Dictionary<string, Action<ShieldOptions>> s_faults = new()
    {
        ["Mode is 7; allowed: Enforce or ObserveOnly."] = o => o.Mode = (ShieldMode)7,
        ["Callers is null; leave it out for the default."] = o => o.Callers = null!,
        ["Callers:Capacity is 0; allowed: 1 to 20,000,000."] = o => o.Callers.Capacity = 0,
        ["Callers:Capacity is 20000001; allowed: 1 to 20,000,000."] = o => o.Callers.Capacity = 20_000_001,
        ["Admission is null; leave it out for the default."] = o => o.Admission = null!,
        ["Admission:PerCaller is null; leave it out for the default."] = o => o.Admission.PerCaller = null!,
        ["Admission:Overflow is null; leave it out for the default."] = o => o.Admission.Overflow = null!,
        ["Admission:PerCaller:Queries is 0; allowed: 1 to 1,000,000,000."] = o => o.Admission.PerCaller.Queries = 0,
        ["Admission:PerCaller:Queries is 1000000001; allowed: 1 to 1,000,000,000."] = o => o.Admission.PerCaller.Queries = 1_000_000_001,
        ["Admission:PerCaller:Burst is 0; allowed: 1 to 1,000,000."] = o => o.Admission.PerCaller.Burst = 0,
        ["Admission:PerCaller:Burst is 1000001; allowed: 1 to 1,000,000."] = o => o.Admission.PerCaller.Burst = 1_000_001,
        ["Admission:PerCaller:Period is 00:00:00.0009999; allowed: 00:00:00.001 to 31.00:00:00."] = o => o.Admission.PerCaller.Period = TimeSpan.FromMilliseconds(1) - s_tick,
        ["Admission:PerCaller:Period is 31.00:00:00.0000001; allowed: 00:00:00.001 to 31.00:00:00."] = o => o.Admission.PerCaller.Period = TimeSpan.FromDays(31) + s_tick,
        ["Admission:PerCaller:Period is -01:00:00; allowed: 00:00:00.001 to 31.00:00:00."] = o => o.Admission.PerCaller.Period = TimeSpan.FromHours(-1),
        ["Admission:PerCaller is 1,000,001 queries per second (Queries / Period); allowed: up to 1,000,000."] = o =>
        {
            o.Admission.PerCaller.Queries = 1_000_001;
            o.Admission.PerCaller.Period = TimeSpan.FromSeconds(1);
        },
        ["Admission:PerCaller takes 372 days to refill (Burst x Period / Queries); allowed: up to 366 days."] = o =>
            o.Admission.PerCaller = new LimitOptions { Queries = 1, Period = TimeSpan.FromDays(31), Burst = 12 },
        ["Admission:Overflow:Queries is -1; allowed: 1 to 1,000,000,000."] = o => o.Admission.Overflow.Queries = -1,
        ["Admission:Overflow:Burst is 0; allowed: 1 to 1,000,000."] = o => o.Admission.Overflow.Burst = 0,
        ["Admission:Overflow:Period is 00:00:00; allowed: 00:00:00.001 to 31.00:00:00."] = o => o.Admission.Overflow.Period = TimeSpan.Zero,
        ["Admission:Overflow takes 496 days to refill (Burst x Period / Queries); allowed: up to 366 days."] = o =>
            o.Admission.Overflow = new RateOptions { Queries = 1, Period = TimeSpan.FromDays(31), Burst = 16 },
        ["Admission:MaxRowsPerCall is 0; allowed: 1 to 256."] = o => o.Admission.MaxRowsPerCall = 0,
        ["Admission:MaxRowsPerCall is 257; allowed: 1 to 256."] = o => o.Admission.MaxRowsPerCall = 257,
        ["Admission:Overflow is laxer than Admission:PerCaller; it must not be: an attacker who floods the caller table would gain by it."] = o => o.Admission.Overflow.Queries = 1001,
        ["Admission:Blocked is 2; allowed: Refuse or Restrict."] = o => o.Admission.Blocked = (BlockedTreatment)2,
        ["Admission:BlockedDelay is -00:00:00.0000001; allowed: 00:00:00 to 00:01:00."] = o => o.Admission.BlockedDelay = -s_tick,
        ["Admission:BlockedDelay is 00:01:00.0000001; allowed: 00:00:00 to 00:01:00."] = o => o.Admission.BlockedDelay = TimeSpan.FromMinutes(1) + s_tick,
        ["Hardening is null; leave it out for the default."] = o => o.Hardening = null!,
        ["Hardening:Decimals is 0; allowed: 1 to 5."] = o => o.Hardening.Decimals = 0,
        ["Hardening:Decimals is 6; allowed: 1 to 5."] = o => o.Hardening.Decimals = 6,
        ["Hardening:SignificantDigits is 0; allowed: 1 to 6."] = o => o.Hardening.SignificantDigits = 0,
        ["Hardening:SignificantDigits is 7; allowed: 1 to 6."] = o => o.Hardening.SignificantDigits = 7,
        ["Hardening:KeyedNoiseBudget is -0.001; allowed: 0 to 1.9."] = o => o.Hardening.KeyedNoiseBudget = -0.001,
        ["Hardening:KeyedNoiseBudget is 1.91; allowed: 0 to 1.9."] = o => o.Hardening.KeyedNoiseBudget = 1.91,
        ["Hardening:KeyedNoiseBudget is NaN; allowed: 0 to 1.9."] = o => o.Hardening.KeyedNoiseBudget = double.NaN,
        ["Hardening:KeyedNoiseBudget is Infinity; allowed: 0 to 1.9."] = o => o.Hardening.KeyedNoiseBudget = double.PositiveInfinity,
        ["Hardening:Temperature is 0.049; allowed: 0.05 to 100."] = o => o.Hardening.Temperature = 0.049,
        ["Hardening:Temperature is 100.1; allowed: 0.05 to 100."] = o => o.Hardening.Temperature = 100.1,
        ["Hardening:Temperature is NaN; allowed: 0.05 to 100."] = o => o.Hardening.Temperature = double.NaN,
        ["Hardening:TopK is 0; allowed: 1 to 1,000,000."] = o => o.Hardening.TopK = 0,
        ["Hardening:TopK is 1000001; allowed: 1 to 1,000,000."] = o => o.Hardening.TopK = 1_000_001,
        ["Guarded:BandEdges is []; allowed: 1 to 63 numbers between 0 and 1 with at most 5 decimals, ascending, at least 0.00002 apart."] = o => o.Guarded.BandEdges = [],
        ["Guarded:BandEdges is [0.9, 0.5]; allowed: 1 to 63 numbers between 0 and 1 with at most 5 decimals, ascending, at least 0.00002 apart."] = o => o.Guarded.BandEdges = [0.9, 0.5],
        ["Guarded:BandEdges is [0.5, 0.5]; allowed: 1 to 63 numbers between 0 and 1 with at most 5 decimals, ascending, at least 0.00002 apart."] = o => o.Guarded.BandEdges = [0.5, 0.5],
        ["Guarded:BandEdges is [0]; allowed: 1 to 63 numbers between 0 and 1 with at most 5 decimals, ascending, at least 0.00002 apart."] = o => o.Guarded.BandEdges = [0],
        ["Guarded:BandEdges is [1]; allowed: 1 to 63 numbers between 0 and 1 with at most 5 decimals, ascending, at least 0.00002 apart."] = o => o.Guarded.BandEdges = [1],
        ["Guarded:BandEdges is [0.123456]; allowed: 1 to 63 numbers between 0 and 1 with at most 5 decimals, ascending, at least 0.00002 apart."] = o => o.Guarded.BandEdges = [0.123456],
        ["Guarded:BandEdges is [0.5, 0.50001]; allowed: 1 to 63 numbers between 0 and 1 with at most 5 decimals, ascending, at least 0.00002 apart."] = o => o.Guarded.BandEdges = [0.5, 0.50001],
        ["Guarded:BandEdges is [NaN]; allowed: 1 to 63 numbers between 0 and 1 with at most 5 decimals, ascending, at least 0.00002 apart."] = o => o.Guarded.BandEdges = [double.NaN],
        ["Guarded is null; leave it out for the default."] = o => o.Guarded = null!,
        ["Restricted is null; leave it out for the default."] = o => o.Restricted = null!,
        ["Guarded:Release is 7; allowed: Rounding, Bands or LabelOnly."] = o => o.Guarded.Release = (Release)7,
        ["Restricted:SignificantDigits is 0; allowed: 1 to 6."] = o => o.Restricted.SignificantDigits = 0,
        ["Hardening:LeastInformationBudget is -0.1; allowed: 0 to 2."] = o => o.Hardening.LeastInformationBudget = -0.1,
        ["Hardening:LeastInformationBudget is 2.01; allowed: 0 to 2."] = o => o.Hardening.LeastInformationBudget = 2.01,
        ["Hardening:LeastInformationBudget is NaN; allowed: 0 to 2."] = o => o.Hardening.LeastInformationBudget = double.NaN,
        ["Guarded:BandFile is empty. Leave it out for none."] = o => (o.Guarded.BandFile, o.Outputs[TestShield.Output].Classes) = (" ", 2),
        ["Hardening: LeastInformationBudget needs Release Rounding or Bands after it; LabelOnly leaves nothing of it. Choose one of them."] =
            o => (o.Hardening.LeastInformationBudget, o.Hardening.Release) = (0.1, Release.LabelOnly),
        ["Restricted: LeastInformationBudget needs Release Rounding or Bands after it; LabelOnly leaves nothing of it. Choose one of them."] =
            o => o.Restricted.LeastInformationBudget = 0.1,
        ["Hardening: LeastInformationBudget and KeyedNoiseBudget each change the answer. Choose one of them."] =
            o => (o.Hardening.LeastInformationBudget, o.Hardening.KeyedNoiseBudget) = (0.1, 0.1),
        ["Guarded: CodebookFile and KeyedNoiseBudget each change the answer. Choose one of them."] =
            o => (o.Guarded.CodebookFile, o.Guarded.KeyedNoiseBudget, o.Outputs[TestShield.Output].Classes) = ("x", 0.1, 2),
        ["Restricted: CodebookFile releases scores, and Release LabelOnly none. Choose one of them."] =
            o => (o.Restricted.CodebookFile, o.Outputs[TestShield.Output].Classes) = ("x", 2),
        ["Guarded: TopK applies to Release Rounding, not to Bands. Choose one of them."] = o => o.Guarded.TopK = 3,
        ["Hardening: BandFile and BandEdges apply to Release Bands, not to Rounding. Set Release to Bands, or remove them."] = o => o.Hardening.BandEdges = [0.5],
        ["Restricted: BandFile and BandEdges apply to Release Bands, not to LabelOnly. Set Release to Bands, or remove them."] =
            o => (o.Restricted.BandFile, o.Outputs[TestShield.Output].Classes) = ("x", 2),
        ["Guarded: BandFile and BandEdges both say where the bands are. Choose one of them."] =
            o => (o.Guarded.BandFile, o.Guarded.BandEdges, o.Outputs[TestShield.Output].Classes) = ("x", [0.5], 2),
        ["Guarded tells more than Hardening (Release Bands, LabelOnly before); it must not: a caller would gain by being suspected."] =
            o => (o.Hardening.Release, o.Guarded.Release) = (Release.LabelOnly, Release.Bands),
        ["Restricted tells more than Guarded (Release Rounding, Bands before); it must not: a caller would gain by being suspected."] = o => o.Restricted.Release = Release.Rounding,
        ["Outputs:x:Guarded tells more than Outputs:x:Hardening (TopK 4, 3 before); it must not: a caller would gain by being suspected."] = o => o.Outputs["x"] = new OutputOptions
        {
            Kind = OutputKind.Logits, Hardening = new HardeningOptions { TopK = 3 }, Guarded = new HardeningOptions { TopK = 4, Release = Release.Rounding },
        },
        ["Outputs:x:Restricted tells more than Guarded (SignificantDigits 3, 2 before); it must not: a caller would gain by being suspected."] = o => o.Outputs["x"] = new OutputOptions
        {
            Kind = OutputKind.Embedding, Restricted = new HardeningOptions { SignificantDigits = 3 },
        },
        ["Outputs:scores:Classes is 0; allowed: 1 to 1,000,000."] = o => o.Outputs[TestShield.Output].Classes = 0,
        ["Outputs:scores:Classes is missing: Guarded names a file, which is learned for one number of classes. Set it."] = o => o.Guarded.BandFile = "x",
        ["Outputs:scores:Classes is missing: Hardening names a file, which is learned for one number of classes. Set it."] = o => o.Hardening.CodebookFile = "x",
        ["Outputs:x:Classes applies to outputs with classes, scores or tokens, not to Embedding. Remove it."] = o => o.Outputs["x"] = new OutputOptions { Kind = OutputKind.Embedding, Classes = 3 },
        ["Outputs:x:Guarded does not apply to State, which is passed through untouched. Remove it."] = o => o.Outputs["x"] = new OutputOptions { Kind = OutputKind.State, Guarded = new HardeningOptions() },
        ["Hardening: Release LabelOnly releases one class, TopK 2. Choose one of them."] = o => (o.Hardening.Release, o.Hardening.TopK) = (Release.LabelOnly, 2),
        ["Outputs is null; leave it out for the default."] = o => o.Outputs = null!,
        ["Outputs is empty; declare at least one output that may be released, with its kind (Logits, Probabilities, Embedding, Regression, State, SigmoidLogits, SigmoidProbabilities or TokenLogits)."] = o => o.Outputs.Clear(),
        ["Outputs has an output without a name."] = o => o.Outputs[" "] = new OutputOptions { Kind = OutputKind.Logits },
        ["Outputs:x is null; leave it out for the default."] = o => o.Outputs["x"] = null!,
        ["Outputs:x:Kind is None; allowed: Logits, Probabilities, Embedding, Regression, State, SigmoidLogits, SigmoidProbabilities or TokenLogits."] = o => o.Outputs["x"] = new OutputOptions(),
        ["Outputs:x:Kind is 99; allowed: Logits, Probabilities, Embedding, Regression, State, SigmoidLogits, SigmoidProbabilities or TokenLogits."] = o => o.Outputs["x"] = new OutputOptions { Kind = (OutputKind)99 },
        ["Outputs:x:Hardening:Decimals is 9; allowed: 1 to 5."] = o => Own(o, OutputKind.Logits, new HardeningOptions { Decimals = 9 }),
        ["Outputs:x:Hardening:Temperature is -1; allowed: 0.05 to 100."] = o => Own(o, OutputKind.Probabilities, new HardeningOptions { Temperature = -1 }),
        ["Outputs:x:Hardening: Release LabelOnly releases one class, TopK 5. Choose one of them."] = o => Own(o, OutputKind.Logits, new HardeningOptions { Release = Release.LabelOnly, TopK = 5 }),
        ["Outputs:x:Hardening does not apply to State, which is passed through untouched. Remove it."] = o => Own(o, OutputKind.State, new HardeningOptions()),
        ["Outputs:x:Hardening:Release does not apply to Embedding. Remove it."] =
            o => Own(o, OutputKind.Embedding, new HardeningOptions { Release = Release.LabelOnly }),
        ["Outputs:x:Hardening: BandFile, BandEdges, CodebookFile, LeastInformationBudget, KeyedNoiseBudget, ReverseSigmoid, AdaptiveMisinformation, Temperature, ConfidenceCap, ConfidenceCutoff and ProbabilityDigits apply to Logits and Probabilities only, not to Regression. Remove them."] =
            o => Own(o, OutputKind.Regression, new HardeningOptions { Temperature = 2 }),
    };

    public static TheoryData<string> Faults { get; } = [.. s_faults.Keys];

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_is_reported_with_its_key_its_value_and_what_is_allowed(string fault)
    {
        ShieldOptions options = Valid();
        Assert.Empty(ShieldOptionsValidator.Validate(options, "", serving: null));
        s_faults[fault](options);
        Assert.Equal([fault], ShieldOptionsValidator.Validate(options, "", serving: null));
        Assert.Equal(["Models:a:Shield:" + fault], ShieldOptionsValidator.Validate(options, "Models:a:Shield:", serving: null).Select(text => text.Replace("than Models:a:Shield:", "than ", StringComparison.Ordinal)));
    }

    [Fact]
    public void All_faults_are_reported_at_once_in_one_exception()
    {
        string[] independent =
        [
            "Mode is 7; allowed: Enforce or ObserveOnly.",
            "Callers:Capacity is 0; allowed: 1 to 20,000,000.",
            "Admission:PerCaller:Queries is 0; allowed: 1 to 1,000,000,000.",
            "Admission:PerCaller:Burst is 0; allowed: 1 to 1,000,000.",
            "Admission:PerCaller:Period is -01:00:00; allowed: 00:00:00.001 to 31.00:00:00.",
            "Admission:Overflow:Queries is -1; allowed: 1 to 1,000,000,000.",
            "Admission:Overflow:Burst is 0; allowed: 1 to 1,000,000.",
            "Admission:Overflow:Period is 00:00:00; allowed: 00:00:00.001 to 31.00:00:00.",
            "Hardening:Decimals is 6; allowed: 1 to 5.",
            "Hardening:SignificantDigits is 0; allowed: 1 to 6.",
            "Hardening:KeyedNoiseBudget is NaN; allowed: 0 to 1.9.",
            "Hardening:Temperature is 100.1; allowed: 0.05 to 100.",
            "Hardening:TopK is 0; allowed: 1 to 1,000,000.",
            "Outputs has an output without a name.",
            "Outputs:x:Hardening:Decimals is 9; allowed: 1 to 5.",
        ];
        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(() => TestShield.Build(configure: options =>
        {
            options.Admission = Valid().Admission;
            Array.ForEach(independent, fault => s_faults[fault](options));
        }));
        Assert.Equal(independent.Order(), exception.Failures.Order());
        Assert.All(independent, fault => Assert.Contains(fault, exception.Message, StringComparison.Ordinal));
        Assert.Equal("model", exception.OptionsName);
    }

    [Fact]
    public void Nulls_everywhere_are_faults_too()
    {
        ShieldOptions options = new() { Callers = null!, Admission = null!, Hardening = null!, Guarded = null!, Restricted = null!, Outputs = null! };
        Assert.Equal(
            ["Callers", "Admission", "Hardening", "Guarded", "Restricted", "Outputs"],
            ShieldOptionsValidator.Validate(options, "", serving: null).Select(fault => fault.Split(' ')[0]));
    }

    [Fact]
    public void A_burst_of_the_overflow_above_the_callers_is_laxer_too()
    {
        ShieldOptions options = Valid();
        options.Admission.Overflow.Burst = 257;
        Assert.StartsWith("Admission:Overflow is laxer", Assert.Single(ShieldOptionsValidator.Validate(options, "", serving: null)), StringComparison.Ordinal);
    }

    [Fact]
    public void One_conflict_in_the_shared_hardening_is_one_fault_however_many_outputs_share_it()
    {
        ShieldOptions options = Valid();
        options.Outputs["second"] = new OutputOptions { Kind = OutputKind.Logits };
        (options.Hardening.Release, options.Hardening.TopK) = (Release.LabelOnly, 2);
        Assert.Equal(["Hardening: Release LabelOnly releases one class, TopK 2. Choose one of them."], ShieldOptionsValidator.Validate(options, "", serving: null));
    }

    [Fact]
    public void The_edges_of_every_range_are_inside()
    {
        AssertValid(o => o.Callers.Capacity = 1);
        AssertValid(o => o.Callers.Capacity = 20_000_000);
        AssertValid(o => o.Admission.MaxRowsPerCall = 1);
        AssertValid(o => o.Admission.MaxRowsPerCall = 256);
        AssertValid(o => TestShield.SetLimits(o, 1_000_000_000, TimeSpan.FromDays(31), 1_000_000));
        AssertValid(o => TestShield.SetLimits(o, 1000, TimeSpan.FromMilliseconds(1), 1));
        AssertValid(o => TestShield.SetLimits(o, 1, TimeSpan.FromDays(6), 61));
        AssertValid(o => (o.Hardening.Decimals, o.Hardening.SignificantDigits, o.Hardening.TopK) = (1, 1, 1));
        AssertValid(o => (o.Hardening.Decimals, o.Hardening.SignificantDigits, o.Hardening.TopK) = (5, 6, 1_000_000));
        AssertValid(o => (o.Hardening.KeyedNoiseBudget, o.Hardening.Temperature) = (0, 0.05));
        AssertValid(o => (o.Hardening.KeyedNoiseBudget, o.Hardening.Temperature) = (1.9, 100));
        AssertValid(o => (o.Hardening.Release, o.Hardening.TopK) = (Release.LabelOnly, 1));
        AssertValid(o => Own(o, OutputKind.Embedding, new HardeningOptions { SignificantDigits = 6 }));

        static void AssertValid(Action<ShieldOptions> change)
        {
            ShieldOptions options = Valid();
            change(options);
            Assert.Empty(ShieldOptionsValidator.Validate(options, "", serving: null));
        }
    }

    [Fact]
    public void Shared_steps_that_an_embedding_ignores_are_no_fault()
    {
        ShieldOptions options = Valid();
        options.Outputs["embedding"] = new OutputOptions { Kind = OutputKind.Embedding };
        options.Hardening.Release = Release.LabelOnly;
        Assert.Empty(ShieldOptionsValidator.Validate(options, "", serving: null));
    }

    [Fact]
    public void What_does_not_protect_as_its_name_promises_is_warned_about_once()
    {
        using RecordingLoggerFactory logger = new();
        using Shield shield = TestShield.Build(
            logger: logger,
            configure: options =>
            {
                options.Outputs["second"] = new OutputOptions { Kind = OutputKind.Logits };
                (options.Hardening.Temperature, options.Hardening.KeyedNoiseBudget) = (2, 0.1);
            });
        string[] warnings = logger.Messages("OptionsWarning");
        Assert.Equal(2, warnings.Length);
        Assert.Contains(warnings, warning => warning.Contains("Temperature alone does not protect", StringComparison.Ordinal));
        Assert.Contains(warnings, warning => warning.Contains("KeyedNoiseBudget costs a thief nothing", StringComparison.Ordinal));
    }

    [Fact]
    public void A_shared_step_that_no_output_takes_is_warned_of()
    {
        ShieldOptions options = new() { Hardening = { TopK = 3, KeyedNoiseBudget = 0.1 }, Guarded = { QuantisationStep = 1 } };
        options.Outputs["labels"] = new OutputOptions { Kind = OutputKind.SigmoidLogits };
        Assert.Equal(
            ["Hardening: KeyedNoiseBudget, TopK apply to none of the outputs and change nothing.", "Guarded: QuantisationStep applies to none of the outputs and changes nothing."],
            ShieldOptionsValidator.Warnings(options));
        options.Hardening = new HardeningOptions { TopK = 3 };
        options.Guarded = new HardeningOptions();
        options.Outputs["scores"] = new OutputOptions { Kind = OutputKind.Logits };
        Assert.Empty(ShieldOptionsValidator.Warnings(options));
    }

    [Fact]
    public void Default_options_warn_of_nothing()
    {
        using RecordingLoggerFactory logger = new();
        using Shield shield = TestShield.Build(logger: logger);
        Assert.Equal(["ShieldBuilt"], logger.Entries.Select(entry => entry.Event.Name));
    }

    [Fact]
    public void More_decimals_for_a_guarded_caller_are_a_fault_too()
    {
        ShieldOptions options = Valid();
        (options.Guarded.Release, options.Guarded.Decimals) = (Release.Rounding, 3);
        Assert.StartsWith("Guarded tells more than Hardening", Assert.Single(ShieldOptionsValidator.Validate(options, "", serving: null)), StringComparison.Ordinal);
        options.Guarded.Decimals = 2;
        Assert.Empty(ShieldOptionsValidator.Validate(options, "", serving: null));
    }

    [Fact]
    public void Bands_that_nothing_calibrated_and_least_information_are_warned_about_where_somebody_asked_for_them()
    {
        ShieldOptions options = Valid();
        Assert.Empty(ShieldOptionsValidator.Warnings(options));
        options.Guarded.BandEdges = [0.5];
        Assert.StartsWith("Bands without BandFile are uncalibrated", Assert.Single(ShieldOptionsValidator.Warnings(options)), StringComparison.Ordinal);
        (options.Guarded.BandEdges, options.Guarded.BandFile, options.Guarded.Release) = (null, "file", Release.Bands);
        Assert.Empty(ShieldOptionsValidator.Warnings(options));
        options.Guarded.LeastInformationBudget = 0.1;
        Assert.StartsWith("LeastInformationBudget costs a thief who adapts no more", Assert.Single(ShieldOptionsValidator.Warnings(options)), StringComparison.Ordinal);
        (options.Guarded.LeastInformationBudget, options.Guarded.CodebookFile) = (0, "file");
        Assert.StartsWith("CodebookFile costs honest callers more than bands do", Assert.Single(ShieldOptionsValidator.Warnings(options)), StringComparison.Ordinal);
        options.Outputs.Clear();
        options.Outputs["values"] = new OutputOptions { Kind = OutputKind.Embedding };
        Assert.Equal("Guarded: CodebookFile, BandFile apply to none of the outputs and change nothing.", Assert.Single(ShieldOptionsValidator.Warnings(options)));
    }

    /// <summary>The defaults, and one output.</summary>
    private static ShieldOptions Valid()
    {
        ShieldOptions options = new();
        options.Outputs[TestShield.Output] = new OutputOptions { Kind = OutputKind.Probabilities };
        return options;
    }

    private static void Own(ShieldOptions options, OutputKind kind, HardeningOptions hardening) =>
        options.Outputs["x"] = new OutputOptions { Kind = kind, Hardening = hardening };
}

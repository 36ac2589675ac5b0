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
        ["Hardening: Release LabelOnly releases one class, TopK 2. Choose one of them."] = o => (o.Hardening.Release, o.Hardening.TopK) = (Release.LabelOnly, 2),
        ["Outputs is null; leave it out for the default."] = o => o.Outputs = null!,
        ["Outputs is empty; declare at least one output that may be released, with its kind (Logits, Probabilities, Embedding, Regression or State)."] = o => o.Outputs.Clear(),
        ["Outputs has an output without a name."] = o => o.Outputs[" "] = new OutputOptions { Kind = OutputKind.Logits },
        ["Outputs:x is null; leave it out for the default."] = o => o.Outputs["x"] = null!,
        ["Outputs:x:Kind is None; allowed: Logits, Probabilities, Embedding, Regression or State."] = o => o.Outputs["x"] = new OutputOptions(),
        ["Outputs:x:Kind is 99; allowed: Logits, Probabilities, Embedding, Regression or State."] = o => o.Outputs["x"] = new OutputOptions { Kind = (OutputKind)99 },
        ["Outputs:x:Hardening:Decimals is 9; allowed: 1 to 5."] = o => Own(o, OutputKind.Logits, new HardeningOptions { Decimals = 9 }),
        ["Outputs:x:Hardening:Temperature is -1; allowed: 0.05 to 100."] = o => Own(o, OutputKind.Probabilities, new HardeningOptions { Temperature = -1 }),
        ["Outputs:x:Hardening: Release LabelOnly releases one class, TopK 5. Choose one of them."] = o => Own(o, OutputKind.Logits, new HardeningOptions { Release = Release.LabelOnly, TopK = 5 }),
        ["Outputs:x:Hardening does not apply to State, which is passed through untouched. Remove it."] = o => Own(o, OutputKind.State, new HardeningOptions()),
        ["Outputs:x:Hardening: Release, TopK, BandFile, BandEdges, CodebookFile, LeastInformationBudget, KeyedNoiseBudget and Temperature apply to Logits and Probabilities only; Embedding takes SignificantDigits."] =
            o => Own(o, OutputKind.Embedding, new HardeningOptions { Release = Release.LabelOnly }),
        ["Outputs:x:Hardening: Release, TopK, BandFile, BandEdges, CodebookFile, LeastInformationBudget, KeyedNoiseBudget and Temperature apply to Logits and Probabilities only; Regression takes SignificantDigits."] =
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
    public void Default_options_warn_of_nothing()
    {
        using RecordingLoggerFactory logger = new();
        using Shield shield = TestShield.Build(logger: logger);
        Assert.Equal(["ShieldBuilt"], logger.Entries.Select(entry => entry.Event.Name));
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

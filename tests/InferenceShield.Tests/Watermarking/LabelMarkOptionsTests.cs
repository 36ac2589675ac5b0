using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace InferenceShield.Tests.Watermarking;

/// <summary>Options of marks in labels: what is allowed, what is inherited, what is a change.</summary>
[Collection(ProcessWide.Name)]
public sealed class LabelMarkOptionsTests
{
    [Fact]
    public void Options_that_do_not_fit_are_faults_that_name_key_and_range()
    {
        Fails("Outputs:scores:Hardening:Watermark:NearTie:Margin is 0.6; allowed: above 0, at most .5.", new() { NearTie = new() { Margin = .6 } });
        Fails("Outputs:scores:Hardening:Watermark:NearTie:Margin is NaN; allowed: above 0, at most .5.", new() { NearTie = new() { Margin = double.NaN } });
        Fails("Outputs:scores:Hardening:Watermark:NearTie:Keying is 7; allowed: Cell or ExactInput.", new() { NearTie = new() { Keying = (MarkKeying)7 } });
        Fails("Outputs:scores:Hardening:Watermark:Permutation:Keying is 7; allowed: Cell or ExactInput.", new() { Permutation = new() { Keying = (MarkKeying)7 } });
        Fails("Outputs:scores:Hardening:Watermark:NearTie:ExemptClasses is [1, 1]; allowed: classes from 0 to", new() { NearTie = new() { ExemptClasses = [1, 1] } });
        Fails("Outputs:scores:Hardening:Watermark:Triggers:ExemptClasses is [-1]; allowed: classes from 0 to", new() { Triggers = new() { ExemptClasses = [-1] } });
        Fails("Outputs:scores:Hardening:Watermark:Triggers:Rate is 0.02; allowed: above 0, at most .01", new() { Triggers = new() { Rate = .02 } });
        Fails("Outputs:scores:Hardening:Watermark:Triggers:InputStep is 0; allowed: above 0", new() { Triggers = new() { InputStep = 0 } });
        Fails("Outputs:scores:Hardening:Watermark:NearTie:ExemptClasses names class 5; the output has classes 0 to 4.", new() { NearTie = new() { ExemptClasses = [5] } });
        Fails("Watermark:Permutation marks the order of ranks 2 to 5, and nothing of it is left in Release LabelOnly.", new() { Permutation = new() }, hardening => hardening.Release = Release.LabelOnly);
        Fails("Watermark:Permutation marks the order of ranks 2 to 5, and nothing of it is left in Release Bands.", new() { Permutation = new() }, hardening => hardening.Release = Release.Bands);
        OptionsValidationException error = Assert.Throws<OptionsValidationException>(() => TestShield.Build(configure: options =>
        {
            options.Hardening.Watermark = new WatermarkOptions { Triggers = new LabelTriggerOptions() };
            options.Guarded.Watermark = new WatermarkOptions { Triggers = new LabelTriggerOptions { InputStep = 1 } };
        }));
        Assert.Contains("Watermark:Triggers:InputStep is 0.015625 and 1 in different places.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("NearTie")]
    [InlineData("Triggers")]
    [InlineData("Traps")]
    public void A_class_exempt_for_the_whole_model_that_no_output_has_is_a_fault(string mark)
    {
        Assert.Equal(
            [$"Hardening:Watermark:{mark}:ExemptClasses names class 12; outputs that declare Classes have classes 0 to 9. Remove it, or correct Classes."],
            Faults(12, options => options.Outputs[TestShield.Output].Classes = 10));
        Assert.Empty(Faults(12, options => options.Outputs["other"] = new OutputOptions { Kind = OutputKind.Logits, Classes = 13 }));
        Assert.Single(Faults(12, options =>
        {
            options.Outputs["other"] = new OutputOptions { Kind = OutputKind.Logits, Classes = 13, Hardening = new HardeningOptions() };
            options.Outputs[TestShield.Output].Classes = 10;
        }));

        ShieldOptions options = Exempt(12);
        Assert.StartsWith("Watermark ExemptClasses cannot be checked", ShieldOptionsValidator.Warnings(options).Single(warning => warning.Contains("ExemptClasses", StringComparison.Ordinal)), StringComparison.Ordinal);
        options.Outputs[TestShield.Output].Classes = 13;
        Assert.DoesNotContain(ShieldOptionsValidator.Warnings(options), warning => warning.Contains("ExemptClasses", StringComparison.Ordinal));

        IReadOnlyList<string> Faults(int exempt, Action<ShieldOptions> change)
        {
            ShieldOptions options = Exempt(exempt);
            change(options);
            return ShieldOptionsValidator.Validate(options, "", serving: null);
        }

        ShieldOptions Exempt(int exempt)
        {
            ShieldOptions options = TestShield.Options();
            options.InputSpaceFile = "file";
            options.Hardening.Watermark = mark switch
            {
                "NearTie" => new() { NearTie = new() { ExemptClasses = [3, exempt] } },
                "Triggers" => new() { Triggers = new() { ExemptClasses = [3, exempt] } },
                _ => new() { Traps = new() { ExemptClasses = [3, exempt] } },
            };
            return options;
        }
    }

    [Fact]
    public void An_order_of_ranks_that_is_only_inherited_goes_where_it_would_be_lost()
    {
        ShieldOptions options = TestShield.Options();
        options.Hardening.Watermark = new WatermarkOptions { NearTie = new NearTieMarkOptions(), Permutation = new PermutationMarkOptions() };
        HardeningOptions[] filled = PostureHardening.Of(options, options.Outputs[TestShield.Output]);
        Assert.Equal([true, false, false], filled.Select(hardening => hardening.Watermark!.Permutation is not null));
        Assert.Equal([.1, .2, .2], filled.Select(hardening => hardening.Watermark!.NearTie!.Margin!.Value));
        using Shield shield = TestShield.Build(configure: given => given.Hardening.Watermark = options.Hardening.Watermark);
        Assert.True(options.Hardening.Watermark.Permutation is not null);
    }

    [Fact]
    public void Costs_are_warned_of()
    {
        Assert.Empty(Warnings(new WatermarkOptions { NearTie = new NearTieMarkOptions(), Permutation = new PermutationMarkOptions() }));
        Assert.Contains("cost .43 points of accuracy and .04 of AUROC", Assert.Single(Warnings(new WatermarkOptions { Triggers = new LabelTriggerOptions() })), StringComparison.Ordinal);
        Assert.StartsWith("Watermark Keying ExactInput", Assert.Single(Warnings(new WatermarkOptions { NearTie = new NearTieMarkOptions { Keying = MarkKeying.ExactInput } })), StringComparison.Ordinal);
        Assert.Contains("TopK below 3", Assert.Single(Warnings(new WatermarkOptions { Permutation = new PermutationMarkOptions() }, topK: 2)), StringComparison.Ordinal);

        static IEnumerable<string> Warnings(WatermarkOptions marks, int? topK = null)
        {
            ShieldOptions options = TestShield.Options();
            (options.Hardening.Watermark, options.Hardening.TopK) = (marks, topK);
            return [.. ShieldOptionsValidator.Warnings(options)];
        }
    }

    [Fact]
    public void Every_option_of_a_mark_makes_another_plan_and_the_same_ones_do_not()
    {
        using MarkKey key = MarkCases.Key();
        MarkPlan plan = new(Full(), key, space: null);
        Assert.Equal(plan, new MarkPlan(Full(), key, space: null));
        Assert.Equal(plan.GetHashCode(), new MarkPlan(Full(), key, space: null).GetHashCode());
        int changes = 0;
        foreach (PropertyInfo mark in typeof(WatermarkOptions).GetProperties())
        {
            WatermarkOptions without = Full();
            mark.SetValue(without, null);
            Assert.NotEqual(plan, new MarkPlan(without, key, space: null));
            foreach (PropertyInfo option in mark.PropertyType.GetProperties())
            {
                WatermarkOptions other = Full();
                option.SetValue(mark.GetValue(other), Other(option.GetValue(mark.GetValue(other)), option.PropertyType));
                Assert.False(plan.Equals(new MarkPlan(other, key, space: null)), $"{mark.Name}:{option.Name}");
                changes++;
            }
        }

        Assert.True(changes >= 18);
        using MarkKey another = MarkCases.Key();
        Assert.NotEqual(plan, new MarkPlan(Full(), another, space: null));
    }

    [Fact]
    public void A_reload_that_changes_nothing_is_seen_to_change_nothing()
    {
        using Shield shield = TestShield.Build();
        ShieldOptions options = TestShield.Options();
        options.Hardening.Watermark = new WatermarkOptions { NearTie = new NearTieMarkOptions { ExemptClasses = [1, 2] } };
        shield.Reload(options);
        string plan = shield.ToString();
        shield.Reload(options);
        Assert.Equal(plan, shield.ToString());
        options.Hardening.Watermark.NearTie.ExemptClasses = [1, 3];
        shield.Reload(options);
        Assert.NotEqual(plan, shield.ToString());
    }

    [Theory]
    [InlineData("Hardening")]
    [InlineData("Trial:Guarded")]
    [InlineData("Outputs:scores:Restricted")]
    public void Lists_of_exempt_classes_replace_those_before_and_no_other_list(string path)
    {
        foreach (string mark in (string[])["NearTie", "Triggers", "Traps"])
        {
            ShieldOptions options = TestShield.Options();
            HardeningOptions target = new();
            switch (path)
            {
                case "Hardening":
                    options.Hardening = target;
                    break;
                case "Trial:Guarded":
                    options.Trial = new TrialOptions { Guarded = target };
                    break;
                default:
                    options.Outputs[TestShield.Output].Restricted = target;
                    break;
            }

            target.BandEdges = [.5];
            target.Watermark = new WatermarkOptions
            {
                NearTie = new NearTieMarkOptions { ExemptClasses = [1, 2, 3] },
                Triggers = new LabelTriggerOptions { ExemptClasses = [1, 2, 3] },
                Traps = new TrapOptions { ExemptClasses = [1, 2, 3] },
            };
            IConfigurationRoot configuration = new ConfigurationBuilder().AddInMemoryCollection([new($"Shield:{path}:Watermark:{mark}:ExemptClasses:0", "7")]).Build();
            ShieldOptionsReader.Read(configuration.GetSection("Shield"), options);
            Assert.Empty(options.ReadingFaults);
            Dictionary<string, int[]> read = new()
            {
                ["NearTie"] = [.. target.Watermark.NearTie.ExemptClasses!],
                ["Triggers"] = [.. target.Watermark.Triggers.ExemptClasses!],
                ["Traps"] = [.. target.Watermark.Traps.ExemptClasses!],
            };
            Assert.All(read, pair => Assert.Equal(pair.Key == mark ? [7] : [1, 2, 3], pair.Value));
            Assert.Equal([.5], target.BandEdges);
        }
    }

    private static void Fails(string expected, WatermarkOptions marks, Action<HardeningOptions>? change = null)
    {
        HardeningOptions hardening = new() { Watermark = marks };
        change?.Invoke(hardening);
        OptionsValidationException error = Assert.Throws<OptionsValidationException>(() =>
            TestShield.Build(OutputKind.Logits, hardening, options => options.Outputs[TestShield.Output].Classes = 5));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private static WatermarkOptions Full() => new()
    {
        NearTie = new NearTieMarkOptions { Margin = .1, ExemptClasses = [1] },
        Cosine = new CosineMarkOptions(),
        Permutation = new PermutationMarkOptions(),
        Triggers = new LabelTriggerOptions { ExemptClasses = [2] },
        Traps = new TrapOptions { ExemptClasses = [3] },
        Direction = new DirectionMarkOptions(),
        GreenList = new GreenListMarkOptions { Context = 2 },
        Tournament = new TournamentMarkOptions(),
    };

    private static object Other(object? value, Type type) => value switch
    {
        double number => number * 1.5,
        int number => number + 1,
        bool flag => !flag,
        MarkKeying => MarkKeying.ExactInput,
        IReadOnlyList<int> list => (int[])[.. list, 9],
        _ => throw new NotSupportedException($"{type} is new; say how it differs."),
    };
}

using Microsoft.Extensions.Configuration;

namespace InferenceShield.Tests.Detection.Postures;

/// <summary>A share of the callers gets another policy.</summary>
public sealed class TrialTests
{
    private const int Names = 4000;

    [Fact]
    public void The_share_of_callers_is_what_was_asked_for()
    {
        foreach (double share in new[] { 0, .1, .5, 1 })
        {
            using Shield shield = Build(share);
            double error = 4 * Math.Sqrt(share * (1 - share) / Names);
            Assert.InRange(CallersInTrial(shield).Length / (double)Names, share - error, share + error);
        }
    }

    [Fact]
    public void Replicas_agree_and_a_larger_share_holds_the_smaller_one()
    {
        using Shield one = Build(.2);
        using Shield other = Build(.2);
        using Shield larger = Build(.4);
        Assert.Equal(CallersInTrial(one), CallersInTrial(other));
        Assert.Empty(CallersInTrial(one).Except(CallersInTrial(larger)));
    }

    [Theory]
    [InlineData("other", 1)]
    [InlineData("model", 2)]
    public void Of_another_model_or_secret_it_is_independent(string model, int secret)
    {
        using Shield one = Build(.5);
        using Shield other = Build(.5, model, secret);
        int both = CallersInTrial(one).Intersect(CallersInTrial(other)).Count();
        Assert.InRange(both / (double)Names, .25 - .03, .25 + .03);
    }

    [Fact]
    public void It_does_not_follow_the_bits_of_the_callers_key()
    {
        using Shield shield = Build(.5);
        CallerKey[] keys = [.. CallersInTrial(shield).Select(name => shield.IdentifyCaller($"{name}"))];
        for (int bit = 0; bit < 64; bit++)
        {
            // 5 standard deviations of a share of 2,000.
            Assert.InRange(keys.Count(key => (key.Low >> bit & 1) != 0) / (double)keys.Length, .44, .56);
            Assert.InRange(keys.Count(key => (key.High >> bit & 1) != 0) / (double)keys.Length, .44, .56);
        }
    }

    [Fact]
    public void Each_group_gets_its_policy_in_every_posture_and_its_own_ledger()
    {
        using Shield shield = Build(.5, configure: options => options.Trial!.Guarded = new HardeningOptions { Release = Release.LabelOnly });
        using Shield replica = Build(.5);
        HashSet<int> inTrial = [.. CallersInTrial(replica)];
        int trials = 0;
        for (int name = 0; name < 40; name++)
        {
            CallerKey caller = shield.IdentifyCaller($"{name}");
            bool isIn = inTrial.Contains(name);
            trials += isIn ? 1 : 0;
            Assert.Equal(isIn ? [.1f, .2f, .7f] : [.12f, .22f, .66f], Ask(shield, caller));
            shield.SetPosture(caller, Posture.Guarded);
            Assert.Equal(isIn, Ask(shield, caller) is [0, 0, 1]);
            shield.SetPosture(caller, Posture.Normal);
        }

        Assert.InRange(trials, 8, 32);
        TrialReport report = shield.GetTrialReport()!;
        Assert.Equal(.5, report.Share);
        Assert.Equal((40 - trials, 2 * (40 - trials), 40 - trials), (report.Policy.Callers, report.Policy.Answers, report.Policy.Utility.Rows));
        Assert.Equal((trials, 2 * trials, trials), (report.Trial.Callers, report.Trial.Answers, report.Trial.Utility.Rows));
        Assert.Equal(report.Policy.Utility.Rows, shield.GetUtility().Rows);
        Assert.Equal(80, shield.GetStatistics().Hardened);
        Assert.Null(report.Trial.Odometer);
        Assert.Contains("no odometer", report.Comparison, StringComparison.Ordinal);
    }

    [Fact]
    public void The_leak_is_compared_with_an_interval()
    {
        using Shield shield = Build(.5);
        using Shield replica = Build(.5);
        HashSet<CallerKey> inTrial = [.. CallersInTrial(replica).Select(name => shield.IdentifyCaller($"{name}"))];
        Dictionary<CallerKey, double> odometers = [];
        for (int name = 0; name < 200; name++)
        {
            CallerKey caller = shield.IdentifyCaller($"{name}");
            Ask(shield, caller);
            odometers[caller] = (inTrial.Contains(caller) ? .3 : .5) + ((name % 5 - 2) * .02);
        }

        shield.OdometerOf = caller => odometers[caller];
        TrialReport report = shield.GetTrialReport()!;
        double[] trial = [.. odometers.Where(one => inTrial.Contains(one.Key)).Select(one => one.Value)];
        double error = 1.96 * Math.Sqrt(trial.Sum(value => Math.Pow(value - trial.Average(), 2)) / trial.Length / (trial.Length - 1));
        Assert.Equal(trial.Average(), report.Trial.Odometer!.Value, 1e-9);
        Assert.Equal(trial.Average() - error, report.Trial.OdometerLow!.Value, 1e-9);
        Assert.Equal(trial.Average() + error, report.Trial.OdometerHigh!.Value, 1e-9);
        Assert.Contains("callers in the trial cover less", report.Comparison, StringComparison.Ordinal);
        shield.OdometerOf = _ => .4;
        Assert.Contains("no more than chance makes", shield.GetTrialReport()!.Comparison, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_trial_there_is_no_report_and_a_reload_may_begin_one()
    {
        using Shield shield = TestShield.Build();
        Assert.Null(shield.GetTrialReport());
        Assert.False(shield.AdmitRows(1).InTrial);
        ShieldOptions options = TestShield.Options();
        options.Trial = new TrialOptions { Share = 1 };
        shield.Reload(options);
        Assert.True(shield.AdmitRows(1).InTrial);
        Assert.Equal(1, shield.GetTrialReport()!.Share);
    }

    [Fact]
    public void Its_faults_name_key_and_range()
    {
        ShieldOptions options = TestShield.Options();
        options.Guarded = new HardeningOptions { Release = Release.Rounding, Decimals = 1 };
        options.Trial = new TrialOptions { Share = double.NaN, Hardening = new HardeningOptions { Decimals = 99 } };
        Assert.Collection(
            ShieldOptionsValidator.Validate(options, "", serving: null),
            fault => Assert.Equal("Trial:Share is NaN; allowed: 0 to 1.", fault),
            fault => Assert.StartsWith("Trial:Hardening:Decimals is 99; allowed: ", fault, StringComparison.Ordinal));
        options.Trial = new TrialOptions { Share = .1, Hardening = new HardeningOptions { Release = Release.LabelOnly } };
        Assert.StartsWith("Guarded tells more than Trial:Hardening", Assert.Single(ShieldOptionsValidator.Validate(options, "", serving: null)), StringComparison.Ordinal);
        options.Trial = new TrialOptions { Share = .1, Hardening = new HardeningOptions { NoiseCell = NoiseCell.Input } };
        Assert.Contains(
            ShieldOptionsValidator.Validate(options, "", serving: null), fault => fault.StartsWith("Trial:Hardening:NoiseCell is Input, that of Hardening Output.", StringComparison.Ordinal));
    }

    [Fact]
    public void It_is_read_from_configuration_and_a_later_list_takes_the_place_of_an_earlier_one()
    {
        ShieldOptions options = new();
        ShieldOptionsReader.Read(Section("Trial:Share", ".25", "Trial:Guarded:Release", "Bands", "Trial:Guarded:BandEdges:0", ".5", "Trial:Guarded:BandEdges:1", ".9"), options);
        ShieldOptionsReader.Read(Section("Trial:Guarded:BandEdges:0", ".8"), options);
        Assert.Empty(options.ReadingFaults);
        Assert.Equal(.25, options.Trial!.Share);
        Assert.Equal([.8], options.Trial.Guarded!.BandEdges!);
    }

    private static IConfigurationSection Section(params string[] pairs) => new ConfigurationBuilder()
        .AddInMemoryCollection(pairs.Chunk(2).Select(pair => KeyValuePair.Create<string, string?>("Shield:" + pair[0], pair[1]))).Build().GetSection("Shield");

    private static Shield Build(double share, string name = "model", int secret = 1, Action<ShieldOptions>? configure = null) => TestShield.Build(
        name: name, secret: secret, configure: options =>
        {
            options.Callers.Capacity = 1024;
            options.Trial = new TrialOptions { Share = share, Hardening = new HardeningOptions { Decimals = 1 } };
            configure?.Invoke(options);
        });

    /// <summary>The numbers that name callers in the trial.</summary>
    private static int[] CallersInTrial(Shield shield) =>
        [.. Enumerable.Range(0, Names).Where(name => shield.Admit(shield.IdentifyCaller($"{name}"), new byte[1]).InTrial)];

    private static float[] Ask(Shield shield, CallerKey caller)
    {
        float[] scores = [.12f, .22f, .66f];
        Admission admission = shield.Admit(caller, new byte[1]);
        shield.Harden(in admission, scores, 3);
        return scores;
    }
}

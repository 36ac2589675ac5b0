using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Primitives;

namespace InferenceShield.Tests;

/// <summary>Configuration that changes while the shield serves.</summary>
public sealed class ShieldHostTests
{
    private const string Decimals = "Models:fashion:Shield:Hardening:Decimals";
    private static readonly float[] s_clean = [0.123456f, 0.876544f];

    [Fact]
    public void A_valid_change_takes_effect_in_one_step_however_often_it_is_announced()
    {
        using TestHost host = new();
        host.WithModel().Start();
        int announced = 0;
        using IDisposable registration = ChangeToken.OnChange(host.Section.GetReloadToken, () => announced++);
        host.Reload((Decimals, "4"));
        host.Reload();
        Assert.True(announced >= 2);
        Assert.Equal([0.1235f, 0.8765f], host.Shield().Release(s_clean, 2));
        Assert.Equal(2, host.Shield().GetStatistics().PlanVersion);
        Assert.Equal("Shield 'fashion' serves plan 2 now", Assert.Single(host.Logger.Messages("PlanReloaded")));

        host.Reload((Decimals, "2"));
        Assert.Equal([0.12f, 0.88f], host.Shield().Release(s_clean, 2));
        Assert.Equal(3, host.Shield().GetStatistics().PlanVersion);
    }

    [Fact]
    public void A_change_of_Defaults_reaches_every_model()
    {
        using TestHost host = new();
        host.WithModel("a").WithModel("b").Start();
        host.Reload(("Defaults:Hardening:Decimals", "1"));
        Assert.Equal([0.1f, 0.9f], host.Shield("a").Release(s_clean, 2));
        Assert.Equal([0.1f, 0.9f], host.Shield("b").Release(s_clean, 2));
    }

    [Fact]
    public void A_change_taken_back_leaves_nothing_behind_in_what_the_code_gave()
    {
        using TestHost host = new();
        host.AddShield().AddModel("fashion", model => model.AddOutput("own", OutputKind.Probabilities, new HardeningOptions { Decimals = 3 }));
        host.Start();
        host.Reload(("Models:fashion:Shield:Outputs:own:Hardening:Decimals", "1"));
        Assert.Equal([0.1f, 0.9f], host.Shield().Release(s_clean, 2));
        host.Reload(("Models:fashion:Shield:Outputs:own:Hardening:Decimals", "3"));
        Assert.Equal([0.123f, 0.877f], host.Shield().Release(s_clean, 2));
    }

    [Theory]
    [InlineData(Decimals, "9", "InferenceShield:Models:fashion:Shield:Hardening:Decimals is 9; allowed: 1 to 5.")]
    [InlineData(Decimals, "two", "'two'")]
    [InlineData("Models:fashion:Shield:Hardening:Decimal", "3", "'Decimal'")]
    [InlineData("Defaults:Moed", "Enforce", "'Moed'")]
    [InlineData("Defaults:Mode", "Enforced", "'Enforced'")]
    [InlineData("Models:fashion:Shield:Callers:Capacity", "11", "it is fixed while serving")]
    [InlineData("Models:fashion:Shield:Outputs:second:Kind", "Logits", "names and kinds are fixed while serving")]
    [InlineData("Models:fashion:Sheild:Mode", "Enforce", "InferenceShield:Models:fashion:Sheild is not known; allowed: Shield.")]
    [InlineData("Default:Mode", "Enforce", "InferenceShield:Default is not known; allowed: Secret, Defaults, GlobalLimit, Models.")]
    public async Task A_change_that_is_not_valid_throws_nothing_keeps_the_last_good_options_and_is_seen_until_it_heals(string key, string value, string fault)
    {
        using TestHost host = new(("Models:fashion:Shield:Hardening:Temperature", "1"));
        host.WithModel().Start();
        host.Reload((Decimals, "3"));

        host.Reload((key, value));
        Shield shield = host.Shield();
        Assert.Contains(fault, shield.ReloadFault, StringComparison.Ordinal);
        Assert.Equal([0.123f, 0.877f], shield.Release(s_clean, 2));
        Assert.Equal(2, shield.GetStatistics().PlanVersion);
        Assert.Contains(host.Logger.Messages("ReloadRejected"), message => message.Contains(fault, StringComparison.Ordinal));
        HealthReport report = await CheckHealth(host);
        Assert.Equal(HealthStatus.Degraded, report.Status);
        Assert.Equal(
            $"Shield 'fashion' keeps its last good options; the new ones are not valid: {shield.ReloadFault}", report.Entries["inference-shield"].Description);

        host.Reload((key, null), (Decimals, "4"));
        Assert.Null(shield.ReloadFault);
        Assert.Equal([0.1235f, 0.8765f], shield.Release(s_clean, 2));
        Assert.Equal(3, shield.GetStatistics().PlanVersion);
        Assert.Equal(HealthStatus.Healthy, (await CheckHealth(host)).Status);
    }

    [Theory]
    [InlineData("Models:fashion:Shield:Hardening:Release")]
    [InlineData("Defaults:Hardening:Release")]
    public async Task Configuration_that_vanishes_as_an_unreadable_file_does_leaves_the_last_good_options_in_force(string key)
    {
        // Others of the same section stay: they came from another file.
        using TestHost host = new((key, "LabelOnly"), ("Models:fashion:Shield:Hardening:Temperature", "1"), ("Defaults:Hardening:Temperature", "1"));
        host.WithModel().Start();
        host.Reload((key, null));
        Assert.Equal([0f, 1f], host.Shield().Release(s_clean, 2));
        Assert.Equal(
            $"InferenceShield:{key} was in force and is gone. Is the file readable? To go back to a default, write the default, or restart.", host.Shield().ReloadFault);
        Assert.Equal(HealthStatus.Degraded, (await CheckHealth(host)).Status);

        host.Reload((key, "Rounding"));
        Assert.Null(host.Shield().ReloadFault);
        Assert.Equal([0.12f, 0.88f], host.Shield().Release(s_clean, 2));
    }

    [Fact]
    public void A_bad_change_to_one_model_leaves_the_others_free_to_change()
    {
        using TestHost host = new();
        host.WithModel("a").WithModel("b").Start();
        host.Reload(("Models:a:Shield:Hardening:Decimals", "two"), ("Models:b:Shield:Hardening:Decimals", "4"));
        Assert.NotNull(host.Shield("a").ReloadFault);
        Assert.Null(host.Shield("b").ReloadFault);
        Assert.Equal([0.1235f, 0.8765f], host.Shield("b").Release(s_clean, 2));
    }

    [Fact]
    public void Thresholds_are_configured_too_and_replace_those_of_code()
    {
        using TestHost host = new(
            ("Defaults:Utility:Thresholds:0", "0.7"),
            ("Models:fashion:Shield:Utility:Thresholds:0", "0.8"),
            ("Models:fashion:Shield:Utility:Thresholds:1", "0.95"),
            ("Models:fashion:Shield:Outputs:own:Kind", "SigmoidProbabilities"),
            ("Models:fashion:Shield:Outputs:own:Thresholds:0", "0.897"));
        host.WithModel(configure: model => model.Configure(options =>
        {
            options.Utility.Thresholds = [0.5];
            options.Outputs["own"] = new OutputOptions { Thresholds = [0.1] };
        })).Start();
        Shield shield = host.Shield();
        Assert.Equal([0.8, 0.95], shield.GetUtility().Crossings.Select(crossings => crossings.Threshold));
        Admission admission = shield.AdmitRows(1);
        float[] released = new float[1];
        shield.Harden(in admission, [0.896f], released, 1, shield.GetOutputIndex("own"));
        Assert.Equal([0.89f], released); // 0.9 is on the other side
    }

    [Fact]
    public void A_posture_is_configured_key_by_key_and_edges_replace_those_of_code_and_of_the_defaults()
    {
        using TestHost host = new(
            ("Defaults:Guarded:BandEdges:0", "0.3"),
            ("Defaults:Guarded:BandEdges:1", "0.4"),
            ("Models:fashion:Shield:Guarded:BandEdges:0", "0.5"),
            ("Models:fashion:Shield:Outputs:own:Kind", "Probabilities"),
            ("Models:fashion:Shield:Outputs:own:Guarded:Decimals", "1"));
        host.WithModel(configure: model => model.Configure(options => options.Guarded.BandEdges = [0.1, 0.9])).Start();
        Shield shield = host.Shield();
        shield.Overrides.Set(shield.IdentifyCaller("caller"), new CallerOverride { Posture = Posture.Guarded });
        float[] clean = [0.1f, 0.2f, 0.7f];
        float[] expected = new float[3];
        ConfidenceBands.FromEdges(3, [0.5]).Release(clean, OutputKind.Probabilities, expected);
        float[] released = new float[3];
        Admission admission = shield.AdmitRows(1);
        shield.Harden(in admission, clean, released, 3, shield.GetOutputIndex(TestShield.Output));
        Assert.Equal(expected, released);

        // One key of an output's own posture leaves the others to the posture.
        ConfidenceBands.FromEdges(3, [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99]).Release(clean, OutputKind.Probabilities, expected);
        shield.Harden(in admission, clean, released, 3, shield.GetOutputIndex("own"));
        Assert.Equal(expected, released);

        host.Reload(("Models:fashion:Shield:Guarded:Release", "Rounding"));
        Assert.Contains("Guarded: BandFile and BandEdges apply to Release Bands, not to Rounding", shield.ReloadFault, StringComparison.Ordinal);
        Assert.Equal(1, shield.GetStatistics().PlanVersion);
    }

    [Fact]
    public void Budgets_outlive_a_reload()
    {
        using TestHost host = new(("Models:fashion:Shield:Admission:PerCaller:Burst", "16"));
        host.WithModel().Start();
        Assert.True(host.Shield().AdmitRows(16).IsAdmitted);
        host.Reload((Decimals, "3"));
        Assert.Equal(2, host.Shield().GetStatistics().PlanVersion);
        Assert.False(host.Shield().AdmitRows(1).IsAdmitted);
    }

    [Fact]
    public void A_changed_file_is_read_again()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, """{ "InferenceShield": { "Models": { "fashion": { "Shield": { "Outputs": { "scores": { "Kind": "Probabilities" } } } } } } }""");
            IConfigurationRoot configuration = new ConfigurationBuilder().AddJsonFile(file).Build();
            ServiceCollection services = new();
            services.AddInferenceShield(configuration.GetSection("InferenceShield")).UseSecret(ShieldSecrets.Ephemeral()).AddModel("fashion");
            using ServiceProvider provider = services.BuildServiceProvider();
            Shield shield = provider.GetRequiredKeyedService<Shield>("fashion");
            Assert.Equal([0.12f, 0.88f], shield.Release(s_clean, 2));

            File.WriteAllText(file, """{ "InferenceShield": { "Defaults": { "Hardening": { "Decimals": 4 } }, "Models": { "fashion": { "Shield": { "Outputs": { "scores": { "Kind": "Probabilities" } } } } } } }""");
            configuration.Reload();
            Assert.Equal([0.1235f, 0.8765f], shield.Release(s_clean, 2));

            File.WriteAllText(file, """{ "InferenceShield": { "Defaults": { "Hardening": { "Decimals": 4 }, "Mode": null }, "Models": { "fashion": { "Shield": { "Outputs": { "scores": { "Kind": 77 } } } } } } }""");
            configuration.Reload();
            Assert.Contains("scores:Kind is '77'", shield.ReloadFault, StringComparison.Ordinal);
            Assert.Equal([0.1235f, 0.8765f], shield.Release(s_clean, 2));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void A_change_after_the_end_reaches_nobody()
    {
        using TestHost host = new();
        host.WithModel().Start();
        int built = host.Logger.Entries.Count;
        ((IDisposable)host.Provider).Dispose();
        host.Reload((Decimals, "9"));
        Assert.Equal(built, host.Logger.Entries.Count);
    }

    internal static Task<HealthReport> CheckHealth(TestHost host) => host.Provider.GetRequiredService<HealthCheckService>().CheckHealthAsync();
}

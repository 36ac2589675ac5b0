using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace InferenceShield.Tests;

public sealed class ShieldHealthCheckTests
{
    [Fact]
    public async Task Healthy_when_all_is_well()
    {
        using TestHost host = new();
        host.WithModel("a").WithModel("b").Start();
        Assert.Equal((HealthStatus.Healthy, "All shields are up."), await Check(host));
    }

    [Fact]
    public async Task Degraded_for_five_minutes_after_a_newcomer_found_no_room()
    {
        using TestHost host = new();
        host.WithModel("a").WithModel("b").Start();
        for (int i = 0; i < 10; i++)
        {
            host.Shield("b").AdmitRows(100, $"caller {i}");
        }

        Assert.Equal(1, host.Shield("b").CallerTableLoad);
        Assert.Equal(HealthStatus.Healthy, (await Check(host)).Status);
        host.Shield("b").AdmitRows(1, "newcomer");
        Assert.Equal(
            (HealthStatus.Degraded, "Shield 'b': within the last 5 minutes a table of callers (10 in it), tenants or networks had no room for newcomers, who shared one bucket. Raise Callers:Capacity, TenantCapacity or NetworkCapacity if they are honest."),
            await Check(host));
        host.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(HealthStatus.Healthy, (await Check(host)).Status);
    }

    [Fact]
    public async Task Degraded_with_every_warning_of_every_contributor()
    {
        using TestHost host = new();
        host.WithModel().Services.AddSingleton<IShieldHealthContributor>(new Warner("The runtime was up before the shield."));
        host.Services.AddSingleton<IShieldHealthContributor>(new Warner("Second."));
        host.Start();
        Assert.Equal((HealthStatus.Degraded, "The runtime was up before the shield. Second."), await Check(host));
    }

    [Fact]
    public async Task Degraded_while_the_list_of_marked_queries_is_full_and_unhealthy_where_it_cannot_be_written()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory();
        try
        {
            string list = Path.Combine(folder.FullName, "list");
            using (FileStream full = File.Create(EvidenceFormat.PathOf(list, 1)))
            {
                full.SetLength(1 << 20);
            }

            string unwritable = Path.Combine(folder.FullName, "nowhere", "list");
            Assert.Equal(HealthStatus.Healthy, (await CheckOf(list, 1 << 21)).Status);
            (HealthStatus status, string? said) = await CheckOf(list, 1 << 20);
            Assert.Equal(HealthStatus.Degraded, status);
            Assert.StartsWith("Shield 'fashion': marked queries are not kept now, and their evidence is lost: as many bytes are kept as Evidence:MostBytes allows", said, StringComparison.Ordinal);
            Assert.Equal((HealthStatus.Unhealthy, "A shield cannot be built."), await CheckOf(unwritable, 1 << 20));
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        static async Task<(HealthStatus Status, string? Said)> CheckOf(string file, long mostBytes)
        {
            using TestHost host = new();
            host.WithModel(configure: model => model.Configure(options => (options.Evidence.File, options.Evidence.MostBytes) = (file, mostBytes)));
            return await Check(host);
        }
    }

    [Fact]
    public async Task Unhealthy_when_a_shield_cannot_be_built()
    {
        using TestHost host = new(("Secret:EnvironmentVariable", "INFERENCE_SHIELD_TEST_NOT_SET"));
        host.Services.AddInferenceShield(host.Section).AddModel("fashion", model => model.AddOutput("scores", OutputKind.Logits));
        HealthReportEntry entry = (await ShieldHostTests.CheckHealth(host)).Entries["inference-shield"];
        Assert.Equal((HealthStatus.Unhealthy, "A shield cannot be built."), (entry.Status, entry.Description));
        Assert.IsType<ShieldSecretException>(entry.Exception);
    }

    [Fact]
    public async Task Carries_the_tags_it_was_given()
    {
        ServiceCollection services = new();
        services.AddLogging().AddHealthChecks().AddInferenceShield("ready", "live");
        services.AddInferenceShield();
        await using ServiceProvider provider = services.BuildServiceProvider();
        HealthReport report = await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => check.Tags.Contains("ready"));
        Assert.Equal(["ready", "live"], Assert.Single(report.Entries).Value.Tags);
    }

    private static async Task<(HealthStatus Status, string? Description)> Check(TestHost host)
    {
        HealthReportEntry entry = (await ShieldHostTests.CheckHealth(host)).Entries["inference-shield"];
        return (entry.Status, entry.Description);
    }

    private sealed class Warner(string warning) : IShieldHealthContributor
    {
        public IEnumerable<string> GetWarnings() => [warning];
    }
}

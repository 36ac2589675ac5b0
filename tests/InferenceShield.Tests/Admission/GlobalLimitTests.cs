using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace InferenceShield.Tests;

public sealed class GlobalLimitTests
{
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public void Models_share_it_and_a_refusal_charges_nobody()
    {
        GlobalLimit limit = new(Limit(queries: 1, burst: 5), _clock);
        using Shield first = Build("first", limit);
        using Shield second = Build("second", limit);
        Assert.True(first.AdmitRows(3).IsAdmitted);
        Assert.True(second.AdmitRows(2, "other").IsAdmitted);

        Admission denied = second.AdmitRows(2, "third");
        Assert.Equal((false, AdmissionReason.Rate, AdmissionLevel.Global), (denied.IsAdmitted, denied.Reason, denied.Level));
        Assert.Equal(TimeSpan.FromSeconds(2), denied.RetryAfter);
        CallerHandle third = second.GetHandle(second.IdentifyCaller("third"));
        Assert.Equal(0, second.Describe(third).Statistics.Admitted);

        _clock.Advance(denied.RetryAfter - TimeSpan.FromTicks(1));
        Assert.False(second.AdmitRows(2, "third").IsAdmitted);
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.True(second.AdmitRows(2, "third").IsAdmitted);
        Assert.Equal(2, second.Describe(third).Statistics.Admitted);
    }

    [Fact]
    public void Quotas_of_it_are_shared_too()
    {
        GlobalLimit limit = new(new LimitOptions { Queries = 1000, Period = TimeSpan.FromSeconds(1), Burst = 1000, DailyQueries = 5 }, _clock);
        using Shield first = Build("first", limit);
        using Shield second = Build("second", limit);
        Assert.True(first.AdmitRows(5).IsAdmitted);
        Admission denied = second.AdmitRows(1);
        Assert.Equal((AdmissionReason.DailyQueries, AdmissionLevel.Global), (denied.Reason, denied.Level));
        _clock.Advance(denied.RetryAfter);
        Assert.True(second.AdmitRows(1).IsAdmitted);
    }

    [Fact]
    public void A_change_keeps_what_was_used_up_as_the_same_number_of_queries()
    {
        GlobalLimit limit = new(Limit(queries: 1, burst: 5), _clock);
        using Shield shield = Build("model", limit);
        Assert.True(shield.AdmitRows(5).IsAdmitted);
        limit.Change(new LimitOptions { Queries = 1, Period = TimeSpan.FromSeconds(10), Burst = 6 });
        Assert.True(shield.AdmitRows(1).IsAdmitted);
        Assert.Equal(TimeSpan.FromSeconds(10), shield.AdmitRows(1).RetryAfter);
        Assert.Contains("GlobalLimit:Queries is 0", Assert.Throws<OptionsValidationException>(() => limit.Change(new LimitOptions())).Message);
        Assert.Equal(TimeSpan.FromSeconds(10), shield.AdmitRows(1).RetryAfter);
    }

    [Fact]
    public void Threads_on_several_models_are_never_admitted_more_than_it_holds()
    {
        const int Burst = 1000;
        GlobalLimit limit = new(Limit(queries: 1, Burst), _clock);
        using Shield first = Build("first", limit, burst: 50_000);
        using Shield second = Build("second", limit, burst: 50_000);
        long admitted = 0;
        Threads.Run(8, thread =>
        {
            Shield shield = thread % 2 == 0 ? first : second;
            for (int i = 0; i < 500; i++)
            {
                int rows = 1 + (i % 3);
                Interlocked.Add(ref admitted, shield.AdmitRows(rows, $"caller {thread}").IsAdmitted ? rows : 0);
            }
        });
        Assert.Equal(Burst, admitted);
    }

    [Fact]
    public void A_shield_over_another_clock_cannot_use_it()
    {
        GlobalLimit limit = new(Limit(queries: 1, burst: 5));
        Assert.Contains("another TimeProvider", Assert.Throws<ArgumentException>(() => Build("model", limit)).Message);
    }

    [Theory]
    [InlineData(0, 1, "GlobalLimit:Queries is 0; allowed: 1 to 1,000,000,000.")]
    [InlineData(1, 0, "GlobalLimit:Burst is 0; allowed: 1 to 1,000,000.")]
    public void One_out_of_range_is_an_error_that_names_key_and_range(int queries, int burst, string fault) =>
        Assert.Contains(fault, Assert.Throws<OptionsValidationException>(() => new GlobalLimit(Limit(queries, burst))).Failures);

    [Fact]
    public void Configuration_sets_it_over_code_and_changes_it_while_serving()
    {
        using TestHost host = new(
            ("GlobalLimit:Queries", "1"), ("GlobalLimit:Period", "00:00:01"), ("GlobalLimit:Burst", "6"));
        host.AddShield().UseGlobalLimit(limit => limit.Burst = 100);
        host.WithModel("one", Wide).WithModel("two", Wide).Start();
        Shield one = host.Provider.GetRequiredKeyedService<Shield>("one");
        Shield two = host.Provider.GetRequiredKeyedService<Shield>("two");
        Assert.True(one.AdmitRows(6).IsAdmitted);
        Assert.Equal(AdmissionLevel.Global, two.AdmitRows(1).Level);

        host.Set(("GlobalLimit:Burst", "8"));
        host.Reload();
        Assert.True(two.AdmitRows(2).IsAdmitted);
        Assert.False(two.AdmitRows(1).IsAdmitted);

        host.Set(("GlobalLimit:Burst", "-1"));
        host.Reload();
        Assert.Contains("GlobalLimit:Burst is -1", Assert.Single(host.Logger.Messages("GlobalLimitRejected")));
        host.Clock.Advance(TimeSpan.FromSeconds(6));
        Assert.True(two.AdmitRows(6).IsAdmitted);
        Assert.False(one.AdmitRows(1).IsAdmitted);
    }

    [Theory]
    [InlineData("Querys", "1", "InferenceShield:GlobalLimit:Querys is not known")]
    [InlineData("Queries", "many", "InferenceShield:GlobalLimit cannot be read")]
    [InlineData("Queries", "0", "GlobalLimit:Queries is 0")]
    [InlineData("Period", "", "InferenceShield:GlobalLimit:Period is empty")]
    public void What_configuration_gets_wrong_stops_the_host(string key, string value, string fault)
    {
        using TestHost host = new(("GlobalLimit:" + key, value));
        host.WithModel(configure: Wide);
        Assert.Contains(fault, Assert.Throws<OptionsValidationException>(() => host.Start()).Message);
    }

    private static void Wide(ShieldModelBuilder model) => model.Configure(options => 
    {
        TestShield.SetLimits(options, 1000, TimeSpan.FromSeconds(1), 1000);
        options.Admission.MaxRowsPerCall = 6;
    });

    private static LimitOptions Limit(int queries, int burst) => new() { Queries = queries, Period = TimeSpan.FromSeconds(1), Burst = burst };

    private Shield Build(string name, GlobalLimit limit, int burst = 8) => new ShieldBuilder(name)
        .UseSecret(ShieldSecrets.FromBytes(TestShield.Secret(1)))
        .AddOutput(TestShield.Output, OutputKind.Probabilities)
        .Configure(options => TestShield.SetLimits(options, 8, TimeSpan.FromHours(1), burst))
        .Configure(options => options.Callers.Capacity = 64)
        .Configure(options => options.Admission.MaxRowsPerCall = 5)
        .UseTimeProvider(_clock)
        .UseGlobalLimit(limit)
        .Build();
}

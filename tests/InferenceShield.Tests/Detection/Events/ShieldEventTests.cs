using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;

namespace InferenceShield.Tests.Detection.Events;

public sealed class ShieldEventTests
{
    public static TheoryData<int> Kinds => [0, 1, 2, 3];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void An_event_comes_back_from_its_json(int kind)
    {
        ShieldEvent told = Event(kind) with { Tenant = Samples.Caller(9), Suppressed = 12 };
        ShieldEvent back = ShieldEvent.FromJson(told.ToJson());
        Assert.Equal(told.ToJson(), back.ToJson());
        Assert.Equal(told with { Verdict = null, Campaign = null }, back with { Verdict = null, Campaign = null });
        Assert.Equivalent(told.Verdict, back.Verdict, strict: true);
        Assert.Equal(told.Campaign?.Callers, back.Campaign?.Callers);
    }

    [Fact]
    public void Its_json_is_what_the_docs_say()
    {
        string json = Samples.Alarm(1).ToJson();
        Assert.DoesNotContain('\n', json);
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement root = document.RootElement;
        Assert.Equal("Alarm", root.GetProperty("kind").GetString());
        Assert.Equal("2026-03-04T05:06:07.089+00:00", root.GetProperty("at").GetString());
        Assert.StartsWith(Samples.Caller(1).ToString(), root.GetProperty("caller").GetString(), StringComparison.Ordinal);
        Assert.Equal("Full", root.GetProperty("verdict").GetProperty("family").GetString());
        Assert.Equal("NaN", root.GetProperty("verdict").GetProperty("promise").GetString());
        Assert.Equal("Infinity", root.GetProperty("verdict").GetProperty("threshold").GetString());
        Assert.Equal(
            ["kind", "model", "at", "caller", "verdict", "acted", "reason", "suppressed"], root.EnumerateObject().Select(property => property.Name));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"kind":"Alarm","model":"m","at":"2026-01-01T00:00:00Z","reason":"r","caller":"caller:12"}""")]
    [InlineData("""{"kind":"Alarm","model":"m","at":"2026-01-01T00:00:00Z","reason":"r","caller":5}""")]
    public void What_is_no_event_is_a_fault(string json) => Assert.Throws<JsonException>(() => ShieldEvent.FromJson(json));

    [Fact]
    public void Whom_it_is_about_can_be_told_by_any_serializer()
    {
        CallerKey caller = Samples.Caller(1);
        string json = JsonSerializer.Serialize(new ShieldEvent { Kind = ShieldEventKind.Alarm, Model = "m", At = default, Reason = "r", Caller = caller });
        Assert.Contains($"\"{caller}", json, StringComparison.Ordinal);
        ShieldEvent read = JsonSerializer.Deserialize<ShieldEvent>(json)!;
        Assert.Equal((caller, default(CallerKey)), (read.Caller, read.Tenant));
    }

    [Fact]
    public void A_builder_takes_sinks_and_logs_events_besides()
    {
        TestSink sink = new();
        using RecordingLoggerFactory log = new();
        using (Shield shield = new ShieldBuilder("model").UseSecret(ShieldSecrets.FromBytes(TestShield.Secret(1)))
            .AddOutput("scores", OutputKind.Probabilities).UseLoggerFactory(log).AddEventSink(sink).Build())
        {
            shield.Events.Publish(Samples.Changed(1, Posture.Normal, Posture.Guarded));
            shield.Events.Publish(Samples.Campaign(4, 9));
            Assert.Equal([nameof(TestSink), nameof(LoggerEventSink)], shield.EventSinks.Select(one => one.Sink));
        }

        Assert.Equal(2, sink.Taken.Count);
        Assert.Contains("caller:00000002 from Normal to Guarded, acted True: an alarm", Assert.Single(log.Messages("PostureChanged")), StringComparison.Ordinal);
        Assert.Single(log.Messages("Campaign"));
    }

    [Fact]
    public void A_sink_among_the_services_gets_the_events_of_all_shields()
    {
        TestSink sink = new();
        ServiceCollection services = new();
        services.AddSingleton<IShieldEventSink>(sink);
        InferenceShieldBuilder builder = services.AddInferenceShield();
        builder.UseSecret(ShieldSecrets.FromBytes(TestShield.Secret(1)));
        builder.AddModel("a", model => model.AddOutput("scores", OutputKind.Probabilities));
        builder.AddModel("b", model => model.AddOutput("scores", OutputKind.Probabilities));
        using (ServiceProvider provider = services.BuildServiceProvider())
        {
            provider.GetRequiredKeyedService<Shield>("a").Events.Publish(Samples.Alarm(1));
            provider.GetRequiredKeyedService<Shield>("b").Events.Publish(Samples.Alarm(1));
        }

        Assert.Equal(2, sink.Taken.Count);
    }

    [Fact]
    public void Event_options_out_of_range_are_faults_that_name_key_and_range()
    {
        ShieldOptions options = TestShield.Options();
        options.Events = new EventOptions { Capacity = 0, CoolDown = TimeSpan.FromDays(2) };
        IReadOnlyList<string> faults = ShieldOptionsValidator.Validate(options, "", serving: null);
        Assert.Equal(["Events:Capacity is 0; allowed: 1 to 100,000.", "Events:CoolDown is 2.00:00:00; allowed: 00:00:00 to 1.00:00:00."], faults);
    }

    private static ShieldEvent Event(int kind) => kind switch
    {
        0 => Samples.Alarm(1),
        1 => Samples.Changed(2, Posture.Guarded, Posture.Restricted),
        2 => Samples.Campaign(long.MaxValue, 77),
        _ => Samples.Odometer(3, .25),
    };
}

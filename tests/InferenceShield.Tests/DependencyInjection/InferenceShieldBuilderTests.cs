using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace InferenceShield.Tests;

/// <summary>AddInferenceShield and AddModel: what is registered, and whose word counts.</summary>
public sealed class InferenceShieldBuilderTests
{
    [Fact]
    public void A_model_is_a_keyed_singleton_shield()
    {
        using TestHost host = new();
        host.AddShield()
            .AddModel("fashion", model => model.AddOutput("probabilities", OutputKind.Probabilities))
            .AddModel("letters", model => model.AddOutput("logits", OutputKind.Logits));
        host.Start();
        Shield fashion = host.Shield("fashion");
        Shield letters = host.Shield("letters");
        Assert.Same(fashion, host.Shield("fashion"));
        Assert.Equal(("fashion", "letters"), (fashion.Name, letters.Name));
        Assert.Equal(["logits"], letters.OutputNames);
        Assert.Equal(2, host.Logger.Messages("ShieldBuilt").Length);
        Assert.Null(host.Provider.GetService<Shield>());
        Assert.Null(host.Provider.GetKeyedService<Shield>("digits"));
    }

    [Fact]
    public void Everything_can_be_said_in_code_alone()
    {
        ServiceCollection services = new();
        services.AddInferenceShield()
            .UseSecret(ShieldSecrets.Ephemeral())
            .AddModel("fashion", model => model.AddOutput(TestShield.Output, OutputKind.Probabilities));
        using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal([0.3f, 0.7f], provider.GetRequiredKeyedService<Shield>("fashion").Release([0.301f, 0.699f], 2));
    }

    [Fact]
    public void Everything_can_be_said_in_configuration_alone()
    {
        using TestHost host = new(
            ("Models:fashion:Shield:Mode", "ObserveOnly"),
            ("Models:fashion:Shield:Callers:Capacity", "123"),
            ("Models:fashion:Shield:Admission:PerCaller:Queries", "10"),
            ("Models:fashion:Shield:Admission:PerCaller:Period", "00:01:00"),
            ("Models:fashion:Shield:Admission:PerCaller:Burst", "5"),
            ("Models:fashion:Shield:Admission:Overflow:Burst", "3"),
            ("Models:fashion:Shield:Admission:MaxRowsPerCall", "4"),
            ("Models:fashion:Shield:Hardening:Decimals", "1"),
            ("Models:fashion:Shield:Outputs:scores:Kind", "Probabilities"),
            ("Models:fashion:Shield:Outputs:logits:Kind", "Logits"),
            ("Models:fashion:Shield:Outputs:logits:Hardening:TopK", "3"),
            ("Models:fashion:Shield:Outputs:logits:Hardening:KeyedNoiseBudget", "0.25"),
            ("Models:fashion:Shield:Outputs:logits:Hardening:Temperature", "1.5"));
        host.AddShield().AddModel("fashion");
        host.Start();
        Shield shield = host.Shield();
        Assert.False(shield.Enforces);
        Assert.Equal(["logits", "scores"], shield.OutputNames);
        Assert.Contains("mode ObserveOnly, secret ", Assert.Single(host.Logger.Messages("ShieldBuilt")), StringComparison.Ordinal);
        Assert.Contains(", 123 callers, outputs logits (Logits), scores (Probabilities)", Assert.Single(host.Logger.Messages("ShieldBuilt")), StringComparison.Ordinal);
        Assert.Throws<InvalidQueryException>(() => shield.AdmitRows(5));
        shield.AdmitRows(4);
        Assert.Equal(TimeSpan.FromSeconds(6), shield.AdmitRows(2).RetryAfter);
    }

    [Fact]
    public void Defaults_give_way_to_the_Defaults_section_that_to_code_and_that_to_the_models_section()
    {
        float[] clean = [0.123456f, 0.876544f];
        Assert.Equal([0.12f, 0.88f], Release());
        Assert.Equal([0.1f, 0.9f], Release(("Defaults:Hardening:Decimals", "1")));
        Assert.Equal([0.123f, 0.877f], ReleaseWith(3, []));
        Assert.Equal([0.123f, 0.877f], ReleaseWith(3, [("Defaults:Hardening:Decimals", "1")]));
        Assert.Equal([0.1235f, 0.8765f], ReleaseWith(3, [("Defaults:Hardening:Decimals", "1"), ("Models:fashion:Shield:Hardening:Decimals", "4")]));
        Assert.Equal([0.1235f, 0.8765f], Release(("Defaults:Hardening:Decimals", "1"), ("Models:fashion:Shield:Hardening:Decimals", "4")));

        float[] Release(params (string, string?)[] settings) => ReleaseWith(null, settings);

        float[] ReleaseWith(int? code, (string, string?)[] settings)
        {
            using TestHost host = new(settings);
            host.WithModel("fashion", model => model.Configure(options => options.Hardening.Decimals = code ?? options.Hardening.Decimals)).Start();
            return host.Shield().Release(clean, 2);
        }
    }

    [Fact]
    public void Defaults_hold_for_every_model_and_a_models_own_section_for_it_alone()
    {
        using TestHost host = new(("Defaults:Hardening:Decimals", "3"), ("Models:b:Shield:Hardening:Decimals", "1"));
        host.WithModel("a").WithModel("b").Start();
        Assert.Equal([0.123f, 0.877f], host.Shield("a").Release([0.123456f, 0.876544f], 2));
        Assert.Equal([0.1f, 0.9f], host.Shield("b").Release([0.123456f, 0.876544f], 2));
    }

    [Fact]
    public void Keys_are_found_in_any_case_as_environment_variables_write_them()
    {
        using TestHost host = new(("MODELS:FASHION:SHIELD:HARDENING:DECIMALS", "4"), ("DEFAULTS:MODE", "Enforce"));
        host.WithModel().Start();
        Assert.Equal([0.1235f, 0.8765f], host.Shield().Release([0.123456f, 0.876544f], 2));
    }

    [Fact]
    public void Configuration_changes_nothing_in_objects_that_the_code_gave()
    {
        HardeningOptions shared = new() { Decimals = 3 };
        using TestHost host = new(("Models:a:Shield:Outputs:own:Hardening:Decimals", "1"));
        host.AddShield()
            .AddModel("a", model => model.AddOutput("own", OutputKind.Probabilities, shared))
            .AddModel("b", model => model.AddOutput("own", OutputKind.Probabilities, shared));
        host.Start();
        Assert.Equal([0.1f, 0.9f], host.Shield("a").Release([0.123456f, 0.876544f], 2));
        Assert.Equal([0.123f, 0.877f], host.Shield("b").Release([0.123456f, 0.876544f], 2));
        Assert.Equal(3, shared.Decimals);
    }

    [Fact]
    public void Adding_a_model_twice_adds_up()
    {
        using TestHost host = new();
        host.AddShield()
            .AddModel("fashion", model => model.AddOutput("b", OutputKind.Logits))
            .AddModel("fashion", model => model.AddOutput("a", OutputKind.Embedding))
            .AddModel("fashion");
        host.Start();
        Assert.Equal(["a", "b"], host.Shield().OutputNames);
        Assert.Single(host.Provider.GetKeyedServices<Shield>("fashion"));
    }

    [Fact]
    public void Adding_the_shield_twice_is_adding_it_once()
    {
        using TestHost host = new();
        host.AddShield().AddModel("a", model => model.AddOutput("scores", OutputKind.Logits));
        host.Services.AddInferenceShield().AddModel("b", model => model.AddOutput("scores", OutputKind.Logits));
        host.Services.AddInferenceShield(host.Section).AddModel("c", model => model.AddOutput("scores", OutputKind.Logits));
        host.Start();
        Assert.All(new[] { "a", "b", "c" }, model => Assert.Equal(model, host.Shield(model).Name));
        Assert.Equal(3, host.Logger.Messages("ShieldBuilt").Length);
        Assert.Single(host.Provider.GetServices<IShieldHealthContributor>());
        Assert.Single(host.Provider.GetServices<IHostedService>(), service => service.GetType().Name == "ShieldStartup");
    }

    [Fact]
    public void A_second_configuration_or_a_late_one_is_refused()
    {
        using TestHost host = new();
        host.AddShield();
        string message = Assert.Throws<InvalidOperationException>(
            () => host.Services.AddInferenceShield(new ConfigurationBuilder().Build())).Message;
        Assert.Contains("two different configurations", message, StringComparison.Ordinal);

        ServiceCollection services = new();
        services.AddInferenceShield().AddModel("fashion");
        message = Assert.Throws<InvalidOperationException>(() => services.AddInferenceShield(host.Section)).Message;
        Assert.Contains("after models were added", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_containers_clock_and_logger_are_used()
    {
        using TestHost host = new(("Models:fashion:Shield:Admission:PerCaller:Burst", "16"));
        host.WithModel().Start();
        Assert.True(host.Shield().AdmitRows(16).IsAdmitted);
        Assert.False(host.Shield().AdmitRows(1).IsAdmitted);
        host.Clock.Advance(TimeSpan.FromSeconds(3.6));
        Assert.True(host.Shield().AdmitRows(1).IsAdmitted);
        Assert.Single(host.Logger.Messages("ShieldBuilt"));
    }

    [Fact]
    public void The_container_disposes_its_shields()
    {
        Shield shield;
        using (TestHost host = new())
        {
            host.WithModel().Start();
            shield = host.Shield();
        }

        Assert.Throws<ObjectDisposedException>(() => shield.IdentifyCaller("alice"));
    }

    [Fact]
    public void Packages_that_add_to_a_model_read_a_section_of_their_own()
    {
        IConfigurationSection? section = null;
        using TestHost host = new(("Models:fashion:Session:Path", "model.onnx"));
        host.WithModel("fashion", model =>
        {
            section = model.GetSection("Session");
            Assert.Equal("fashion", model.Name);
            Assert.Same(host.Services, model.Services);
        });
        host.Start(); // the key is known now
        Assert.Equal("model.onnx", section?["Path"]);
    }

    [Fact]
    public void Without_configuration_a_model_has_no_sections()
    {
        ServiceCollection services = new();
        bool asked = false;
        services.AddInferenceShield().AddModel("fashion", model => asked = model.GetSection("Session") is null);
        Assert.True(asked);
    }

    [Fact]
    public void Arguments_are_checked()
    {
        ServiceCollection services = new();
        InferenceShieldBuilder builder = services.AddInferenceShield();
        Assert.Same(services, builder.Services);
        Assert.Throws<ArgumentNullException>(() => services.AddInferenceShield(null!));
        Assert.Throws<ArgumentNullException>(() => ((IServiceCollection)null!).AddInferenceShield());
        Assert.Throws<ArgumentNullException>(() => builder.UseSecret(null!));
        Assert.Throws<ArgumentException>(() => builder.AddModel(" "));
        Assert.Throws<ArgumentNullException>(() => builder.AddModel("fashion", model => model.Configure(null!)));
        Assert.Throws<ArgumentNullException>(() => builder.AddModel("fashion", model => model.AddOutput(null!, OutputKind.Logits)));
        Assert.Throws<ArgumentException>(() => builder.AddModel("fashion", model => model.GetSection("")));
        Assert.Throws<ArgumentNullException>(() => ((IHealthChecksBuilder)null!).AddInferenceShield());
    }
}

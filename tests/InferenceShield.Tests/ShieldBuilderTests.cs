using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InferenceShield.Tests;

public sealed class ShieldBuilderTests
{
    [Fact]
    public void Builds_a_shield_with_the_documented_defaults()
    {
        using RecordingLoggerFactory logger = new();
        using Shield shield = new ShieldBuilder("fashion")
            .UseSecret(ShieldSecrets.FromBytes(TestShield.Secret(1), "key-7"))
            .AddOutput("probabilities", OutputKind.Probabilities)
            .UseTimeProvider(new ManualTimeProvider())
            .UseLoggerFactory(logger)
            .Build();
        Assert.Equal(("fashion", "key-7", true), (shield.Name, shield.SecretKeyId, shield.Enforces));
        Assert.Equal("Shield 'fashion' (Enforce, plan 1)", shield.ToString());
        Assert.Equal(["probabilities"], shield.OutputNames);
        Assert.Null(shield.ReloadFault);
        Assert.Equal(0, shield.CallerTableLoad);
        Assert.Equal(new ShieldStatistics { PlanVersion = 1 }, shield.GetStatistics());
        Assert.Equal(
            "Shield 'fashion' is up: mode Enforce, secret key-7, 100000 callers, outputs probabilities (Probabilities)",
            Assert.Single(logger.Messages("ShieldBuilt")));

        // 1,000 an hour with a burst of 256.
        Assert.True(shield.AdmitRows(256).IsAdmitted);
        Assert.Equal(TimeSpan.FromSeconds(3.6), shield.AdmitRows(1).RetryAfter);
        Assert.Throws<InvalidQueryException>(() => shield.AdmitRows(257));

        // Two decimals.
        Admission admission = shield.AdmitRows(1, "other");
        float[] scores = [0.12345f, 0.87655f];
        shield.Harden(in admission, scores, 2);
        Assert.Equal([0.12f, 0.88f], scores);
    }

    [Fact]
    public void Without_a_secret_there_is_no_shield_and_the_error_says_how_to_get_one()
    {
        ShieldBuilder builder = new ShieldBuilder("model").AddOutput("scores", OutputKind.Logits);
        string message = Assert.Throws<ShieldSecretException>(builder.Build).Message;
        Assert.Contains("UseSecret", message, StringComparison.Ordinal);
        using Shield shield = builder.UseSecret(ShieldSecrets.Ephemeral()).Build();
        Assert.Equal("ephemeral", shield.SecretKeyId);
    }

    [Fact]
    public void Without_an_output_there_is_no_shield() => Assert.StartsWith(
        "Outputs is empty",
        Assert.Single(Assert.Throws<OptionsValidationException>(new ShieldBuilder("model").UseSecret(ShieldSecrets.Ephemeral()).Build).Failures),
        StringComparison.Ordinal);

    [Fact]
    public void Builds_once_and_cannot_be_changed_after()
    {
        ShieldBuilder builder = new ShieldBuilder("model").UseSecret(ShieldSecrets.Ephemeral()).AddOutput("scores", OutputKind.Logits);
        using Shield shield = builder.Build();
        Assert.Throws<InvalidOperationException>(builder.Build);
        Assert.Throws<InvalidOperationException>(() => builder.AddOutput("other", OutputKind.Logits));
        Assert.Throws<InvalidOperationException>(() => builder.Configure(_ => { }));
        Assert.Throws<InvalidOperationException>(() => builder.UseSecret(ShieldSecrets.Ephemeral()));
        Assert.Throws<InvalidOperationException>(() => builder.UseTimeProvider(TimeProvider.System));
        Assert.Throws<InvalidOperationException>(() => builder.UseLoggerFactory(new LoggerFactory()));
    }

    [Fact]
    public void A_failed_build_can_be_corrected_and_tried_again()
    {
        ShieldBuilder builder = new ShieldBuilder("model").UseSecret(ShieldSecrets.Ephemeral());
        Assert.Throws<OptionsValidationException>(builder.Build);
        using Shield shield = builder.AddOutput("scores", OutputKind.Logits).Build();
        Assert.Equal(["scores"], shield.OutputNames);
    }

    [Fact]
    public void Options_that_change_after_the_build_change_nothing()
    {
        ShieldOptions? kept = null;
        HardeningOptions own = new() { Decimals = 3 };
        using Shield shield = TestShield.Build(hardening: own, configure: options => kept = options);
        own.Decimals = 1;
        kept!.Mode = ShieldMode.ObserveOnly;
        kept.Outputs.Clear();
        Assert.Equal([0.333f, 0.667f], shield.Release([0.3333f, 0.6667f], 2));
    }

    [Fact]
    public void Arguments_are_checked()
    {
        Assert.Throws<ArgumentNullException>(() => new ShieldBuilder(null!));
        Assert.Throws<ArgumentException>(() => new ShieldBuilder(" "));
        ShieldBuilder builder = new("model");
        Assert.Throws<ArgumentNullException>(() => builder.UseSecret(null!));
        Assert.Throws<ArgumentNullException>(() => builder.AddOutput(null!, OutputKind.Logits));
        Assert.Throws<ArgumentNullException>(() => builder.Configure(null!));
        Assert.Throws<ArgumentNullException>(() => builder.UseTimeProvider(null!));
        Assert.Throws<ArgumentNullException>(() => builder.UseLoggerFactory(null!));
    }
}

namespace InferenceShield.Tool.Tests;

/// <summary>The committed model's shield, whose near ties are marked and listed.</summary>
internal static class MarkedShield
{
    /// <param name="variable">Holds the secret.</param>
    /// <param name="list">The list of marked queries.</param>
    /// <param name="keepInputs">Whether it holds inputs.</param>
    public static Shield Open(string variable, string list, bool keepInputs) => new ShieldBuilder("fashion")
        .UseSecret(ShieldSecrets.FromEnvironment(variable))
        .AddOutput("logits", OutputKind.Logits, new HardeningOptions { Watermark = new WatermarkOptions { NearTie = new NearTieMarkOptions { Margin = 0.2, Keying = MarkKeying.ExactInput } } })
        .Configure(options =>
        {
            (options.Evidence.File, options.Evidence.KeepInputs) = (list, keepInputs);
            options.Admission.PerCaller = options.Admission.PerNetwork = options.Admission.PerModel = new LimitOptions { Queries = 1_000_000, Period = TimeSpan.FromMinutes(1), Burst = 1_000_000 };
        })
        .Build();
}

namespace InferenceShield.Docs.Tests.Readme;

/// <summary>The README's example of marks, as it stands there.</summary>
internal static class MarksSnippet
{
    public static Shield Run()
    {
        // begin: marks
        Shield shield = new ShieldBuilder("fashion")
            .UseSecret(ShieldSecrets.FromEnvironment("INFERENCE_SHIELD_SECRET"))
            .AddOutput("probabilities", OutputKind.Probabilities)
            .Configure(options =>
            {
                options.Hardening.Watermark = new WatermarkOptions { NearTie = new NearTieMarkOptions() }; // in every posture
                options.Evidence.File = "fashion.evidence"; // who got which marked answer, encrypted; 90 days
                options.Evidence.KeepInputs = true; // a session's, or those that Harden is given; or find them in a log of your own
            })
            .Build();
        // end

        return shield;
    }
}

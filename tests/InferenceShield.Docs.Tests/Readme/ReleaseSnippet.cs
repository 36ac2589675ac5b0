namespace InferenceShield.Docs.Tests.Readme;

/// <summary>The README's example of learned bands and of what releases cost and tell, as it stands there.</summary>
internal static class ReleaseSnippet
{
    public static (Shield Shield, UtilityStatistics Cost, LeakReport Leak) Run(ShieldSecret secret, float[] benignLogits, float[] cleanScores, float[] releasedScores, Action<Shield> serve)
    {
        // begin: release
        // Once, from answers to honest queries: bands whose numbers are calibrated, with an edge at your own threshold.
        ConfidenceBands bands = ConfidenceBands.Learn(benignLogits, classes: 10, OutputKind.Logits, bands: 8, fixedEdges: [0.9]);
        using (FileStream file = File.Create("fashion.bands"))
        {
            bands.Save(file, model: "fashion", secret);
        }

        // Normal callers: two decimals. Guarded ones: label, band, second label. Restricted ones: the label.
        Shield shield = new ShieldBuilder("fashion")
            .UseSecret(ShieldSecrets.FromEnvironment("INFERENCE_SHIELD_SECRET"))
            .AddOutput("logits", OutputKind.Logits)
            .Configure(options =>
            {
                options.Outputs["logits"].Classes = 10;
                options.Guarded = new HardeningOptions { BandFile = "fashion.bands" };
            })
            .Build();
        // hidden: begin
        serve(shield);
        // hidden: end

        // What it costs honest users: top-1 changed, L1, divergence, answers across your threshold.
        UtilityStatistics cost = shield.GetUtility(output: 0, Posture.Normal);

        // What answers can carry, on your own model: distinct answers, bits, the rank of the last layer, inversion.
        LeakReport leak = LeakReport.Analyze(cleanScores, releasedScores, classes: 10);
        Console.WriteLine(leak);
        // end

        return (shield, cost, leak);
    }
}

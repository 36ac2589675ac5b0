using InferenceShield.Lab;

namespace InferenceShield.Docs.Tests.Readme;

/// <summary>The README's example of a verification, as it stands there.</summary>
internal static class ProofSnippet
{
    public static async Task<VerificationReport> RunAsync(ShieldSecret secret, WatermarkOptions watermark, IClassifier model, Dataset logged, IClassifier other, IClassifier independent)
    {
        // begin: proof
        using MarkKey key = MarkKey.Of(secret, "fashion");
        VerificationRequest request = new()
        {
            Target = model, // your own, without a shield
            Key = key,
            Marks = watermark, // of the posture that answered
            Queries = logged, // what the thief is likely to have asked
            Controls = [new VerificationControl("independent", independent)],
        };
        Console.WriteLine(OwnershipVerifier.Plan(request)); // how many queries it takes; asks nobody
        VerificationReport report = await OwnershipVerifier.VerifyAsync(request, Suspect.Of("other", other));
        Console.WriteLine($"{report.Verdict}, p = {report.CombinedPValue:G2}. {report.Words}");
        // end

        return report;
    }
}

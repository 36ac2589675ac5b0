namespace InferenceShield.Docs.Tests.Readme;

/// <summary>The README's example of detection, as it stands there.</summary>
internal static class DetectionSnippet
{
    public static CallerDetection? Run(Shield shield, CallerKey caller, float[] input, float[] scores)
    {
        Admission admission = shield.Admit(caller, [1, 2, 3]);

        // begin: detection
        // Around spans: what goes into the model and what comes out, before it is hardened.
        shield.Observe(in admission, input, scores, classes: 10);
        shield.Harden(in admission, scores, classes: 10);

        // What is known of a caller: alarms with their promise and reasons, posture, and how much it may have learned.
        CallerDetection? known = shield.Detection?.TryGetCaller(caller);
        foreach (DetectionVerdict verdict in known?.Verdicts ?? [])
        {
            Console.WriteLine($"{verdict.Family} after {verdict.Queries} queries, promise {verdict.Promise}: {string.Join("; ", verdict.Reasons)}");
        }

        Console.WriteLine($"odometer {known?.Odometer:0.00}, campaigns {shield.Detection?.Campaigns.Count}, drift {shield.Detection?.Drift?.IsDrift}");
        shield.Detection?.Clear(caller); // a false alarm: back to Normal
        // end

        return known;
    }
}

namespace InferenceShield;

/// <content>The list of marked queries.</content>
internal sealed partial class ShieldOptionsValidator
{
    private static readonly TimeSpan s_shortestRetention = TimeSpan.FromDays(2);
    private static readonly TimeSpan s_longestRetention = TimeSpan.FromDays(3650);

    private void CheckEvidence(EvidenceOptions evidence)
    {
        CheckPath("Evidence:File", evidence.File);
        Range("Evidence:MostPerCaller", evidence.MostPerCaller, 1, 10_000_000);
        Range("Evidence:MostBytes", evidence.MostBytes, 1L << 20, 1L << 40);
        if (!(evidence.Share >= 0.001 && evidence.Share <= 1))
        {
            Fault("Evidence:Share", evidence.Share, "0.001 to 1");
        }

        if (evidence.Retention < s_shortestRetention || evidence.Retention > s_longestRetention)
        {
            Fault("Evidence:Retention", evidence.Retention, "2.00:00:00 to 3650.00:00:00");
        }
    }

    private void CheckFixedEvidence(EvidenceOptions evidence, EvidenceOptions serving)
    {
        if (!evidence.HasSameContent(serving))
        {
            _faults.Add(_prefix + "Evidence is fixed while serving. Restart to change it.");
        }
    }
}

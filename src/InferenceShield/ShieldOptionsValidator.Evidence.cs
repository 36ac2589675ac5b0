namespace InferenceShield;

/// <content>The list of marked queries.</content>
internal sealed partial class ShieldOptionsValidator
{
    private void CheckEvidence(EvidenceOptions evidence) => CheckPath("Evidence:File", evidence.File);
}

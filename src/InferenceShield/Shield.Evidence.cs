using InferenceShield.Numerics;

namespace InferenceShield;

/// <content>The list of marked queries.</content>
public sealed partial class Shield
{
    private EvidenceRecorder? _evidence;

    /// <summary>What became of marked queries; null where no list is kept (<see cref="EvidenceOptions.File"/>).</summary>
    /// <remarks>Thread-safe. For operators.</remarks>
    public EvidenceStatistics? Evidence => _evidence?.Statistics;

    /// <summary>Whether hosts are to hand inputs over.</summary>
    internal bool KeepsEvidenceInputs => _evidence is { KeepsInputs: true };

    /// <summary>Begins the list, at start. Its options are fixed from then on.</summary>
    private void BeginEvidence(ShieldPlan plan)
    {
        if (plan.Evidence.File is { } file)
        {
            _evidence = new EvidenceRecorder(plan.Evidence, _keys.Evidence, _timeProvider, _logger);
            ShieldLog.EvidenceBegun(_logger, Name, file, plan.Evidence.KeepInputs, plan.Evidence.Retention);
        }
    }

    /// <summary>Keeps one marked row that is being released. No allocation.</summary>
    /// <param name="admission">Of the call.</param>
    /// <param name="output">The output's index.</param>
    /// <param name="marked">What was done to the row.</param>
    /// <param name="mark">What marks know of its input; the default for nothing.</param>
    /// <param name="digest">The row's digest; the default for none.</param>
    /// <param name="input">The row's bytes where they are to be kept; empty for none.</param>
    private void OfferEvidence(in Admission admission, int output, in MarkedRow marked, in MarkInput mark, InputDigest digest, ReadOnlySpan<byte> input)
    {
        EvidenceDigestKind kind = digest != default ? EvidenceDigestKind.Row : mark.Exact != default ? EvidenceDigestKind.Mark : EvidenceDigestKind.None;
        InputDigest known = kind == EvidenceDigestKind.Mark ? new InputDigest(mark.Exact.Low, mark.Exact.High) : digest;
        _evidence?.Record(admission.Caller, admission.Posture, admission.Start, output, in marked, kind, known, input);
    }
}

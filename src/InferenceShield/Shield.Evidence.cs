using InferenceShield.Numerics;
using Microsoft.Extensions.Options;

namespace InferenceShield;

/// <content>The list of marked queries.</content>
public sealed partial class Shield
{
    /// <summary>One thread's own, grown to the most rows of a call.</summary>
    [ThreadStatic]
    private static MarkInput[]? s_marks;

    private EvidenceRecorder? _evidence;

    /// <summary>What became of marked queries; null where no list is kept (<see cref="EvidenceOptions.File"/>).</summary>
    /// <remarks>Thread-safe. For operators.</remarks>
    public EvidenceStatistics? Evidence => _evidence?.Statistics;

    /// <summary>Whether a list is kept, which needs digests.</summary>
    internal bool KeepsEvidence => _evidence is not null;

    /// <summary>Whether hosts are to hand inputs over.</summary>
    internal bool KeepsEvidenceInputs => _evidence is { KeepsInputs: true };

    /// <summary>Begins the list, at start. Its options are fixed from then on.</summary>
    /// <exception cref="OptionsValidationException">Nothing can be written to the file.</exception>
    private void BeginEvidence(ShieldPlan plan)
    {
        if (plan.Evidence.File is { } file)
        {
            _evidence = new EvidenceRecorder(plan.Evidence, _keys.Evidence, _timeProvider, _logger);
            if (_evidence.StartFault is { } fault)
            {
                _evidence.Dispose();
                throw new OptionsValidationException(Name, typeof(ShieldOptions),
                    [$"{_optionsPrefix}Evidence:File is '{file}', which cannot be written: {fault} Make its folder, writable for this process, or leave Evidence:File out to keep no list."]);
            }

            ShieldLog.EvidenceBegun(_logger, Name, file, plan.Evidence.KeepInputs, plan.Evidence.Retention);
        }
    }

    /// <summary>As <see cref="Harden(in Admission, ReadOnlySpan{float}, Span{float}, int, int)"/>, with the rows that were asked: all that marks,
    /// noise that belongs to exact inputs, and the list of marked queries need is read of them.</summary>
    /// <param name="admission">The admission of this query, by this shield.</param>
    /// <param name="inputs">The admitted rows, one after another, as the model gets them. Stored only where
    /// <see cref="EvidenceOptions.KeepInputs"/> is on, and then encrypted.</param>
    /// <param name="clean">The model's scores: row after row, <paramref name="classes"/> numbers each.</param>
    /// <param name="released">As long as <paramref name="clean"/>: the same span, or one that does not overlap it.</param>
    /// <param name="classes">The numbers in a row.</param>
    /// <param name="output">The output's index: see <see cref="GetOutputIndex"/>.</param>
    /// <exception cref="ArgumentException">The inputs are no whole number of values for each admitted row.</exception>
    /// <exception cref="InvalidModelOutputException">A score is not finite, or the scores are not of the declared kind. All of
    /// <paramref name="released"/> is zeroed then.</exception>
    /// <exception cref="InvalidOperationException">The query was not admitted by this shield, or the output's options need a tenant or
    /// cells that were not given.</exception>
    public void Harden(in Admission admission, ReadOnlySpan<float> inputs, ReadOnlySpan<float> clean, Span<float> released, int classes, int output = 0)
    {
        ShieldPlan plan = CheckAdmission(in admission);
        int length = inputs.Length / admission.Rows;
        if (length == 0 || length * admission.Rows != inputs.Length)
        {
            if (clean == released)
            {
                released.Clear(); // in place, these are the clean scores
            }

            throw new ArgumentException($"{inputs.Length} values of input are not {admission.Rows} rows. Pass all rows of the call as they go into the model.", nameof(inputs));
        }

        // Else read of marked rows alone, where the list is written.
        ReadOnlySpan<MarkInput> marks = default;
        if ((uint)output < (uint)plan.Outputs.Length && plan.Outputs[output] is { } outputPlan
            && (outputPlan.InputCell == NoiseCell.ExactInput || (outputPlan.MarkNeed is not null && !admission.IsUnmarked)))
        {
            MarkInput[] read = s_marks is { } kept && kept.Length >= admission.Rows ? kept : s_marks = new MarkInput[admission.Rows];
            for (int row = 0; row < admission.Rows; row++)
            {
                read[row] = plan.MarkInputs.Read(inputs.Slice(row * length, length));
            }

            marks = read.AsSpan(0, admission.Rows);
        }

        RowInputs rows = marks.IsEmpty ? default : new RowInputs(marks);
        Harden(in admission, rows with { EvidenceRows = FloatCanonical.Bytes(inputs) }, clean, released, classes, output);
    }

    /// <summary>Keeps those of a call's rows that are marked, when the call is released. No allocation.</summary>
    /// <param name="admission">The call's.</param>
    /// <param name="output">The output's index.</param>
    /// <param name="marked">What was done to each row of the answer.</param>
    /// <param name="inputs">What is known of the inputs.</param>
    internal void OfferEvidence(in Admission admission, int output, ReadOnlySpan<MarkedRow> marked, in RowInputs inputs)
    {
        for (int row = 0; row < marked.Length; row++)
        {
            if (marked[row].IsListed)
            {
                OfferEvidence(in admission, output, in marked[row], in inputs, row, marked.Length);
            }
        }
    }

    /// <summary>Keeps one marked row that is being released. No allocation.</summary>
    private void OfferEvidence(in Admission admission, int output, in MarkedRow marked, in RowInputs inputs, int answer, int answers)
    {
        int row = (int)((long)answer * admission.Rows / answers); // several answers are time steps of one input
        int length = inputs.EvidenceRows.Length / admission.Rows;
        ReadOnlySpan<byte> input = inputs.EvidenceRows.Slice(row * length, length);
        EvidenceDigestKind kind = EvidenceDigestKind.None;
        InputDigest digest = default;
        if (!inputs.EvidenceDigests.IsEmpty)
        {
            (kind, digest) = (EvidenceDigestKind.Row, inputs.EvidenceDigests[row]);
        }
        else if (inputs.HasMarks || !input.IsEmpty)
        {
            Hash128 exact = inputs.HasMarks ? inputs.FindMark(row, admission.Rows).Exact : SipHash.Hash(_keys.Marks.Inputs, input);
            (kind, digest) = (EvidenceDigestKind.Mark, new InputDigest(exact.Low, exact.High));
        }
        else if (inputs.Kind == NoiseCell.ExactInput)
        {
            Hash128 exact = inputs.Find(NoiseCell.ExactInput, row, admission.Rows);
            (kind, digest) = (EvidenceDigestKind.Row, new InputDigest(exact.Low, exact.High));
        }

        _evidence?.Record(admission.Caller, admission.Posture, admission.Start, output, in marked, kind, digest, input);
    }
}

using System.Globalization;

namespace InferenceShield.OnnxRuntime;

/// <content>From the model's answer to the released one.</content>
public sealed partial class ShieldedSession
{
    private void HardenAll(in Admission admission, ShieldedRequest request, Span<float> released)
    {
        ReadOnlySpan<RequestOutput> outputs = request.Outputs;
        try
        {
            for (int output = 0; output < outputs.Length; output++)
            {
                if (outputs[output].Kind != OutputKind.State)
                {
                    Harden(in admission, request, output, released);
                }
            }
        }
        catch (Exception exception) when (exception is OutOfMemoryException or OverflowException)
        {
            throw new ModelRunException($"Model '{Shield.Name}' gave an answer that no memory holds. Nothing is released.", exception);
        }

        if (Shield.KeepsEvidence)
        {
            OfferEvidence(in admission, request);
        }
    }

    /// <summary>Once all outputs have been hardened, or given again: after a fault in one nothing of the call is released.</summary>
    private void OfferEvidence(in Admission admission, ShieldedRequest request)
    {
        RowInputs inputs = default(RowInputs) with { EvidenceDigests = request.Digests, EvidenceRows = Shield.KeepsEvidenceInputs ? request.JoinRows() : default };
        for (int output = 0; output < request.Outputs.Length; output++)
        {
            if (request.Outputs[output].Kind != OutputKind.State)
            {
                Shield.OfferEvidence(in admission, output, request.Outputs[output].Marked, in inputs);
            }
        }
    }

    private void Harden(in Admission admission, ShieldedRequest request, int index, Span<float> released)
    {
        RequestOutput output = request.Outputs[index];
        int classes = output.ClassesFor(admission.Rows);
        output.Convert(classes);
        ReadOnlySpan<float> scores = output.Scores;
        int answers = classes < 1 ? 0 : scores.Length / classes;
        if (answers == 0 || answers % admission.Rows != 0)
        {
            throw new InvalidModelOutputException(string.Create(CultureInfo.InvariantCulture,
                $"The model's output '{output.Tensor.Name}' has the shape [{string.Join(", ", output.Shape)}], which is not divided into the {admission.Rows} rows of the call. Nothing of this call is released. Is RowInput the input that counts rows?"));
        }

        // A caller who can make the model give more answers than it counts queries would have them for nothing.
        int most = Options.MaxAnswersPerQuery ?? (output.Shape.Length > 2 ? ShieldedSessionOptions.DefaultTimeSteps : 1);
        if (answers / admission.Rows > most)
        {
            throw new InvalidModelOutputException(string.Create(CultureInfo.InvariantCulture,
                $"The model's output '{output.Tensor.Name}' has the shape [{string.Join(", ", output.Shape)}]: {answers / admission.Rows:N0} answers for each of the {admission.Rows} rows charged; allowed: {most:N0}. Nothing of this call is released. Set MaxAnswersPerQuery if the model means to, or RowInput if another input counts rows."));
        }

        if (!released.IsEmpty && released.Length != scores.Length)
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"The answer has {scores.Length} numbers ({output.Tensor} for {admission.Rows} rows); the span for it has {released.Length}."), nameof(released));
        }

        if (index == admission.Plan!.CountedOutput && admission.Plan.Detection is { } calibration)
        {
            Observe(in admission, request, calibration, scores, classes);
        }

        if (admission.Plan.Outputs[index].NeedsContext && answers != 1)
        {
            throw new InvalidModelOutputException(string.Create(CultureInfo.InvariantCulture,
                $"The model's output '{output.Tensor.Name}' has the shape [{string.Join(", ", output.Shape)}]: {answers:N0} rows of tokens for one context, and a mark of tokens takes one row a call. Nothing of this call is released. Have the model return the last position alone, or remove GreenList and Tournament from the output's Watermark."));
        }

        RowInputs inputs = InputsOf(admission.Plan, index, request);
        if (Shield.KeepsEvidence)
        {
            inputs = inputs with { Marked = output.MakeMarked(answers) };
        }

        Shield.Harden(in admission, in inputs, scores, released.IsEmpty ? output.MakeReleased() : released, classes, index);
        output.ClearScores();
    }

    /// <summary>Before the answer is shaped. A calibration that came with a reload and does not fit the model is not applied: the
    /// shield says that nothing is observed.</summary>
    private void Observe(in Admission admission, ShieldedRequest request, DetectionCalibration calibration, ReadOnlySpan<float> scores, int classes)
    {
        if (calibration.Profile.ScoreLength != classes || !_detection.Fits(calibration))
        {
            Shield.CountUnobserved(calibration, admission.Rows);
            return;
        }

        ReadOnlySpan<float> inputs = calibration.Profile.InputLength == 0 ? default : request.ToSingles(_detection.Input);
        Shield.Observe(in admission, inputs, request.Digests, scores, classes, request.MakeMeasured());
    }

    /// <summary>What noise and marks may belong to; nothing where no cells are known, which the shield refuses.</summary>
    private RowInputs InputsOf(ShieldPlan plan, int index, ShieldedRequest request)
    {
        OutputPlan output = plan.Outputs[index];
        if (output.NeedsContext)
        {
            return request.HasContext ? new RowInputs(request.Context) : default; // a plan that came meanwhile: the shield refuses
        }

        if (output.MarkNeed is not null && !request.Unmarked)
        {
            // Noise that belongs to exact inputs is that of a session without marks.
            ReadOnlySpan<InputCell> cells = output.InputCell == NoiseCell.Input && _cells is not null ? request.FindCells(_cells) : default;
            ReadOnlySpan<MarkInput> marks = request.ReadMarks(plan, _detection.Input, cells);
            return new RowInputs(marks, output.InputCell == NoiseCell.ExactInput ? request.Digests : default);
        }

        return output.InputCell switch
        {
            NoiseCell.ExactInput => new RowInputs(request.Digests),
            NoiseCell.Input when _cells is not null => new RowInputs(request.FindCells(_cells)),
            _ => default,
        };
    }
}

namespace InferenceShield.Lab;

/// <summary>What a shield would measure of rows and of the clean answers to them.</summary>
internal static class TrafficMeasure
{
    private const int Batch = 256;

    /// <summary>Measures rows, in order.</summary>
    /// <param name="profile">By which.</param>
    /// <param name="target">The model.</param>
    /// <param name="inputs">Rows, one after another.</param>
    public static QuerySignals[] MeasureRows(DetectionProfile profile, IClassifier target, ReadOnlySpan<float> inputs)
    {
        float[] answers = new float[inputs.Length / target.InputLength * target.ClassCount];
        target.Classify(inputs, answers);
        return MeasureAnswered(profile, target.InputLength, target.ClassCount, inputs, answers);
    }

    /// <summary>Measures what a thief asked and was answered.</summary>
    public static QuerySignals[] MeasureTranscript(DetectionProfile profile, Transcript transcript) =>
        MeasureAnswered(profile, transcript.InputLength, transcript.AnswerLength, transcript.Inputs, transcript.Answers);

    /// <summary>Measures a caller's life.</summary>
    /// <param name="profile">By which.</param>
    /// <param name="target">The model.</param>
    /// <param name="caller">The caller.</param>
    /// <param name="unchanged">What was measured of every row of the traffic, so that the model is asked only what callers changed.</param>
    public static QuerySignals[] MeasureCaller(DetectionProfile profile, IClassifier target, HonestCaller caller, QuerySignals[] unchanged)
    {
        QuerySignals[] measured = new QuerySignals[caller.Length];
        int width = target.InputLength;
        float[] inputs = [];
        List<int> changed = [];
        for (int query = 0; query < caller.Length; query++)
        {
            if (caller.IsUnchanged(query))
            {
                measured[query] = unchanged[caller.RowOf(query)];
            }
            else
            {
                inputs = inputs.Length == 0 ? new float[Batch * width] : inputs;
                caller.Write(query, inputs.AsSpan(changed.Count * width, width));
                changed.Add(query);
            }

            if (changed.Count == Batch || (query == caller.Length - 1 && changed.Count > 0))
            {
                QuerySignals[] batch = MeasureRows(profile, target, inputs.AsSpan(0, changed.Count * width));
                for (int i = 0; i < batch.Length; i++)
                {
                    measured[changed[i]] = batch[i];
                }

                changed.Clear();
            }
        }

        return measured;
    }

    private static QuerySignals[] MeasureAnswered(DetectionProfile profile, int width, int classes, ReadOnlySpan<float> inputs, ReadOnlySpan<float> answers)
    {
        QuerySignals[] measured = new QuerySignals[inputs.Length / width];
        for (int row = 0; row < measured.Length; row++)
        {
            ReadOnlySpan<float> input = inputs.Slice(row * width, width);
            profile.Measure(input, answers.Slice(row * classes, classes), Digest(input), ref measured[row]);
        }

        return measured;
    }

    /// <summary>Tells inputs apart, as a shield's digest does; unkeyed, for nobody here chooses inputs to collide.</summary>
    private static ulong Digest(ReadOnlySpan<float> input)
    {
        ulong digest = 0x9E3779B97F4A7C15;
        foreach (float value in input)
        {
            digest = (digest ^ BitConverter.SingleToUInt32Bits(value)) * 0xFF51AFD7ED558CCD;
            digest ^= digest >> 32;
        }

        return digest;
    }
}

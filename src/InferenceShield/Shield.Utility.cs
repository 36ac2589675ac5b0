namespace InferenceShield;

/// <content>What releasing hardened answers cost honest users.</content>
public sealed partial class Shield
{
    /// <summary>How far the released answers of an output have been from the clean ones, for callers of one posture.</summary>
    /// <param name="output">The output's index: see <see cref="GetOutputIndex"/>.</param>
    /// <param name="posture">Under which the answers were released.</param>
    /// <returns>Of an output that is no distribution the rows and their marks only. Callers in a trial are not in it: see <see cref="GetTrialReport"/>.</returns>
    /// <remarks>Thread-safe, for reports: some microseconds and a few hundred bytes.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">No such output, or no such posture.</exception>
    public UtilityStatistics GetUtility(int output = 0, Posture posture = Posture.Normal)
    {
        OutputOf(_plan, output);
        RequirePosture(posture);
        return _utility[output].Read(posture);
    }

    /// <summary>Tells the shield whether an answer was right, for calibration in <see cref="GetUtility"/>.</summary>
    /// <param name="output">The output's index: see <see cref="GetOutputIndex"/>.</param>
    /// <param name="posture">The posture under which it was released: that of its admission.</param>
    /// <param name="releasedConfidence">What was released of the leading class, 0 to 1.</param>
    /// <param name="isRight">Whether the released label was the true one.</param>
    /// <param name="cleanConfidence">The clean probability of that class, 0 to 1, by which clean and released can be compared;
    /// null where it is not known.</param>
    /// <param name="inTrial">Whether the caller is in a trial: see <see cref="Admission.InTrial"/>.</param>
    /// <remarks>Thread-safe; takes a lock for some nanoseconds and allocates nothing. Not for a caller to call: a caller's word on
    /// what is right would tell the operator what the caller likes.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">No such output or posture, or a confidence that is none.</exception>
    public void ReportLabel(int output, Posture posture, float releasedConfidence, bool isRight, float? cleanConfidence = null, bool inTrial = false)
    {
        OutputOf(_plan, output);
        RequirePosture(posture);
        RequireProbability(releasedConfidence, nameof(releasedConfidence));
        RequireProbability(cleanConfidence ?? 0, nameof(cleanConfidence));
        UtilityOf(output, inTrial).Report(posture, releasedConfidence, cleanConfidence, isRight);
    }

    private static void RequirePosture(Posture posture)
    {
        if (!Enum.IsDefined(posture))
        {
            throw new ArgumentOutOfRangeException(nameof(posture), posture, "Allowed: Normal, Guarded, Restricted or Blocked.");
        }
    }

    private static void RequireProbability(float value, string name)
    {
        if (!(value is >= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(name, value, "A confidence is 0 to 1.");
        }
    }
}

using System.Globalization;

namespace InferenceShield.Lab;

/// <summary>Counts what a suspect answered that is no answer: numbers that are not finite, an index outside of the classes. A few count as unanswered,
/// so that nobody escapes a verification by spoiling one answer; of many something is wrong with the asking.</summary>
internal sealed class UnsoundAnswers(Suspect suspect)
{
    /// <summary>The share of answers that may be unsound.</summary>
    public const double Most = 0.1;

    private string _first = "";

    /// <summary>How many.</summary>
    public int Count { get; private set; }

    /// <summary>The label of an answer; -1, and counted, if it is none.</summary>
    /// <param name="answer">One answer.</param>
    /// <param name="row">Its query, for the message.</param>
    /// <param name="classes">The suspect's.</param>
    public int LabelOf(ReadOnlySpan<float> answer, int row, int classes) => IsSound(answer, row, classes) ? suspect.LabelOf(answer) : -1;

    /// <summary>Whether it is an answer; counted if not.</summary>
    /// <param name="answer">One answer.</param>
    /// <param name="row">Its query, for the message.</param>
    /// <param name="classes">The suspect's; 0 if answers are embeddings.</param>
    public bool IsSound(ReadOnlySpan<float> answer, int row, int classes)
    {
        string? fault = suspect.FaultOf(answer, classes);
        if (fault is null)
        {
            return true;
        }

        if (Count++ == 0)
        {
            _first = Say($"query {row}, answered with {fault}");
        }

        return false;
    }

    /// <summary>Refuses a suspect of which more than <see cref="Most"/> of the answers are unsound.</summary>
    /// <param name="answers">Sound and unsound; or those to come, too.</param>
    /// <exception cref="OracleException">They are.</exception>
    public void RequireFew(int answers)
    {
        if (Count > 0 && Count > Most * answers)
        {
            throw new OracleException(Say($"'{suspect.Name}' gave {Count} answers of {answers} that are none, the first to {_first}. Repair what asks it, or give a class map if it numbers classes otherwise; then ask anew without resume."));
        }
    }

    /// <summary>What the report has to say of them; null for nothing.</summary>
    /// <param name="answers">Sound and unsound.</param>
    /// <param name="counted">As what they count.</param>
    public string? Note(int answers, string counted) =>
        Count == 0 ? null : Say($"{Count} of {answers} answers are none and count as {counted}; the first is that to {_first}.");

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

namespace InferenceShield.Tests;

/// <summary>Something happened that the code promises never happens. Says what, and the seed to see it again.</summary>
internal sealed class InvariantViolationException(string message) : Exception(message)
{
    public static void Unless(bool holds, FormattableString what)
    {
        if (!holds)
        {
            throw new InvariantViolationException(FormattableString.Invariant(what));
        }
    }
}

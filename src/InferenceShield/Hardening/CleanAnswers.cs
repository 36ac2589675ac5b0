namespace InferenceShield;

/// <summary>Clean answers outside a shield: those to learn from, and those to try a learned release on.</summary>
internal static class CleanAnswers
{
    public const int MaximumClasses = 1_000_000;

    private static readonly OutputPlan s_logits = new("answers", OutputKind.Logits, new HardeningOptions());
    private static readonly OutputPlan s_probabilities = new("answers", OutputKind.Probabilities, new HardeningOptions());

    /// <summary>The number of rows, after a check of all three.</summary>
    public static int CountRows(ReadOnlySpan<float> answers, int classes, OutputKind kind)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(classes, MaximumClasses);
        Plan(kind);
        return answers.Length % classes == 0
            ? answers.Length / classes
            : throw new ArgumentException($"{answers.Length} numbers are not whole rows of {classes} classes.", nameof(answers));
    }

    /// <summary>One row as a distribution in this thread's scratch.</summary>
    /// <exception cref="InvalidModelOutputException">The row could not be released.</exception>
    public static Span<double> Normalize(ReadOnlySpan<float> answer, OutputKind kind, int row, out int top)
    {
        OutputPlan plan = Plan(kind);
        Span<double> distribution = HardeningScratch.ForThisThread.Distribution(answer.Length);
        return DistributionHardening.TryNormalize(plan, answer, distribution, out top, out _, out OutputFault fault)
            ? distribution
            : throw new InvalidModelOutputException(fault.Describe(plan.Name, row), plan.Name, row, fault.Index);
    }

    /// <summary>One row as a distribution, in other memory.</summary>
    /// <returns>False if the row could not be released.</returns>
    public static bool TryNormalize(OutputKind kind, ReadOnlySpan<float> answer, Span<double> distribution) =>
        DistributionHardening.TryNormalize(Plan(kind), answer, distribution, out _, out _, out _);

    /// <inheritdoc cref="TryNormalize(OutputKind, ReadOnlySpan{float}, Span{double})"/>
    public static bool TryNormalize(OutputKind kind, ReadOnlySpan<float> answer, Span<double> distribution, out int top) =>
        DistributionHardening.TryNormalize(Plan(kind), answer, distribution, out top, out _, out _);

    /// <summary>Checks what a learned release was given to try it on.</summary>
    public static void RequireLengths(ReadOnlySpan<float> answer, ReadOnlySpan<float> released, int classes)
    {
        if (answer.Length != classes || released.Length != classes)
        {
            throw new ArgumentException($"The answer has {answer.Length} numbers and the released one {released.Length}; both need one for each of {classes} classes.");
        }
    }

    private static OutputPlan Plan(OutputKind kind) => kind switch
    {
        OutputKind.Logits => s_logits,
        OutputKind.Probabilities => s_probabilities,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Logits and Probabilities have labels; others have not."),
    };
}

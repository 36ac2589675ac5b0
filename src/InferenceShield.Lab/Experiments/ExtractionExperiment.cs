namespace InferenceShield.Lab;

/// <summary>Steals a model once, and measures the copy.</summary>
public static class ExtractionExperiment
{
    /// <summary>Runs one attack against one policy.</summary>
    /// <param name="setup">What is stolen.</param>
    /// <param name="policy">The policy in force.</param>
    /// <param name="attack">The attack.</param>
    /// <param name="budget">Queries it may spend, at least 1.</param>
    /// <param name="seed">Everything follows from it: the defender's key, what is asked, and the copy's weights.</param>
    /// <param name="threads">Threads that training may use; the result does not depend on it.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public static async Task<ExtractionResult> RunAsync(
        ExtractionSetup setup, ReleasePolicy policy, Attack attack, int budget, ulong seed, int threads, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(setup);
        ArgumentNullException.ThrowIfNull(policy);
        return await RunAsync(setup, policy, new ReleaseOracle(setup.Target, policy.Create(seed)), attack, budget, seed, threads, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Runs one attack against a model behind an oracle of its own: a shielded session with its limits, many callers, a server.</summary>
    /// <param name="setup">What is stolen; its target is what copies are measured by, and is not asked.</param>
    /// <param name="policy">The policy behind the oracle, as the thief knows it.</param>
    /// <param name="oracle">What is asked.</param>
    /// <param name="attack">The attack. Its evasions stand between the budget and the strategy, so that what they ask costs budget.</param>
    /// <param name="budget">Queries that may reach the oracle, refused ones included, at least 1.</param>
    /// <param name="seed">What is asked and the copy's weights follow from it.</param>
    /// <param name="threads">Threads that training may use; the result does not depend on it.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="ArgumentException">The oracle's rows or answers are of another length than the target's.</exception>
    /// <exception cref="ExtractionException">Not one query was answered.</exception>
    /// <exception cref="OracleException">An answer holds a value that is not finite.</exception>
    public static async Task<ExtractionResult> RunAsync(
        ExtractionSetup setup, ReleasePolicy policy, IOracle oracle, Attack attack, int budget, ulong seed, int threads, CancellationToken cancellationToken) =>
        (await StealAsync(setup, policy, oracle, attack, budget, seed, threads, cancellationToken).ConfigureAwait(false)).Result;

    /// <summary>Runs one attack and keeps the loot: the copy, to export or to attack with, and what was asked and answered.</summary>
    /// <inheritdoc cref="RunAsync(ExtractionSetup, ReleasePolicy, IOracle, Attack, int, ulong, int, CancellationToken)"/>
    public static async Task<Theft> StealAsync(
        ExtractionSetup setup, ReleasePolicy policy, IOracle oracle, Attack attack, int budget, ulong seed, int threads, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(setup);
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(oracle);
        ArgumentNullException.ThrowIfNull(attack);
        ArgumentOutOfRangeException.ThrowIfLessThan(budget, 1);
        if (oracle.InputLength != setup.Target.InputLength || oracle.AnswerLength != setup.Target.ClassCount)
        {
            throw new ArgumentException(
                $"The oracle takes rows of {oracle.InputLength} values and answers {oracle.AnswerLength}; the target of '{setup.Name}' takes {setup.Target.InputLength} and answers {setup.Target.ClassCount}. Ask the model that copies are measured by.", nameof(oracle));
        }

        QueryMeter meter = new();
        IOracle metered = new BudgetOracle(new ObservedOracle(oracle, attack.Name, meter), budget);
        QueryContext context = new(budget, seed, setup.Pool, attack.Surrogate, threads);
        IOracle asked = attack.Through?.Invoke(metered, context) ?? metered;
        (IClassifier copy, Transcript? transcript, string? verdict) = attack.Exact is { } exact
            ? Read(await exact.StealAsync(DoubleOracle.Of(asked), context, cancellationToken).ConfigureAwait(false), setup.Target)
            : await TrainAsync(setup, policy, attack, asked, context, meter, cancellationToken).ConfigureAwait(false);
        CopyMetrics metrics = CopyMetrics.Measure(
            Classify(setup.Target, setup.Test), Classify(copy, setup.Test), setup.Test.Labels.Span, setup.Target.ClassCount);
        ExtractionResult result = new(setup.Name, policy.Name, attack.Name, budget, seed, meter.Asked, meter.Answered, metrics)
        {
            Repeats = meter.Repeats,
            Duration = meter.Duration,
            Verdict = verdict,
        };
        return new Theft(result, copy, transcript);
    }

    private static async Task<(IClassifier Copy, Transcript? Transcript, string? Verdict)> TrainAsync(
        ExtractionSetup setup, ReleasePolicy policy, Attack attack, IOracle oracle, QueryContext context, QueryMeter meter, CancellationToken cancellationToken)
    {
        Transcript transcript = await attack.Strategy.AskAsync(oracle, context, cancellationToken).ConfigureAwait(false);
        if (transcript.Count == 0)
        {
            throw new ExtractionException(
                $"The attack '{attack.Name}' on '{setup.Name}' has nothing to train on: of {meter.Asked} queries, {meter.Refused} were refused. Loosen the limits, or let it wait with a {nameof(RetryOracle)}.");
        }

        float[] targets = attack.Recovery.Recover(transcript, policy, context.Seed);
        Surrogate copy = SurrogateTrainer.Train(
            transcript.Inputs, targets, transcript.InputLength, transcript.AnswerLength, attack.Surrogate, context.Seed, context.Threads, cancellationToken);
        return (copy, transcript, null);
    }

    /// <summary>An exact attack that came to nothing leaves the thief with a copy that knows nothing.</summary>
    private static (IClassifier Copy, Transcript? Transcript, string? Verdict) Read(ExactResult result, IClassifier target) =>
        (result.Copy ?? new UniformClassifier(target.InputLength, target.ClassCount), null, result.Verdict);

    private static float[] Classify(IClassifier classifier, Dataset rows)
    {
        float[] probabilities = new float[rows.Count * classifier.ClassCount];
        classifier.Classify(rows.Values.Span, probabilities);
        return probabilities;
    }
}

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
        ArgumentNullException.ThrowIfNull(attack);
        ArgumentOutOfRangeException.ThrowIfLessThan(budget, 1);
        IOracle oracle = new ReleaseOracle(setup.Target, policy.Create(seed));
        Transcript transcript = await attack.Strategy.AskAsync(
            attack.Through?.Invoke(oracle, seed) ?? oracle, new QueryContext(budget, seed, setup.Pool, attack.Surrogate, threads), cancellationToken).ConfigureAwait(false);
        float[] targets = attack.Recovery.Recover(transcript, policy, seed);
        Surrogate surrogate = SurrogateTrainer.Train(
            transcript.Inputs, targets, transcript.InputLength, transcript.AnswerLength, attack.Surrogate, seed, threads, cancellationToken);
        CopyMetrics copy = CopyMetrics.Measure(
            Classify(setup.Target, setup.Test), Classify(surrogate, setup.Test), setup.Test.Labels.Span, setup.Target.ClassCount);
        return new ExtractionResult(setup.Name, policy.Name, attack.Name, budget, seed, transcript.Count, transcript.Count, copy);
    }

    private static float[] Classify(IClassifier classifier, Dataset rows)
    {
        float[] probabilities = new float[rows.Count * classifier.ClassCount];
        classifier.Classify(rows.Values.Span, probabilities);
        return probabilities;
    }
}

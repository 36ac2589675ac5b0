namespace InferenceShield.Lab;

/// <summary>Partial Bayes (ModelGuard's suite: Tang et al., USENIX Security 2024): a table of clean answers and of what the algorithm
/// releases for them; an answer is read as the mean clean answer of the entries near it.</summary>
/// <remarks>
/// <para>Near is an L1 distance of .01 at the most, among entries of the same label; where there is none, the nearest entry is taken.
/// A label without entries is taken as it is. The algorithm runs under a key that the seed makes, not the defender's.</para>
/// <para>Cost: releasing the table once, 50,000 answers or 4,000,000 values if that is less, and for each answer the comparison with the entries
/// whose confidence is near.</para>
/// </remarks>
public sealed class LookupRecovery : IAnswerRecovery
{
    private const int MostEntries = 50_000;
    private const int MostValues = 4_000_000;

    private readonly AnswerPrior _prior;

    /// <summary>Takes clean answers to look like the prior.</summary>
    /// <param name="prior">What clean answers look like; null for <see cref="AnswerPrior.Sharp"/>.</param>
    public LookupRecovery(AnswerPrior? prior = null) => _prior = prior ?? AnswerPrior.Sharp;

    /// <inheritdoc/>
    public string Name => ReferenceEquals(_prior, AnswerPrior.Sharp) ? "partial Bayes" : $"partial Bayes, {_prior.Name}";

    /// <inheritdoc/>
    public float[] Recover(Transcript transcript, ReleasePolicy policy, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(transcript);
        ArgumentNullException.ThrowIfNull(policy);
        int classes = transcript.AnswerLength;
        float[] clean = _prior.Draw(transcript, Math.Max(1, Math.Min(MostEntries, MostValues / classes)), seed);
        float[] released = new float[clean.Length];
        policy.Create(ThiefKey.Of(seed)).Apply(default, clean, classes, released);
        AnswerTable table = new(clean, released, classes);
        float[] targets = new float[transcript.Answers.Length];
        for (int row = 0; row < targets.Length; row += classes)
        {
            table.Find(transcript.Answers.Slice(row, classes), targets.AsSpan(row, classes));
        }

        return targets;
    }
}

using InferenceShield.Lab;

namespace InferenceShield.Statistics.Efficacy;

/// <summary>One theft to run.</summary>
/// <param name="Policy">The policy in force.</param>
/// <param name="Attack">One of <see cref="Attacks"/>.</param>
/// <param name="Budget">Distinct inputs.</param>
/// <param name="Seed">The seed.</param>
internal sealed record EfficacyCell(ReleasePolicy Policy, string Attack, int Budget, ulong Seed)
{
    /// <summary>Of an input's spread: how far a near-repeat is off.</summary>
    private const double NearRepeat = 0.1;

    public static readonly IReadOnlyList<string> Attacks =
    [
        EfficacyFigures.Naive, EfficacyFigures.Label, "D-DAE+", "top-1 + prior", "partial Bayes", "8 repeats", "8 near-repeats", "8 near-repeats by label",
    ];

    public required string Target { get; init; }

    public required int Repeats { get; init; }

    public (string, string, string, int, ulong) Key => (Target, Policy.Name, Attack, Budget, Seed);

    public static int Order(string attack) => Attacks.ToList().IndexOf(attack);

    public async Task<EfficacyRow> RunAsync(EfficacyTarget target, CancellationToken cancellationToken)
    {
        ExtractionSetup setup = target.SetupFor(Budget);
        bool repeats = Attack.StartsWith('8');
        Attack attack = new(Attack, new PoolStrategy(), Recovery(), target.Surrogate)
        {
            Through = !repeats ? null : (oracle, context) => Attack == "8 repeats"
                ? AveragingOracle.OverRepeats(oracle, Repeats)
                : AveragingOracle.OverNearRepeats(oracle, Repeats, NearRepeat, setup.Pool, context.Seed, countsLabels: Attack.EndsWith("by label", StringComparison.Ordinal)),
        };
        ExtractionResult result = await ExtractionExperiment.RunAsync(setup, Policy, attack, repeats ? Budget * Repeats : Budget, Seed, 1, cancellationToken).ConfigureAwait(false);
        return new EfficacyRow(
            Target, Policy.Name, Attack, Budget, Seed, result.Queries, result.Copy.Agreement, result.Copy.Accuracy ?? double.NaN, result.Copy.Divergence, result.Copy.Distance);
    }

    private IAnswerRecovery Recovery() => Attack switch
    {
        EfficacyFigures.Label => new LabelRecovery(),
        "D-DAE+" => new NetworkRecovery(),
        "top-1 + prior" => new LabelPriorRecovery(),
        "partial Bayes" => new LookupRecovery(),
        _ => new NaiveRecovery(),
    };
}

namespace InferenceShield.Lab;

/// <summary>The attacks that exist, by name, with their defaults.</summary>
public static class AttackCatalog
{
    private const int Repeats = 4;
    private const double NearRepeat = 0.1;

    private static readonly (string Name, string Summary, Func<SurrogateOptions, Attack> Create)[] s_attacks =
    [
        ("naive", "asks rows of the pool, trains on answers as they came", surrogate => OfPool("naive", new NaiveRecovery(), surrogate)),
        ("top-1", "trains on labels alone", surrogate => OfPool("top-1", new LabelRecovery(), surrogate)),
        ("averaging", "asks each row 4 times and averages", surrogate => OfPool("averaging", new NaiveRecovery(), surrogate) with { Through = static (oracle, _) => AveragingOracle.OverRepeats(oracle, Repeats) }),
        ("near-repeats", "asks each row and 3 copies of it with a tenth of the spread as noise, and averages", surrogate => OfPool("near-repeats", new NaiveRecovery(), surrogate) with { Through = static (oracle, context) => AveragingOracle.OverNearRepeats(oracle, Repeats, NearRepeat, context.Pool!, context.Seed) }),
        ("padding", "hides every other query among honest ones, whose answers it throws away", surrogate => OfPool("padding", new NaiveRecovery(), surrogate) with { Through = static (oracle, context) => new BenignPaddingOracle(oracle, context.Pool!, 0.5, context.Seed) }),
        ("partial-bayes", "looks answers up in a table of the known algorithm", surrogate => OfPool("partial-bayes", new LookupRecovery(), surrogate)),
        ("d-dae", "undoes the known algorithm with a network: D-DAE+", surrogate => OfPool("d-dae", new NetworkRecovery(), surrogate)),
        ("knockoff", "learns what to ask: Knockoff Nets, adaptive", surrogate => new Attack("knockoff", new KnockoffStrategy(), new NaiveRecovery(), surrogate)),
        ("active", "asks what its copy is least sure of", surrogate => new Attack("active", new ActiveStrategy(), new NaiveRecovery(), surrogate)),
        ("k-center", "asks what lies farthest from all it asked", surrogate => new Attack("k-center", new ActiveStrategy { Selection = ActiveSelection.KCenter }, new NaiveRecovery(), surrogate)),
        ("jbda", "grows few rows by the copy's gradient", surrogate => new Attack("jbda", new JbdaStrategy(), new NaiveRecovery(), surrogate)),
        ("line-search", "asks where labels change", surrogate => new Attack("line-search", new LineSearchStrategy(), new LabelRecovery(), surrogate)),
        ("equation", "solves for the weights of a linear model; trains nothing", surrogate => OfAnswers("equation", surrogate)),
        ("functionally-equivalent", "reads one hidden layer off its kinks; trains nothing", surrogate => OfAnswers("functionally-equivalent", surrogate)),
        ("decision-path", "finds the leaves of a decision tree; trains nothing", surrogate => OfAnswers("decision-path", surrogate)),
        ("jbda-top", "grows few rows towards their likeliest classes", surrogate => new Attack("jbda-top", new JbdaStrategy { Kind = JbdaKind.Top }, new NaiveRecovery(), surrogate)),
        ("grid", "sweeps the box of the inputs evenly", surrogate => new Attack("grid", new GridStrategy { IsLowDiscrepancy = true }, new NaiveRecovery(), surrogate)),
        ("data-free", "has no data and makes its own by a generator", surrogate => new Attack("data-free", new DataFreeStrategy(), new NaiveRecovery(), surrogate)),
        ("noise", "has no data and asks noise", surrogate => new Attack("noise", new NoiseStrategy(), new NaiveRecovery(), surrogate)),
    ];

    /// <summary>All attacks, the simplest first.</summary>
    public static IReadOnlyList<CatalogEntry> Entries { get; } = [.. s_attacks.Select(attack => new CatalogEntry(attack.Name, attack.Summary))];

    /// <summary>Makes an attack.</summary>
    /// <param name="name">One of <see cref="Entries"/>.</param>
    /// <param name="surrogate">What it trains.</param>
    /// <exception cref="ArgumentException">There is no such attack; says which there are.</exception>
    public static Attack Create(string name, SurrogateOptions surrogate)
    {
        ArgumentNullException.ThrowIfNull(surrogate);
        int found = Array.FindIndex(s_attacks, attack => attack.Name == name);
        return found >= 0
            ? s_attacks[found].Create(surrogate)
            : throw new ArgumentException($"There is no attack '{name}'. Allowed: {string.Join(", ", s_attacks.Select(attack => attack.Name))}.");
    }

    private static Attack OfAnswers(string name, SurrogateOptions surrogate) => OfPool(name, new NaiveRecovery(), surrogate) with { Exact = ExactAttacks.Get(name) };

    private static Attack OfPool(string name, IAnswerRecovery recovery, SurrogateOptions surrogate) => new(name, new PoolStrategy(), recovery, surrogate);
}

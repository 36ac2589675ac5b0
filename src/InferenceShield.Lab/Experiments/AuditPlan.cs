using System.Collections.Immutable;

namespace InferenceShield.Lab;

/// <summary>What an audit runs: every attack against every policy, at every budget, with every seed, on every setup.</summary>
/// <remarks>Immutable and thread-safe. One combination is a cell: one theft.</remarks>
public sealed class AuditPlan
{
    private readonly Lazy<string> _digest;

    /// <summary>Makes a plan.</summary>
    /// <param name="setups">What is stolen.</param>
    /// <param name="policies">The policies in force. With <see cref="ReleasePolicy.None"/> among them, the others are compared with it.</param>
    /// <param name="attacks">The attacks.</param>
    /// <param name="budgets">Queries, each at least 1; two or more make a curve.</param>
    /// <param name="seeds">Three or more give intervals that mean something.</param>
    /// <exception cref="ArgumentException">A list is empty or names something twice, or a budget is below 1.</exception>
    public AuditPlan(
        ImmutableArray<ExtractionSetup> setups, ImmutableArray<ReleasePolicy> policies, ImmutableArray<Attack> attacks, ImmutableArray<int> budgets, ImmutableArray<ulong> seeds)
    {
        Require(setups, setup => setup.Name, nameof(setups));
        Require(policies, policy => policy.Name, nameof(policies));
        Require(attacks, attack => attack.Name, nameof(attacks));
        Require(budgets, budget => budget, nameof(budgets));
        Require(seeds, seed => seed, nameof(seeds));
        if (budgets.Min() < 1)
        {
            throw new ArgumentException($"A budget of {budgets.Min()} queries is below 1.", nameof(budgets));
        }

        Setups = setups;
        Policies = policies;
        Attacks = attacks;
        Budgets = budgets.Sort();
        Seeds = seeds;
        _digest = new Lazy<string>(() => PlanDigest.Compute(this));
    }

    /// <summary>What is stolen.</summary>
    public ImmutableArray<ExtractionSetup> Setups { get; }

    /// <summary>The policies in force.</summary>
    public ImmutableArray<ReleasePolicy> Policies { get; }

    /// <summary>The attacks.</summary>
    public ImmutableArray<Attack> Attacks { get; }

    /// <summary>Queries, ascending.</summary>
    public ImmutableArray<int> Budgets { get; }

    /// <summary>The seeds.</summary>
    public ImmutableArray<ulong> Seeds { get; }

    /// <summary>The number of thefts.</summary>
    public int CellCount => Setups.Length * Policies.Length * Attacks.Length * Budgets.Length * Seeds.Length;

    /// <summary>32 hexadecimal digits that another plan does not have: of names, options, data, and of what target and policies answer.</summary>
    /// <remarks>Computed once, on first use: hashes all data, and asks the target some test rows.</remarks>
    public string Digest => _digest.Value;

    /// <summary>All cells, in the order in which reports show them.</summary>
    internal IEnumerable<AuditCell> Cells =>
        from setup in Setups
        from policy in Policies
        from attack in Attacks
        from budget in Budgets
        from seed in Seeds
        select new AuditCell(setup, policy, attack, budget, seed);

    private static void Require<TItem, TKey>(ImmutableArray<TItem> items, Func<TItem, TKey> key, string name)
    {
        if (items.IsDefaultOrEmpty)
        {
            throw new ArgumentException($"There are no {name}.", name);
        }

        if (items.GroupBy(key).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new ArgumentException($"'{twice.Key}' is there twice among the {name}.", name);
        }
    }
}

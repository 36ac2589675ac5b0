namespace InferenceShield.Lab;

/// <summary>The attacks that exist, by name, with their defaults.</summary>
public static class AttackCatalog
{
    private static readonly (string Name, string Summary, Func<SurrogateOptions, Attack> Create)[] s_attacks =
    [
        ("naive", "asks rows of the pool, trains on answers as they came", surrogate => new Attack("naive", new PoolStrategy(), new NaiveRecovery(), surrogate)),
        ("top-1", "asks rows of the pool, trains on labels alone", surrogate => new Attack("top-1", new PoolStrategy(), new LabelRecovery(), surrogate)),
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
}

namespace InferenceShield.Lab;

/// <summary>The exact attacks by name.</summary>
/// <remarks>Any oracle whose answers are distributions will do, through <see cref="DoubleOracle.Of"/>.</remarks>
public static class ExactAttacks
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<IExactAttack> All { get; } =
    [
        new EquationAttack(),
        new LowdMeekAttack(),
        new DecisionPathAttack(),
        new FunctionallyEquivalentAttack(),
    ];

    /// <summary>The attack of a name.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static IExactAttack Get(string name) =>
        All.FirstOrDefault(attack => attack.Name == name)
        ?? throw new ArgumentException($"There is no exact attack '{name}'; there are {string.Join(", ", All.Select(attack => attack.Name))}.", nameof(name));
}

using System.Globalization;

namespace InferenceShield.Lab;

/// <summary>What a verification would ask, and what that suffices for.</summary>
/// <param name="Given">Queries at hand, repeats left out.</param>
/// <param name="Asked">What would be asked, with the rows that only show which class is which.</param>
/// <param name="Tests">For each test what it needs at the expected match, and at that of a copy trained in the usual way.</param>
/// <param name="Missing">Tests of marks that cannot be made or cannot reach the p-value, and why.</param>
public sealed record VerificationPlan(int Given, int Asked, IReadOnlyList<PowerEstimate> Tests, IReadOnlyList<string> Missing)
{
    /// <summary>A line for each test.</summary>
    public override string ToString() => string.Join(Environment.NewLine, Tests.Select(static test => string.Create(
        CultureInfo.InvariantCulture,
        $"{test.Name}: {(test.Needed == CellPower.Never ? "no number of" : test.Needed)} answers for p = {test.PValue:0e+0} of {(double.IsNaN(test.Match) ? "a copy" : string.Create(CultureInfo.InvariantCulture, $"a copy that repeats {test.Match:P0} of the mark"))}; {test.Available} of the queries at hand can count{(test.Queries is { } queries ? $", about {queries:N0} of their kind are needed" : "")}"))
        .Concat(Missing));
}

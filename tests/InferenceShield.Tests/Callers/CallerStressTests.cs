namespace InferenceShield.Tests;

/// <summary>Seconds of what tests/InferenceShield.Soak runs for minutes.</summary>
public sealed class CallerStressTests
{
    [Theory]
    [InlineData(1, 3)]
    [InlineData(2, 4)]
    public void Callers_that_fight_for_few_records_have_one_each_and_lose_no_charge(int seed, int threads) =>
        Assert.True(CallerTableStress.Run(seed, threads, rounds: 4_000) > 4_000);

    [Theory]
    [InlineData(1, 2, false)]
    [InlineData(2, 4, false)]
    [InlineData(3, 2, true)]
    [InlineData(4, 4, true)]
    public void However_often_records_change_hands_nobody_gets_more_than_its_budget_and_every_query_is_counted(int seed, int threads, bool hasGroups) =>
        Assert.True(AdmissionStress.Run(seed, threads, rounds: 3_000, hasGroups) > 3_000);
}

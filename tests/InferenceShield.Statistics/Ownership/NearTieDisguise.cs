using InferenceShield.Numerics;
using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>Near ties that are released as sure as other answers: the label that the key picks gets a greater share of what the two have together.</summary>
/// <remarks>The share is a function of how near the two are, the surest for a perfect tie. So near-repeats of an input get like answers, and repeats
/// the same; a share that a cell's key draws would be the same for all answers of the cell, and show.</remarks>
internal static class NearTieDisguise
{
    public const string None = "as they are";
    public const string LikeNeighbours = "like neighbours";
    public const string Evenly = "evenly";
    public const string LikeAll = "like all";

    public static IReadOnlyList<string> Names { get; } = [None, LikeNeighbours, Evenly, LikeAll];

    /// <summary>The picked label's share, at least .5, by the two's difference, 0 to 1 of the margin.</summary>
    public static Func<double, double>? Get(string name, OwnershipTarget target)
    {
        switch (name)
        {
            case None:
                return null;
            case LikeNeighbours:
                return nearness => 0.8 - (0.2 * nearness);
            case Evenly:
                return nearness => 1 - (0.4 * nearness);
            case LikeAll:
                double[] shares = Shares(target);
                return nearness => shares[(int)((1 - nearness) * (shares.Length - 1))];
            default:
                throw new ArgumentException($"There is no disguise '{name}'.", nameof(name));
        }
    }

    /// <summary>Changes a clean row, if it is a near tie.</summary>
    public static void Apply(SipHashKey key, in MarkInput input, OwnershipMark mark, Func<double, double> share, Span<float> row)
    {
        if (!NearTieMark.TryFind(OutputKind.Probabilities, row, mark.Size, out NearTie tie))
        {
            return;
        }

        int picked = mark.Keying == MarkKeying.Cell ? NearTieMark.Pick(key, tie) : NearTieMark.Pick(key, tie, input.Exact);
        double mass = (double)row[tie.Lower] + row[tie.Higher];
        double difference = Math.Abs((double)row[tie.Lower] - row[tie.Higher]);
        double given = mass * Math.Max(share(Math.Min(1, difference / mark.Size)), 0.5 + (difference / mass / 2) + 1e-6);
        row[picked] = (float)given;
        row[picked == tie.Lower ? tie.Higher : tie.Lower] = (float)(mass - given);
    }

    /// <summary>Of benign rows that are no near ties, ascending.</summary>
    private static double[] Shares(OwnershipTarget target)
    {
        float[] answers = OneHot.Ask(target.Model, target.Benign.Values.Span);
        List<double> shares = [];
        foreach (float[] answer in answers.Chunk(target.Model.ClassCount))
        {
            int first = LeadingClass.FindFirst(answer);
            int second = LeadingClass.FindSecond(answer, first);
            if (answer[first] - answer[second] > 0.2)
            {
                shares.Add((double)answer[first] / ((double)answer[first] + answer[second]));
            }
        }

        return [.. shares.Order()];
    }
}

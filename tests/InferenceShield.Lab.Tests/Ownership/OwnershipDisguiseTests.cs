using InferenceShield.Numerics;
using InferenceShield.Samples;
using InferenceShield.Statistics.Ownership;

namespace InferenceShield.Lab.Tests;

/// <summary>What the page says of near ties that are released as sure as others, held to its files.</summary>
public sealed class OwnershipDisguiseTests
{
    private const string Fashion = OwnershipTarget.Fashion;

    private static readonly OwnershipDisguise s_disguise = OwnershipDisguise.Load(SampleFiles.FindRoot());

    [Fact]
    public void Making_small_released_margins_even_removes_the_mark_of_near_ties_as_they_are_and_not_of_disguised_ones()
    {
        Assert.True(s_disguise.Exact(Fashion, NearTieDisguise.None, DisguiseThieves.EvensReleased).MedianLogP > -2);
        foreach (string disguise in new[] { NearTieDisguise.Evenly, NearTieDisguise.LikeAll })
        {
            OwnershipSummary evens = s_disguise.Exact(Fashion, disguise, DisguiseThieves.EvensReleased);
            Assert.Equal(OwnershipExperiment.Seeds, evens.Rows.Select(row => row.Seed).Order());
            Assert.True(evens.WorstLogP < -20);
            Assert.True(s_disguise.Exact(Fashion, disguise, DisguiseThieves.EvensOwn).WorstLogP < -10);
        }
    }

    [Fact]
    public void A_copy_of_the_other_half_removes_it_from_disguised_near_ties_and_from_labels_for_little()
    {
        foreach (string target in OwnershipTarget.Names)
        {
            double best = s_disguise.Exact(target, NearTieDisguise.None, DisguiseThieves.Trains).Accuracy;
            foreach (string disguise in new[] { NearTieDisguise.Evenly, NearTieDisguise.LikeAll })
            {
                OwnershipSummary replaces = s_disguise.Exact(target, disguise, DisguiseThieves.ReplacesOther);
                Assert.True(replaces.MedianLogP > -2);
                Assert.True(replaces.Accuracy > best - 0.05);
            }

            OwnershipSummary labels = s_disguise.Exact(target, NearTieDisguise.None, DisguiseThieves.Trains, MarkedRelease.Labels);
            OwnershipSummary removed = s_disguise.Exact(target, NearTieDisguise.None, DisguiseThieves.ReplacesOther, MarkedRelease.Labels);
            Assert.True(labels.WorstLogP < -12);
            Assert.True(removed.MedianLogP > -2);
            Assert.True(removed.Accuracy < labels.Accuracy);
        }
    }

    [Fact]
    public void Honest_users_are_told_the_marks_labels_and_the_less_of_the_truth_the_surer_they_seem()
    {
        foreach ((string target, string release) in from target in OwnershipTarget.Names from release in DisguiseExperiment.Scores select (target, release))
        {
            double[] Of(Func<DisguiseCostRow, double> value) => [.. NearTieDisguise.Names.Select(disguise => s_disguise.Cost(target, disguise, value, release))];
            Assert.Single(Of(row => row.Accuracy).Distinct());
            Assert.Equal(Of(row => row.Brier).Order(), Of(row => row.Brier));
            Assert.Equal(Of(row => row.CalibrationError).Max(), Of(row => row.CalibrationError)[^1]);
        }
    }

    [Fact]
    public void A_disguised_row_keeps_its_sum_and_is_led_by_what_the_key_picks_the_surer_the_nearer_the_two_are()
    {
        SeededRandom random = new(81, 1);
        OwnershipMark mark = OwnershipMark.NearTie(MarkKeying.Cell, 0.2);
        SipHashKey key = RandomKeys.Get(8, 0);
        int moved = 0;
        foreach (string name in new[] { NearTieDisguise.LikeNeighbours, NearTieDisguise.Evenly })
        {
            Func<double, double> share = NearTieDisguise.Get(name, null!)!;
            for (int i = 0; i < 500; i++)
            {
                float second = 0.3f + (0.1f * Math.Abs(random.NextSigned()));
                float[] clean = [0.1f, second, second + (0.3f * Math.Abs(random.NextSigned())), 0.05f];
                clean = Array.ConvertAll(clean, value => value / clean.Sum());
                float[] row = [.. clean];
                NearTieDisguise.Apply(key, default, mark, share, row);
                if (!NearTieMark.TryFind(OutputKind.Probabilities, clean, 0.2, out NearTie tie))
                {
                    Assert.Equal(clean, row);
                    continue;
                }

                int picked = NearTieMark.Pick(key, tie);
                double mass = (double)clean[1] + clean[2];
                double given = Math.Max(share(((double)clean[2] - clean[1]) / 0.2), clean[2] / mass);
                Assert.Equal(given * mass, row[picked], 1e-5);
                Assert.Equal((1 - given) * mass, row[3 - picked], 1e-5);
                Assert.Equal((clean[0], clean[3]), (row[0], row[3]));
                moved += picked == 1 ? 1 : 0;
            }
        }

        Assert.InRange(moved, 50, 700);
    }
}

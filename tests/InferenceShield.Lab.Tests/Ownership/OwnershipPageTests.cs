using InferenceShield.Samples;
using InferenceShield.Statistics.Ownership;

namespace InferenceShield.Lab.Tests;

/// <summary>docs/ownership.md says what its CSV files say, and the files say what is claimed.</summary>
public sealed class OwnershipPageTests
{
    private const int Few = OwnershipExperiment.Few;
    private const int Many = OwnershipExperiment.Many;
    private const string Fashion = OwnershipTarget.Fashion;
    private const string Letters = OwnershipTarget.Letters;

    private static readonly string s_root = SampleFiles.FindRoot();
    private static readonly OwnershipFigures s_figures = OwnershipFigures.Load(s_root);
    private static readonly string s_cell = OwnershipMark.NearTie(MarkKeying.Cell, 0.2).Name;
    private static readonly string s_exact = OwnershipMark.NearTie(MarkKeying.ExactInput, 0.2).Name;

    [Fact]
    public void The_page_is_what_the_files_make() =>
        Assert.Equal(OwnershipPage.Make(s_root), File.ReadAllText(OwnershipPage.PathIn(s_root)).ReplaceLineEndings("\n"));

    [Fact]
    public void The_first_lines_say_what_marks_cannot_do() =>
        Assert.Contains("**What marks cannot do:**", File.ReadLines(OwnershipPage.PathIn(s_root)).Take(6));

    [Fact]
    public void What_was_asked_for_is_met_but_for_what_the_page_says_is_not()
    {
        OwnershipAcceptance[] lines = [.. OwnershipAcceptance.All(s_figures, Path.Combine(s_root, "tests", "InferenceShield.Statistics", "results"))];
        Assert.Equal(52, lines.Length);
        string[] missed = [.. lines.Where(line => !line.IsMet).Select(line => line.What)];
        Assert.Equal([$"{s_cell}: labels, Fashion 5,000", $"{s_cell}: 8 votes, Fashion 5,000, unseen rows"], missed);
    }

    [Theory]
    [InlineData(Fashion, Few)]
    [InlineData(Fashion, Many)]
    [InlineData(Letters, Few)]
    public void A_copy_of_labels_takes_the_mark_over_and_regularising_weakens_it(string target, int budget)
    {
        foreach (string mark in new[] { s_cell, s_exact })
        {
            OwnershipSummary Of(string thief) => s_figures.Get(target, mark, MarkedRelease.Labels, thief, budget);
            Assert.True(Of(OwnershipThieves.Labels).WorstLogP < -12);
            Assert.True(Of(OwnershipThieves.Labels).Statistic > 0.97);
            Assert.True(Of(OwnershipThieves.Regularised).MedianLogP > Of(OwnershipThieves.Labels).MedianLogP);
            Assert.True(Of(OwnershipThieves.StronglyRegularised).MedianLogP > Of(OwnershipThieves.Regularised).MedianLogP);
        }
    }

    [Fact]
    public void The_less_a_release_tells_the_more_of_the_mark_a_copy_takes_over()
    {
        foreach (string mark in new[] { s_cell, s_exact })
        {
            foreach (string target in OwnershipTarget.Names)
            {
                double Matches(string release, string thief) => s_figures.Get(target, mark, release, thief, Few).Statistic;
                Assert.True(Matches(MarkedRelease.Labels, OwnershipThieves.Labels) > Matches(MarkedRelease.Round1, OwnershipThieves.Scores));
                Assert.True(Matches(MarkedRelease.Round1, OwnershipThieves.Scores) > Matches(MarkedRelease.Round2, OwnershipThieves.Scores));
            }
        }
    }

    [Fact]
    public void Votes_remove_the_exact_key_and_not_the_cell_key()
    {
        Assert.True(s_figures.Get(Fashion, s_exact, MarkedRelease.Labels, OwnershipThieves.Votes, Few).MedianLogP > -3);
        Assert.True(s_figures.Get(Fashion, s_cell, MarkedRelease.Labels, OwnershipThieves.Votes, Few).WorstLogP < -3);
    }

    [Fact]
    public void A_copy_of_a_copy_escapes_at_the_price_that_the_page_states()
    {
        OwnershipSummary chain = s_figures.Get(Fashion, s_cell, MarkedRelease.Labels, OwnershipThieves.Chain, Few);
        Assert.True(chain.WorstLogP > -3);
        Assert.True(chain.Accuracy < s_figures.Get(Fashion, s_cell, MarkedRelease.Labels, OwnershipThieves.Labels, Few).Accuracy - 0.005);
    }

    [Fact]
    public void Where_the_second_label_is_released_making_small_margins_even_removes_the_near_tie_mark_at_no_cost()
    {
        foreach (string release in new[] { MarkedRelease.Bands, MarkedRelease.Round1, MarkedRelease.Round2, MarkedRelease.Full })
        {
            foreach ((string target, string mark) in from target in OwnershipTarget.Names from mark in new[] { s_cell, s_exact } select (target, mark))
            {
                OwnershipSummary naive = s_figures.Get(target, mark, release, OwnershipThieves.Scores, Few);
                OwnershipSummary evens = s_figures.Get(target, mark, release, OwnershipThieves.EvensMargins, Few);
                Assert.Equal(OwnershipExperiment.Seeds.Length, evens.Rows.Count);
                Assert.True(naive.MedianLogP < -2);
                Assert.True(evens.MedianLogP > -2);
                Assert.True(evens.Accuracy > naive.Accuracy - 0.005);
                Assert.True(evens.Agreement > naive.Agreement - 0.005);
            }
        }
    }

    [Fact]
    public void Labels_keep_the_near_tie_mark_though_a_thief_makes_near_ties_of_his_own_even()
    {
        foreach ((string target, string mark) in from target in OwnershipTarget.Names from mark in new[] { s_cell, s_exact } select (target, mark))
        {
            Assert.True(s_figures.Get(target, mark, MarkedRelease.Labels, OwnershipThieves.EvensOwn, Few).WorstLogP < -3);
        }
    }

    [Fact]
    public void Triggers_are_remembered_by_copies_that_are_trained_to_the_end_only()
    {
        const string Mark = "triggers 0.005";
        Assert.True(s_figures.Get(Fashion, Mark, MarkedRelease.Labels, OwnershipThieves.Labels, Many).WorstLogP < -12);
        Assert.True(s_figures.Get(Fashion, Mark, MarkedRelease.Labels, OwnershipThieves.Regularised, Many).MedianLogP > -2);
    }

    [Fact]
    public void Fine_tuning_on_true_labels_removes_the_cosine_mark_and_weakens_the_near_tie_mark()
    {
        OwnershipSummary Cosine(string thief) => s_figures.Get(Fashion, "cosine 0.05", MarkedRelease.Full, thief, Few);
        Assert.True(Cosine(OwnershipThieves.Scores).Statistic > 4);
        Assert.True(Cosine(OwnershipThieves.FineTuned).Statistic < 3);
        Assert.True(Cosine(OwnershipThieves.Chain).Statistic > 3);
        OwnershipSummary NearTie(string thief) => s_figures.Get(Fashion, s_cell, MarkedRelease.Labels, thief, Few);
        Assert.InRange(NearTie(OwnershipThieves.FineTunedLong).MedianLogP, NearTie(OwnershipThieves.Labels).MedianLogP, -6);
    }

    [Fact]
    public void Marks_that_keep_labels_move_none()
    {
        foreach (OwnershipMark mark in OwnershipCost.Marks.Where(mark => mark.IsCosine || mark.IsPermutation))
        {
            foreach (string target in OwnershipTarget.Names)
            {
                Assert.All(s_figures.Costs(target, mark.Name), row => Assert.Equal(0, row.Moved + Math.Abs(row.Gain)));
                Assert.Equal(OwnershipCost.Keys, s_figures.Costs(target, mark.Name).Count);
            }
        }
    }

    [Fact]
    public void Random_keys_seldom_accuse_whoever_is_accused()
    {
        Assert.NotEmpty(s_figures.Claims);
        foreach (IGrouping<(string, string, string), OwnershipClaimRow> rows in s_figures.Claims.GroupBy(row => (row.Target, row.Suspect, row.Test)))
        {
            Assert.Equal(OwnershipExperiment.Seeds.Length * OwnershipClaims.Keys, rows.Sum(row => row.Keys));
            Assert.True(s_figures.FalseClaims(rows.Key.Item1, rows.Key.Item2, rows.Key.Item3).Share <= 2.5, rows.Key.ToString());
        }
    }
}

namespace InferenceShield.Lab.Tests;

public sealed class KnockoffStrategyTests
{
    /// <summary>Answers 0, 1 and 2 in turn are what rows of the actions get; the last is the one that each reward should seek.</summary>
    public static TheoryData<KnockoffReward, float[][]> Answers => new()
    {
        { KnockoffReward.Certainty, [[0.34f, 0.33f, 0.33f], [0.4f, 0.3f, 0.3f], [0.9f, 0.05f, 0.05f]] },
        { KnockoffReward.Loss, [[1, 0, 0], [0.9f, 0.1f, 0], [0, 0, 1]] },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public void The_bandit_comes_to_prefer_the_action_of_the_highest_reward(KnockoffReward reward, float[][] answers)
    {
        // The copy believes in class 0, so that answers of class 2 are a loss.
        float[] copied = [0.9f, 0.09f, 0.01f];
        SeededRandom random = new(5, 0);
        KnockoffBandit bandit = new(3, 3, reward);
        int[] drawn = new int[3];
        for (int i = 0; i < 3000; i++)
        {
            int action = bandit.Draw([true, true, true], ref random);
            drawn[action] += i >= 2000 ? 1 : 0;
            bandit.Learn(action, [true, true, true], answers[action], copied);
        }

        Assert.True(drawn[2] > 600 && drawn[2] > drawn[0] && drawn[2] > drawn[1], string.Join(' ', drawn));
    }

    [Fact]
    public void Diversity_seeks_the_action_whose_answers_change()
    {
        SeededRandom random = new(5, 0);
        KnockoffBandit bandit = new(2, 4, KnockoffReward.Diversity);
        int varied = 0;
        for (int i = 0; i < 3000; i++)
        {
            int action = bandit.Draw([true, true], ref random);
            varied += action == 1 && i >= 2000 ? 1 : 0;
            float[] answer = new float[4];
            answer[action == 0 ? 0 : 1 + random.NextInt32(3)] = 1;
            bandit.Learn(action, [true, true], answer, []);
        }

        Assert.InRange(varied, 550, 1000);
    }

    [Theory]
    [InlineData(KnockoffReward.Certainty)]
    [InlineData(KnockoffReward.Loss)]
    public void A_step_of_the_bandit_is_the_published_one(KnockoffReward reward)
    {
        // Rewards 1, .5, .5: the baseline falls to 3/4 and 2/3, and the second reward of action 1 weighs half. Losses are log 4 and
        // twice log 2, told as shares of the largest.
        KnockoffBandit bandit = new(2, 2, reward);
        float[] second = reward == KnockoffReward.Loss ? [1, 0] : [0.75f, 0.25f];
        bandit.Learn(0, [true, true], [1, 0], [0.25f, 0.75f]);
        bandit.Learn(1, [true, true], second, [0.5f, 0.5f]);
        bandit.Learn(1, [true, true], second, [0.5f, 0.5f]);
        double preference = -0.25 * 0.5;
        preference += (0.5 - (2.0 / 3)) / 2 * (1 - (1 / (1 + Math.Exp(-2 * preference))));
        double expected = 1 / (1 + Math.Exp(-2 * preference));
        SeededRandom random = new(1, 0);
        int drawn = 0;
        for (int i = 0; i < 100_000; i++)
        {
            drawn += bandit.Draw([true, true], ref random);
        }

        Assert.InRange(drawn / 100_000.0, expected - 0.005, expected + 0.005);
    }

    [Fact]
    public async Task Loss_is_that_of_the_copy_and_seeks_what_it_cannot_learn()
    {
        // Group 0 has one label, that of group 1 is a toss: to a copy that knows nothing both would be the same loss.
        SeededRandom random = new(3, 0);
        float[] rows = new float[4000];
        int[] groups = new int[2000];
        for (int i = 0; i < 2000; i++)
        {
            groups[i] = i % 2;
            (rows[2 * i], rows[(2 * i) + 1]) = (i % 2, random.NextShare());
        }

        SeededRandom toss = new(4, 0);
        int[] asked = new int[2];
        DelegateOracle oracle = new(2, 2, (inputs, answers) =>
        {
            for (int at = 0; at < inputs.Length; at += 2)
            {
                int group = (int)inputs.Span[at];
                asked[group]++;
                int label = group == 0 ? 0 : toss.NextInt32(2);
                (answers.Span[at + label], answers.Span[at + 1 - label]) = (1, 0);
            }
        });
        QueryContext context = new(600, 5, new Dataset("groups", rows, 2, groups, 2), new SurrogateOptions { Hidden = [8], Steps = 100 });
        await new KnockoffStrategy { Reward = KnockoffReward.Loss }.AskAsync(oracle, context, default);
        Assert.True(asked[1] > 1.3 * asked[0], string.Join(' ', asked));
    }

    [Fact]
    public void A_closed_action_is_never_drawn()
    {
        SeededRandom random = new(1, 0);
        KnockoffBandit bandit = new(3, 2, KnockoffReward.All);
        for (int i = 0; i < 200; i++)
        {
            Assert.Equal(1, bandit.Draw([false, true, false], ref random));
        }
    }

    [Fact]
    public async Task Rows_without_labels_are_clustered_and_too_few_of_them_are_told()
    {
        double agreement = await LetterTheft.GetAgreementAsync(new KnockoffStrategy(), 1000, 7, LetterTheft.Unlabelled);
        Assert.True(agreement > 0.75, $"{agreement}");
        QueryContext context = LetterTheft.CreateContext(100) with { Pool = LetterTheft.Unlabelled.Slice(0, 29) };
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(() => new KnockoffStrategy().AskAsync(LetterTheft.CreateOracle(), context, default));
        Assert.Contains("into 30 clusters, and 'letters without labels' has 29", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Clusters_are_the_heaps_that_rows_lie_in()
    {
        SeededRandom random = new(2, 0);
        float[] values = new float[400 * 3];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (10 * (i / 3 % 4) * (i % 3 == 0 ? 1 : -1)) + NormalDraws.Next(ref random);
        }

        int[] clusters = KMeans.Assign(new Dataset("heaps", values, 3), 4, 1, default);
        Assert.Equal(4, clusters.Distinct().Count());
        for (int row = 0; row < 400; row++)
        {
            Assert.Equal(clusters[row % 4], clusters[row]);
        }
    }

    [Fact]
    public void Nearly_every_row_lies_nearest_to_the_mean_of_its_own_cluster()
    {
        // Without heaps the seeds are no answer yet: the iterations must settle.
        Dataset rows = OutOfDistributionPools.CreateUniform(InputBounds.OfBox(2, 0, 1), 600, 4);
        int[] clusters = KMeans.Assign(rows, 5, 1, default);
        (double X, double Y)[] means = [.. Enumerable.Range(0, 5).Select(cluster =>
        {
            int[] own = [.. Enumerable.Range(0, 600).Where(row => clusters[row] == cluster)];
            return (own.Average(row => (double)rows.GetRow(row)[0]), own.Average(row => (double)rows.GetRow(row)[1]));
        })];
        int settled = Enumerable.Range(0, 600).Count(row => clusters[row] == Enumerable.Range(0, 5).MinBy(
            cluster => Math.Pow(rows.GetRow(row)[0] - means[cluster].X, 2) + Math.Pow(rows.GetRow(row)[1] - means[cluster].Y, 2)));
        Assert.InRange(settled, 582, 600);
    }
}

namespace InferenceShield.Lab.Tests;

public sealed class AnswerRecoveryTests
{
    private const int Classes = 10;
    private const int Rows = 1000;

    [Fact]
    public void The_network_takes_a_temperature_off_and_keeps_the_label()
    {
        float[] clean = TestAnswers.Draw(Rows, Classes);
        (double naive, double recovered, int moved) = Invert(new NetworkRecovery(), BaselinePolicies.Temperature(3), clean);
        Assert.True(naive > 0.3, $"{naive}");
        Assert.True(recovered < 0.05, $"{recovered}");
        Assert.Equal(0, moved);
    }

    [Fact]
    public void The_network_undoes_a_reverse_sigmoid()
    {
        float[] clean = TestAnswers.Draw(Rows, Classes);
        (double naive, double recovered, _) = Invert(new NetworkRecovery(), BaselinePolicies.ReverseSigmoid(0.5, 0.2), clean);
        Assert.True(naive > 0.5, $"{naive}");
        Assert.True(recovered < naive / 5, $"{recovered} of {naive}");
    }

    [Fact]
    public void The_network_undoes_a_release_that_moves_labels()
    {
        // Every class tells the probability of the one before it: a known algorithm, and no label of it is the model's.
        float[] clean = TestAnswers.Draw(Rows, Classes);
        ReleasePolicy turned = new("turned", static _ => new RowRelease(static (from, to) =>
        {
            from[..^1].CopyTo(to[1..]);
            to[0] = from[^1];
        }));
        (double naive, double recovered, int moved) = Invert(new NetworkRecovery(), turned, clean);
        Assert.True(naive > 1.5, $"{naive}");
        Assert.True(recovered < 0.1, $"{recovered}");
        Assert.True(moved > 0.98 * Rows, $"{moved}");
    }

    [Fact]
    public void The_table_undoes_ModelGuard_W_on_sharp_answers()
    {
        float[] clean = TestAnswers.Draw(Rows, Classes, prior: AnswerPrior.Dirichlet(0.01, 0.2));
        (double naive, double recovered, int moved) = Invert(new LookupRecovery(), ReleasePolicies.LeastInformation(Classes, 0.5), clean);
        Assert.InRange(naive, 0.48, 0.53);
        Assert.True(recovered < 0.06, $"{recovered}");
        Assert.Equal(0, moved);
    }

    [Fact]
    public void Labels_alone_are_what_a_shield_that_tells_labels_gives()
    {
        float[] clean = TestAnswers.Draw(Rows, Classes);
        float[] labels = TestAnswers.Release(ReleasePolicies.LabelOnly(Classes), clean, Classes);
        foreach (ReleasePolicy policy in (ReleasePolicy[])[ReleasePolicy.None, ReleasePolicies.Normal(Classes), ReleasePolicies.KeyedNoise(Classes, 1), ReleasePolicies.LeastInformation(Classes, 1)])
        {
            Transcript transcript = TestAnswers.Hear(TestAnswers.Release(policy, clean, Classes), Classes);
            Assert.Equal(labels, new LabelRecovery().Recover(transcript, policy, 1));
        }
    }

    [Fact]
    public void The_label_prior_is_the_mean_clean_answer_of_the_label()
    {
        // The slow version: the same samples, averaged in double by label.
        float[] samples = TestAnswers.Draw(20_000, 3, seed: 5);
        double[] expected = new double[3];
        int count = 0;
        foreach (float[] sample in samples.Chunk(3).Where(sample => sample.Max() == sample[1]))
        {
            count++;
            for (int i = 0; i < 3; i++)
            {
                expected[i] += sample[i];
            }
        }

        float[] recovered = new LabelPriorRecovery().Recover(TestAnswers.Hear([0.2f, 0.5f, 0.3f], 3), ReleasePolicy.None, 5);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(expected[i] / count, recovered[i], 1e-4);
        }
    }

    [Fact]
    public void A_table_finds_what_comparing_with_all_entries_finds()
    {
        const int Few = 4;
        float[] clean = TestAnswers.Draw(2000, Few, prior: AnswerPrior.Dirichlet(0.5, 4));
        float[] released = TestAnswers.Release(ReleasePolicies.Round(Few, 1), clean, Few);
        AnswerTable table = new(clean, released, Few);
        float[] found = new float[Few];
        int fallenBack = 0;
        foreach (float[] answer in TestAnswers.Draw(300, Few, seed: 2, AnswerPrior.Dirichlet(0.5, 4)).Chunk(Few).Concat(released.Chunk(Few).Take(300)))
        {
            int label = Top(answer);
            var entries = released.Chunk(Few).Zip(clean.Chunk(Few))
                .Where(entry => Top(entry.First) == label)
                .Select(entry => (entry.Second, Distance: entry.First.Zip(answer, (a, b) => Math.Abs(a - b)).Sum())).ToList();
            var near = entries.Where(entry => entry.Distance <= AnswerTable.Radius).ToList();
            table.Find(answer, found);
            if (near.Count == 0)
            {
                fallenBack++;
                float least = entries.Min(entry => entry.Distance);
                Assert.Contains(entries, entry => entry.Distance <= least + 1e-6f && entry.Second.SequenceEqual(found));
                continue;
            }

            for (int i = 0; i < Few; i++)
            {
                Assert.Equal(near.Average(entry => entry.Second[i]), found[i], 1e-4f);
            }
        }

        Assert.InRange(fallenBack, 50, 300);
    }

    [Fact]
    public void A_label_that_no_entry_has_stays_what_it_is()
    {
        AnswerTable table = new([0.7f, 0.2f, 0.1f], [0.7f, 0.2f, 0.1f], 3);
        float[] found = new float[3];
        table.Find([0.1f, 0.1f, 0.8f], found);
        Assert.Equal([0f, 0f, 1f], found);
    }

    [Fact]
    public void Sharp_answers_are_as_sharp_as_those_of_trained_models()
    {
        foreach (int classes in (int[])[10, 26, 100])
        {
            float[][] answers = [.. TestAnswers.Draw(4000, classes).Chunk(classes)];
            Assert.InRange(answers.Average(answer => answer.Max() > 0.99f ? 1.0 : 0), 0.4, 0.7);
            Assert.All(answers, answer => Assert.InRange(answer.Sum(), 0.9999f, 1.0001f));
        }
    }

    [Fact]
    public void Dirichlet_samples_have_the_mean_and_the_variance_of_their_formula()
    {
        // Three classes with a concentration of 2 each: mean 1/3, variance (1/3)(2/3) / 7.
        float[] samples = TestAnswers.Draw(20_000, 3, prior: AnswerPrior.Dirichlet(6, 6));
        double[] first = [.. samples.Where((_, i) => i % 3 == 0).Select(value => (double)value)];
        Assert.Equal(1 / 3.0, first.Average(), 0.005);
        Assert.Equal(2 / 63.0, first.Average(value => value * value) - (first.Average() * first.Average()), 0.001);
    }

    [Fact]
    public void Shadow_models_answer_as_many_rows_as_the_thief_has_each_what_it_has_not_seen()
    {
        // The label is whether the input is above 0; shadows find that out, so the answers' labels follow the inputs.
        Transcript transcript = new(1, 2);
        for (int i = 0; i < 301; i++)
        {
            float input = (i % 20) - 9.5f;
            transcript.Add([input], input > 0 ? [0.1f, 0.9f] : [0.8f, 0.2f]);
        }

        float[] samples = AnswerPrior.Shadow(new SurrogateOptions { Hidden = [8], Steps = 500 }).Draw(transcript, 1000, 1);
        Assert.Equal(301 * 2, samples.Length);
        for (int i = 0; i < 301; i++)
        {
            if (Math.Abs(transcript.Inputs[i]) > 2)
            {
                Assert.Equal(transcript.Inputs[i] > 0 ? 1 : 0, Top(samples[(2 * i)..((2 * i) + 2)]));
            }
        }
    }

    [Fact]
    public void The_same_seed_recovers_the_same_and_another_not()
    {
        Transcript transcript = TestAnswers.Hear(TestAnswers.Release(ReleasePolicies.KeyedNoise(4, 1), TestAnswers.Draw(50, 4), 4), 4);
        foreach (IAnswerRecovery recovery in (IAnswerRecovery[])[new NetworkRecovery(), new LookupRecovery(), new LabelPriorRecovery()])
        {
            float[] first = recovery.Recover(transcript, ReleasePolicies.KeyedNoise(4, 1), 1);
            Assert.Equal(first, recovery.Recover(transcript, ReleasePolicies.KeyedNoise(4, 1), 1));
            Assert.True(recovery is NetworkRecovery || !first.SequenceEqual(recovery.Recover(transcript, ReleasePolicies.KeyedNoise(4, 1), 2)));
        }
    }

    [Fact]
    public void A_thief_never_runs_the_algorithm_under_the_key_of_the_defender()
    {
        // An experiment gives both the same seed.
        Transcript transcript = TestAnswers.Hear([0.2f, 0.8f], 2);
        foreach (IAnswerRecovery recovery in (IAnswerRecovery[])[new NetworkRecovery(), new LookupRecovery()])
        {
            List<ulong> keys = [];
            ReleasePolicy watched = new("watched", key =>
            {
                keys.Add(key);
                return ReleasePolicy.None.Create(key);
            });
            foreach (ulong seed in (ulong[])[0, 1, 2])
            {
                recovery.Recover(transcript, watched, seed);
            }

            Assert.Equal(3, keys.Distinct().Count());
            Assert.DoesNotContain(keys, key => key <= 2);
        }
    }

    private static (double Naive, double Recovered, int Moved) Invert(IAnswerRecovery recovery, ReleasePolicy policy, float[] clean)
    {
        float[] released = TestAnswers.Release(policy, clean, Classes);
        float[] recovered = recovery.Recover(TestAnswers.Hear(released, Classes), policy, seed: 9);
        int moved = released.Chunk(Classes).Zip(recovered.Chunk(Classes)).Count(pair => Top(pair.First) != Top(pair.Second));
        return (TestAnswers.Distance(clean, released, Classes), TestAnswers.Distance(clean, recovered, Classes), moved);
    }

    private static int Top(float[] answer) => Array.IndexOf(answer, answer.Max());
}

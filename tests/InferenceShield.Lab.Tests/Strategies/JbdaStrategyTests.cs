using System.Numerics.Tensors;

namespace InferenceShield.Lab.Tests;

public sealed class JbdaStrategyTests
{
    private const int Width = 16;
    private const int Classes = 26;
    private const int Seeds = 60;

    private static readonly InputBounds s_bounds = InputBounds.OfBox(Width, 0, 15);

    // Letters lie close to one another; of these rows each child tells its parent.
    private static readonly Dataset s_pool = OutOfDistributionPools.CreateUniform(s_bounds, 200, 3);

    [Fact]
    public async Task An_untargeted_child_is_one_whole_step_away_from_its_parent_and_the_copy_likes_its_label_less()
    {
        (Transcript transcript, Surrogate copy) = await AskAsync(new JbdaStrategy { Seeds = Seeds, Bounds = s_bounds }, 2 * Seeds);
        double parents = 0;
        double children = 0;
        for (int child = Seeds; child < 2 * Seeds; child++)
        {
            int parent = FindParent(transcript, child);
            ReadOnlySpan<float> before = transcript.Inputs.Slice(parent * Width, Width);
            ReadOnlySpan<float> after = transcript.Inputs.Slice(child * Width, Width);
            for (int i = 0; i < Width; i++)
            {
                float moved = Math.Abs(after[i] - before[i]);
                Assert.True(Math.Abs(moved - 1.5f) < 1e-5 || after[i] is 0 or 15, $"{before[i]} to {after[i]}");
            }

            int label = TensorPrimitives.IndexOfMax(transcript.Answers.Slice(parent * Classes, Classes));
            parents += Math.Log(Classify(copy, before)[label]);
            children += Math.Log(Classify(copy, after)[label]);
        }

        Assert.True(children < parents - Seeds, $"{children / Seeds} {parents / Seeds}");
    }

    [Fact]
    public async Task The_sign_of_the_untargeted_step_turns_with_its_period()
    {
        // Full rounds double the rows: seeds, children away from the label, children towards it.
        JbdaStrategy strategy = new() { Seeds = Seeds, Bounds = s_bounds, SignPeriod = 1 };
        (Transcript transcript, _) = await AskAsync(strategy, 4 * Seeds);
        Surrogate copy = Train(transcript, 2 * Seeds);
        double gain = 0;
        for (int child = 2 * Seeds; child < 4 * Seeds; child++)
        {
            int parent = FindParent(transcript, child, before: 2 * Seeds);
            int label = TensorPrimitives.IndexOfMax(transcript.Answers.Slice(parent * Classes, Classes));
            gain += Math.Log(Classify(copy, transcript.Inputs.Slice(child * Width, Width))[label]);
            gain -= Math.Log(Classify(copy, transcript.Inputs.Slice(parent * Width, Width))[label]);
        }

        Assert.True(gain > 0, $"{gain}");
    }

    [Fact]
    public async Task A_child_of_the_top_kind_goes_towards_the_class_of_its_place()
    {
        JbdaStrategy strategy = new() { Kind = JbdaKind.Top, Seeds = Seeds, Bounds = s_bounds };
        (Transcript transcript, Surrogate copy) = await AskAsync(strategy, 4 * Seeds);
        for (int place = 0; place < 3; place++)
        {
            int closer = 0;
            for (int i = 0; i < Seeds; i++)
            {
                int child = ((1 + place) * Seeds) + i;
                int parent = FindParent(transcript, child);
                float[] before = Classify(copy, transcript.Inputs.Slice(parent * Width, Width));
                float[] after = Classify(copy, transcript.Inputs.Slice(child * Width, Width));
                int label = TensorPrimitives.IndexOfMax(transcript.Answers.Slice(parent * Classes, Classes));
                int target = Enumerable.Range(0, Classes).Where(c => c != label).OrderByDescending(c => before[c]).ElementAt(place);
                closer += after[target] > before[target] ? 1 : 0;
                AssertInBox(transcript, parent, child);
            }

            Assert.InRange(closer, Seeds * 9 / 10, Seeds);
        }
    }

    [Fact]
    public async Task Children_of_the_random_kind_stay_in_the_box_and_differ()
    {
        JbdaStrategy strategy = new() { Kind = JbdaKind.Random, Seeds = Seeds, Bounds = s_bounds };
        (Transcript transcript, _) = await AskAsync(strategy, 4 * Seeds);
        for (int i = 0; i < Seeds; i++)
        {
            int parent = FindParent(transcript, Seeds + i);
            Assert.Equal(parent, FindParent(transcript, (2 * Seeds) + i));
            AssertInBox(transcript, parent, Seeds + i);
            Assert.False(transcript.Inputs.Slice((Seeds + i) * Width, Width).SequenceEqual(transcript.Inputs.Slice(((2 * Seeds) + i) * Width, Width)));
        }
    }

    [Fact]
    public async Task After_the_full_rounds_only_a_reservoir_has_children()
    {
        // 60 seeds, 60 children, then rounds of 10: the copy of the second round was trained on 120 rows, whatever follows.
        JbdaStrategy strategy = new() { Seeds = Seeds, Bounds = s_bounds, FullRounds = 1, Reservoir = 10 };
        List<int> sizes = [];
        DelegateOracle oracle = new(Width, Classes, (inputs, answers) =>
        {
            sizes.Add(inputs.Length / Width);
            LetterTheft.Setup.Target.Classify(inputs.Span, answers.Span);
        });
        await strategy.AskAsync(oracle, LetterTheft.CreateContext(145), default);
        Assert.Equal([60, 60, 10, 10, 5], sizes);
    }

    [Fact]
    public async Task A_pool_of_fewer_rows_than_seeds_is_told()
    {
        QueryContext context = LetterTheft.CreateContext(500) with { Pool = LetterTheft.Setup.Pool.Slice(0, 40) };
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(() => new JbdaStrategy().AskAsync(LetterTheft.CreateOracle(), context, default));
        Assert.Contains("'jbda' starts from 150 rows, and 'letters' has 40", error.Message, StringComparison.Ordinal);
    }

    private static async Task<(Transcript Transcript, Surrogate Copy)> AskAsync(JbdaStrategy strategy, int budget)
    {
        Transcript transcript = await strategy.AskAsync(LetterTheft.CreateOracle(), LetterTheft.CreateContext(budget) with { Pool = s_pool, Surrogate = LetterTheft.Options }, default);
        Assert.Equal(budget, transcript.Count);
        return (transcript, Train(transcript, Seeds));
    }

    /// <summary>The copy that the strategy trained when it had so many answers.</summary>
    private static Surrogate Train(Transcript transcript, int rows) => SurrogateTrainer.Train(
        transcript.Inputs[..(rows * Width)], transcript.Answers[..(rows * Classes)], Width, Classes, LetterTheft.Options, 7, 1, default);

    private static float[] Classify(Surrogate copy, ReadOnlySpan<float> row)
    {
        float[] probabilities = new float[Classes];
        copy.Classify(row, probabilities);
        return probabilities;
    }

    /// <summary>The row among the first ones of which no feature is further away than of any other.</summary>
    private static int FindParent(Transcript transcript, int child, int before = Seeds)
    {
        float[] row = transcript.Inputs.Slice(child * Width, Width).ToArray();
        float[] inputs = transcript.Inputs.ToArray();
        return Enumerable.Range(0, before).MinBy(parent => Enumerable.Range(0, Width).Max(i => Math.Abs(row[i] - inputs[(parent * Width) + i])));
    }

    private static void AssertInBox(Transcript transcript, int parent, int child)
    {
        float furthest = 0;
        for (int i = 0; i < Width; i++)
        {
            furthest = Math.Max(furthest, Math.Abs(transcript.Inputs[(parent * Width) + i] - transcript.Inputs[(child * Width) + i]));
        }

        Assert.InRange(furthest, 1e-3f, 1.5f + 1e-5f);
        Assert.False(transcript.Inputs.Slice(child * Width, Width).ContainsAnyExceptInRange(0f, 15f));
    }
}

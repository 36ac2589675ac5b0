namespace InferenceShield.Lab.Tests;

public sealed class SurrogateTrainerTests
{
    private static readonly SurrogateOptions s_images = new() { Kind = SurrogateKind.Cnn, Image = new ImageShape(2, 8), Hidden = [16] };

    [Fact]
    public void The_default_recipe_steals_letters()
    {
        Dataset letters = TestData.Letters().Shuffle(1);
        Dataset train = letters.Slice(0, 8000);
        float[] truth = new float[train.Count * 26];
        for (int i = 0; i < train.Count; i++)
        {
            truth[(i * 26) + train.Labels.Span[i]] = 1;
        }

        Surrogate target = SurrogateTrainer.Train(train.Values.Span, truth, 16, 26, new SurrogateOptions { Hidden = [128, 64], Steps = 2500 }, 1, 1, default);
        Dataset queries = letters.Slice(8000, 5000);
        Surrogate copy = SurrogateTrainer.Train(queries.Values.Span, Ask(target, queries), 16, 26, new SurrogateOptions(), 2, 1, default);
        Dataset test = letters.Slice(13000, 5000);
        CopyMetrics metrics = CopyMetrics.Measure(Ask(target, test), Ask(copy, test), test.Labels.Span, 26);
        Assert.True(metrics.Agreement > 0.92, $"{metrics}");
    }

    [Fact]
    public void A_linear_surrogate_finds_a_linear_model()
    {
        Teacher teacher = new(2000, 12, 5, 1);
        CopyMetrics metrics = teacher.Measure(teacher.Train(new SurrogateOptions { Kind = SurrogateKind.Linear }));
        Assert.True(metrics is { Agreement: > 0.99, Divergence: < 0.001 }, $"{metrics}");
    }

    [Fact]
    public void Convolutions_learn_where_something_is_in_an_image()
    {
        // Which quarter of the second channel is bright: channel, row, column must not be mixed up.
        const int Rows = 600;
        SeededRandom random = new(3, stream: 1);
        float[] images = new float[Rows * 128];
        float[] answers = new float[Rows * 4];
        for (int row = 0; row < Rows; row++)
        {
            int label = random.NextInt32(4);
            answers[(row * 4) + label] = 1;
            for (int i = 0; i < 128; i++)
            {
                int quarter = ((i % 64) / 32 * 2) + (i % 8 / 4);
                images[(row * 128) + i] = (random.NextSigned() / 2) + (i >= 64 && quarter == label ? 0.5f : 0f);
            }
        }

        Surrogate copy = SurrogateTrainer.Train(images, answers, 128, 4, s_images with { Steps = 150, BatchSize = 32 }, 1, 1, default);
        float[] copied = new float[answers.Length];
        copy.Classify(images, copied);
        Assert.True(CopyMetrics.Measure(answers, copied, [], 4).Agreement > 0.95);
    }

    [Fact]
    public void The_bits_do_not_depend_on_threads_but_on_the_seed()
    {
        foreach (SurrogateOptions options in (SurrogateOptions[])[
            new() { Steps = 40, BatchSize = 200, Hidden = [32], InputNoise = 0.2f, ValidationShare = 0.1f },
            s_images with { Steps = 10, BatchSize = 50 }])
        {
            Teacher teacher = new(300, 128, 4, 2);
            float[] first = teacher.Train(options, seed: 5, threads: 1).Network.Parameters;
            Assert.Equal(first, teacher.Train(options, seed: 5, threads: 3).Network.Parameters);
            Assert.NotEqual(first, teacher.Train(options, seed: 6, threads: 1).Network.Parameters);
        }
    }

    [Fact]
    public void Each_option_changes_the_result()
    {
        Teacher teacher = new(300, 10, 4, 3);
        SurrogateOptions options = new() { Steps = 60, Hidden = [8] };
        float[] plain = teacher.Train(options).Network.Parameters;
        Assert.All(
            (SurrogateOptions[])[
                options with { Loss = SurrogateLoss.HardLabels }, options with { Optimizer = SurrogateOptimizer.Momentum }, options with { BatchSize = 64 },
                options with { LearningRate = 0.001f }, options with { Schedule = LearningRateSchedule.Constant }, options with { WeightDecay = 0.1f },
                options with { InputNoise = 0.1f }, options with { LabelSmoothing = 0.1f }, options with { ValidationShare = 0.2f }, options with { Scaling = SurrogateScaling.Global }],
            changed => Assert.NotEqual(plain, teacher.Train(changed).Network.Parameters));
    }

    [Fact]
    public void Hard_labels_are_the_top_labels_as_answers()
    {
        Teacher teacher = new(200, 10, 4, 4);
        float[] labels = new LabelRecovery().Recover(Transcript(teacher), ReleasePolicy.None, 1);
        SurrogateOptions options = new() { Steps = 50 };
        Surrogate onLabels = SurrogateTrainer.Train(teacher.Inputs, labels, 10, 4, options, 1, 1, default);
        Assert.Equal(onLabels.Network.Parameters, teacher.Train(options with { Loss = SurrogateLoss.HardLabels }).Network.Parameters);
    }

    [Theory]
    [InlineData(SurrogateOptimizer.Adam)]
    [InlineData(SurrogateOptimizer.Momentum)]
    public void Both_optimisers_learn(SurrogateOptimizer optimizer)
    {
        Teacher teacher = new(1500, 12, 5, 5);
        CopyMetrics metrics = teacher.Measure(teacher.Train(new SurrogateOptions { Optimizer = optimizer, Hidden = [32] }));
        Assert.True(metrics is { Agreement: > 0.95, Divergence: < 0.05 }, $"{metrics}");
    }

    [Fact]
    public void Decay_makes_weights_small_and_smoothing_makes_answers_less_sure()
    {
        Teacher teacher = new(500, 12, 5, 6, sharpness: 10);
        SurrogateOptions options = new() { Hidden = [32], Steps = 800 };
        Surrogate plain = teacher.Train(options);
        double norm = plain.Network.Parameters.Sum(static weight => weight * weight);
        Assert.True(teacher.Train(options with { WeightDecay = 1f }).Network.Parameters.Sum(static weight => weight * weight) < 0.5 * norm);
        float[] sure = teacher.Ask(plain);
        float[] smoothed = teacher.Ask(teacher.Train(options with { LabelSmoothing = 0.5f }));
        Assert.True(sure.Max() > 0.99f);
        Assert.InRange(smoothed.Max(), 0.5f, 0.9f); // 1 - .5 + .5 / 5 = .6
    }

    [Fact]
    public void Noise_on_inputs_is_of_its_size()
    {
        // Little noise does no harm; noise of five times the spread drowns what there is to learn.
        Teacher teacher = new(600, 12, 3, 7);
        CopyMetrics little = teacher.Measure(teacher.Train(new SurrogateOptions { Kind = SurrogateKind.Linear, InputNoise = 0.01f }));
        CopyMetrics much = teacher.Measure(teacher.Train(new SurrogateOptions { Kind = SurrogateKind.Linear, InputNoise = 5f }));
        Assert.True(little.Divergence < 0.01, $"{little}");
        Assert.True(much.Divergence > 0.2, $"{much}");
    }

    [Fact]
    public void Early_stopping_keeps_the_weights_that_did_best_on_what_was_held_out()
    {
        // Labels by chance: every step that fits them makes the held-out loss worse.
        Teacher teacher = new(400, 20, 4, 8);
        SeededRandom random = new(9, stream: 1);
        float[] chance = new float[400 * 4];
        for (int row = 0; row < 400; row++)
        {
            chance[(row * 4) + random.NextInt32(4)] = 1;
        }

        SurrogateOptions options = new() { Hidden = [64], Steps = 1500, ValidationShare = 0.25f, Patience = 3 };
        Surrogate stopped = Train(options);
        Assert.Equal(stopped.Network.Parameters, Train(options with { Patience = 12 }).Network.Parameters); // what came later was worse
        Assert.True(Sureness(stopped) < 0.9 * Sureness(Train(options with { ValidationShare = 0 })));

        Surrogate Train(SurrogateOptions changed) => SurrogateTrainer.Train(teacher.Inputs, chance, 20, 4, changed, 1, 1, default);

        double Sureness(Surrogate copy) => teacher.Ask(copy).Chunk(4).Average(static answer => answer.Max());
    }

    [Fact]
    public void Steps_allocate_nothing()
    {
        Teacher teacher = new(300, 50, 4, 9);
        long few = Allocated(20);
        long many = Allocated(520);
        Assert.InRange(many - few, -2000, 2000);

        long Allocated(int steps)
        {
            SurrogateOptions options = new() { Steps = steps, Hidden = [16], InputNoise = 0.1f, ValidationShare = 0.1f };
            teacher.Train(options);
            long least = long.MaxValue;
            for (int run = 0; run < 3; run++)
            {
                long start = GC.GetAllocatedBytesForCurrentThread();
                teacher.Train(options);
                least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - start); // what is allocated once, whenever that is, belongs to no step
            }

            return least;
        }
    }

    [Fact]
    public void Values_that_are_not_finite_are_named()
    {
        Teacher teacher = new(20, 6, 3, 1);
        teacher.Inputs[(7 * 6) + 2] = float.NaN;
        ArgumentException inputs = Assert.Throws<ArgumentException>(() => teacher.Train(new SurrogateOptions()));
        Assert.Contains("Row 7 of the input is not finite at value 2", inputs.Message, StringComparison.Ordinal);
        teacher.Inputs[(7 * 6) + 2] = 0;
        teacher.Answers[(11 * 3) + 1] = float.PositiveInfinity;
        ArgumentException targets = Assert.Throws<ArgumentException>(() => teacher.Train(new SurrogateOptions()));
        Assert.Contains("Row 11 of the targets is not finite at value 1", targets.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Divergence_names_the_step()
    {
        Teacher teacher = new(200, 6, 3, 1);
        SurrogateOptions wild = new() { Optimizer = SurrogateOptimizer.Momentum, LearningRate = 100f, Hidden = [64, 64, 64], Schedule = LearningRateSchedule.Constant, WeightDecay = 0.9f };
        ExtractionException exception = Assert.Throws<ExtractionException>(() => teacher.Train(wild));
        Assert.Matches("diverged at step [0-9]+ of 565: .*LearningRate \\(it is 100\\)", exception.Message);
    }

    [Fact]
    public void Rows_that_do_not_fit_and_cancellation_end_the_training()
    {
        Assert.Throws<ArgumentException>(() => SurrogateTrainer.Train(new float[7], new float[6], 3, 3, new SurrogateOptions(), 1, 1, default));
        Assert.Throws<ArgumentException>(() => SurrogateTrainer.Train(new float[6], new float[9], 3, 3, new SurrogateOptions(), 1, 1, default));
        Assert.Throws<ArgumentException>(() => SurrogateTrainer.Train([], [], 3, 3, new SurrogateOptions(), 1, 1, default));
        Assert.Throws<OperationCanceledException>(() => SurrogateTrainer.Train(new float[6], new float[6], 3, 3, new SurrogateOptions(), 1, 1, new CancellationToken(canceled: true)));
    }

    public static TheoryData<string, SurrogateOptions> BadOptions() => new()
    {
        { "Kind", new() { Kind = (SurrogateKind)9 } },
        { "Hidden", new() { Hidden = [10, 0] } },
        { "Hidden", new() { Hidden = default } },
        { "Image", new() { Kind = SurrogateKind.Cnn } },
        { "Image", new() { Kind = SurrogateKind.Cnn, Image = new ImageShape(1, 14) } },
        { "Image", new() { Kind = SurrogateKind.Cnn, Image = new ImageShape(1, 8) } },
        { "Scaling", new() { Scaling = (SurrogateScaling)9 } },
        { "Loss", new() { Loss = (SurrogateLoss)9 } },
        { "Optimizer", new() { Optimizer = (SurrogateOptimizer)9 } },
        { "Schedule", new() { Schedule = (LearningRateSchedule)9 } },
        { "Steps", new() { Steps = 0 } },
        { "BatchSize", new() { BatchSize = 0 } },
        { "LearningRate", new() { LearningRate = float.NaN } },
        { "LearningRate", new() { LearningRate = 0 } },
        { "WeightDecay", new() { WeightDecay = -1 } },
        { "InputNoise", new() { InputNoise = float.NaN } },
        { "LabelSmoothing", new() { LabelSmoothing = 1 } },
        { "ValidationShare", new() { ValidationShare = 0.6f } },
        { "Patience", new() { Patience = 0 } },
    };

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void A_bad_option_is_named_with_its_range(string option, SurrogateOptions options)
    {
        ArgumentException exception = Assert.Throws<ArgumentException>(() => new Teacher(20, 6, 3, 1).Train(options));
        Assert.Contains($"SurrogateOptions.{option} is ", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Answers_of_a_copy_are_distributions_however_far_out_the_input_lies()
    {
        Teacher teacher = new(100, 6, 3, 1);
        Surrogate copy = teacher.Train(new SurrogateOptions());
        float[] far = [.. teacher.Inputs.Select(static value => value * 1e6f)];
        float[] answers = new float[teacher.Answers.Length];
        copy.Classify(far, answers);
        for (int row = 0; row < 100; row++)
        {
            Assert.Equal(1f, answers.AsSpan(row * 3, 3).ToArray().Sum(), 1e-5f);
        }

        Assert.Throws<ArgumentException>(() => copy.Classify(new float[7], answers));
        Assert.Throws<ArgumentException>(() => copy.Classify(far, new float[5]));
    }

    private static float[] Ask(Surrogate model, Dataset rows)
    {
        float[] answers = new float[rows.Count * model.ClassCount];
        model.Classify(rows.Values.Span, answers);
        return answers;
    }

    private static Transcript Transcript(Teacher teacher)
    {
        Transcript transcript = new(teacher.Width, teacher.Classes);
        transcript.Add(teacher.Inputs, teacher.Answers);
        return transcript;
    }
}

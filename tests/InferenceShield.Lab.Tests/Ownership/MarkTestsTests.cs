namespace InferenceShield.Lab.Tests;

public sealed class MarkTestsTests : IDisposable
{
    private const int Rows = 4000;

    private static readonly MarkedModel s_target = MarkedModel.Clean(seed: 1);
    private static readonly Dataset s_queries = s_target.Rows(3, Rows);
    private static readonly InputSpace s_space = InputSpace.Learn(s_target.Rows(5, 2000).Values.Span, s_target.InputLength);

    private readonly MarkKey _key = MarkedModel.Key(1);

    public void Dispose() => _key.Dispose();

    [Theory]
    [InlineData(MarkKeying.Cell)]
    [InlineData(MarkKeying.ExactInput)]
    public async Task An_order_of_low_ranks_is_found(MarkKeying keying)
    {
        WatermarkOptions marks = new() { Permutation = new PermutationMarkOptions { Keying = keying } };
        MarkInputReader reader = new(_key, null, 0);
        (double copy, double honest) = await PValuesAsync(marks, (input, scores) =>
        {
            Span<int> ranked = stackalloc int[5];
            int count = PermutationMark.Rank(scores, ranked);
            for (int pair = 0; pair < PermutationMark.Pairs; pair++)
            {
                _ = PermutationMark.TryGetPair(ranked[..count], pair, out int ahead, out int behind);
                if (keying == MarkKeying.Cell
                    ? PermutationMark.Swaps(_key.Permutations, pair, ahead, behind)
                    : PermutationMark.Swaps(_key.Permutations, pair, ahead, behind, reader.Read(input).Exact))
                {
                    (scores[ahead], scores[behind]) = (scores[behind], scores[ahead]);
                }
            }
        });
        Assert.True(copy < 1e-12, $"{copy}");
        Assert.InRange(honest, 0.005, 1);
    }

    [Fact]
    public async Task Triggers_are_found_and_a_model_that_errs_by_itself_is_not_accused()
    {
        WatermarkOptions marks = new() { Triggers = new LabelTriggerOptions { Rate = 0.01 } };
        MarkInputReader reader = new(_key, null, marks.Triggers.InputStep);
        (double copy, double honest) = await PValuesAsync(marks, (input, scores) =>
        {
            int top = LeadingClass.FindFirst(scores);
            if (LabelTrigger.TryFind(_key.Triggers, reader.Read(input).Quantised, 0.01, 10, top, [], out int label))
            {
                (scores[top], scores[label]) = (scores[label], scores[top]);
            }
        });
        Assert.True(copy < 1e-15, $"{copy}");
        Assert.Equal(1, honest);
        (double erring, _) = await PValuesAsync(marks, (_, scores) => (scores[0], scores[LeadingClass.FindFirst(scores)]) = (1.5f, scores[0]));
        Assert.InRange(erring, 0.005, 1);
    }

    [Fact]
    public async Task Labels_in_traps_are_found()
    {
        WatermarkOptions marks = new() { Traps = new TrapOptions { ExemptClasses = [2] } };
        TrapMark traps = new(_key, s_space);
        Dataset far = new("far", s_queries.Values.ToArray().Select(value => 40 * value).ToArray(), s_target.InputLength);
        (double copy, double honest) = await PValuesAsync(
            marks,
            (input, scores) =>
            {
                int trap = traps.Find(input);
                if (trap > 0)
                {
                    scores.Clear();
                    scores[TrapMark.Label(_key.Traps, trap - 1, 10, [2])] = 1;
                }
            },
            far);
        Assert.True(copy < 1e-10, $"{copy}");
        Assert.InRange(honest, 0.005, 1);
    }

    [Fact]
    public async Task A_cosine_is_found_and_not_in_labels_alone()
    {
        WatermarkOptions marks = new() { Cosine = new CosineMarkOptions { Strength = 0.05 } };
        CosineMark cosine = new(_key, s_space);
        (double copy, double honest) = await PValuesAsync(marks, (input, scores) =>
        {
            double[] row = [.. scores.ToArray().Select(score => (double)score)];
            CosineMark.Move(row, cosine.KeyClass(10), 0.05, 2 * cosine.Project(input));
            for (int i = 0; i < row.Length; i++)
            {
                scores[i] = (float)row[i];
            }
        });
        Assert.Equal(1.0 / 301, copy); // no random key of 300 does as well
        Assert.InRange(honest, 0.02, 1);

        VerificationReport labels = await OwnershipVerifier.VerifyAsync(Request(marks, s_queries), Suspect.Of("labels", s_target, isLabelOnly: true));
        Assert.Empty(labels.Tests);
        Assert.Contains(labels.Notes, note => note.Contains("needs scores", StringComparison.Ordinal));
        Assert.Equal(OwnershipVerdict.Inconclusive, labels.Verdict);
    }

    [Fact]
    public async Task A_suspect_that_answers_as_the_clean_model_does_has_a_rank_of_1()
    {
        VerificationReport report = await OwnershipVerifier.VerifyAsync(Request(new() { Cosine = new CosineMarkOptions() }, s_queries), Suspect.Of("itself", s_target));
        Assert.Equal(1, Assert.Single(report.Tests).PValue); // no key fits better or worse
    }

    [Fact]
    public async Task Near_repeats_of_a_trigger_count_once()
    {
        WatermarkOptions marks = new() { Triggers = new LabelTriggerOptions { Rate = 0.05 } };
        float[] once = s_queries.Values.Span[..(1000 * s_target.InputLength)].ToArray();
        float[] repeats = [.. once, .. once.Select(value => value + 1e-6f)];
        Dataset twice = new("twice", repeats, s_target.InputLength);
        VerificationReport single = await OwnershipVerifier.VerifyAsync(Request(marks, new Dataset("once", once, s_target.InputLength)), Suspect.Of("itself", s_target));
        VerificationReport both = await OwnershipVerifier.VerifyAsync(Request(marks, twice), Suspect.Of("itself", s_target));
        Assert.InRange(both.Tests[0].Answers, single.Tests[0].Answers, single.Tests[0].Answers * 1.1); // but for what lies on an edge
    }

    [Fact]
    public void The_projection_of_the_test_is_that_of_the_mark()
    {
        // The cosine test works on coordinates along principal directions; the shield on the row itself.
        CosineMark mark = new(_key, s_space);
        ReadOnlySpan<float> row = s_queries.GetRow(7);
        double sum = 0;
        for (int k = 0; k < s_space.DirectionCount; k++)
        {
            double along = 0;
            for (int i = 0; i < row.Length; i++)
            {
                along += s_space.Direction(k)[i] * (double)s_space.Scale[i] * (row[i] - (double)s_space.Mean[i]);
            }

            sum += mark.Along[k] * along;
        }

        Assert.Equal(mark.Project(row), sum, 4);
    }

    [Fact]
    public void Chances_of_labels_are_those_of_all_keys()
    {
        int[][] groups = [[3, 1], [2], [1, 1, 4]];
        const int Choices = 5;
        LabelSum sum = new(groups, Choices);
        for (int matches = 0; matches <= 10; matches++)
        {
            int hits = 0;
            for (int key = 0; key < Choices * Choices * Choices; key++)
            {
                int[] labels = [key % Choices, key / Choices % Choices, key / Choices / Choices];
                hits += groups.Select((group, i) => labels[i] < group.Length ? group[labels[i]] : 0).Sum() >= matches ? 1 : 0;
            }

            Assert.Equal(Math.Max(hits / 125.0, 1e-300), sum.Upper(matches), 12);
        }

        Assert.Equal(1, new LabelSum(Enumerable.Repeat<IReadOnlyCollection<int>>([1], 30), 9).Upper(14) / BinomialTail.Upper(30, 14, 1.0 / 9), 9);
    }

    [Theory]
    [InlineData(MarkKinds.Trap)]
    [InlineData(MarkKinds.Cosine)]
    public void Marks_in_inputs_need_the_input_space(MarkKinds kind)
    {
        WatermarkOptions marks = new() { Cosine = kind == MarkKinds.Cosine ? new CosineMarkOptions() : null, Traps = kind == MarkKinds.Trap ? new TrapOptions() : null };
        ArgumentException refused = Assert.Throws<ArgumentException>(() => OwnershipVerifier.Plan(Request(marks, s_queries) with { InputSpace = null }));
        Assert.Contains("need the input space", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cosine_alone_reaches_a_verdict_with_the_random_keys_it_has_by_default()
    {
        WatermarkOptions marks = new() { Cosine = new CosineMarkOptions { Strength = 0.05 } };
        CosineMark cosine = new(_key, s_space);
        VerificationRequest request = Request(marks, s_queries) with { RandomKeys = null };
        VerificationReport report = await OwnershipVerifier.VerifyAsync(request, Suspect.Of("copy", new Changed((input, scores) =>
        {
            double[] row = [.. scores.ToArray().Select(static score => (double)score)];
            CosineMark.Move(row, cosine.KeyClass(10), 0.05, 2 * cosine.Project(input));
            for (int i = 0; i < row.Length; i++)
            {
                scores[i] = (float)row[i];
            }
        })));
        Assert.Equal(20_000, report.Tests[0].RandomKeys);
        Assert.True(report.Verdict == OwnershipVerdict.ConsistentWithCopying, report.Words);
        Assert.StartsWith("No independent model was asked, and an expert will ask for one. Consistent with copying", report.Words, StringComparison.Ordinal);
        Assert.DoesNotContain("needed", VerificationWriter.ToText(report), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_marks_in_one_shield_are_each_found()
    {
        WatermarkOptions marks = new()
        {
            NearTie = new NearTieMarkOptions { Margin = MarkedModel.Margin },
            Triggers = new LabelTriggerOptions { Rate = 0.01 },
        };
        MarkInputReader reader = new(_key, null, marks.Triggers.InputStep);
        VerificationReport report = await OwnershipVerifier.VerifyAsync(Request(marks, s_queries), Suspect.Of("copy", new Changed((input, scores) =>
        {
            int top = LeadingClass.FindFirst(scores);
            int label = LabelTrigger.TryFind(_key.Triggers, reader.Read(input).Quantised, 0.01, 10, top, [], out int other) ? other
                : NearTieMark.TryFind(OutputKind.Probabilities, scores, MarkedModel.Margin, out NearTie tie) ? NearTieMark.Pick(_key.NearTies, tie)
                : top;
            (scores[top], scores[label]) = (scores[label], scores[top]);
        })));
        Assert.Equal(["trigger", "near-tie"], report.Tests.Select(test => test.Name));
        Assert.All(report.Tests, test => Assert.Equal(1, test.Statistic));
        Assert.Contains("Fisher", report.Combination, StringComparison.Ordinal);
        Assert.True(report.CombinedPValue < report.Tests.Min(test => test.PValue));
    }

    private VerificationRequest Request(WatermarkOptions marks, Dataset queries) => new()
    {
        Target = s_target,
        Key = _key,
        Marks = marks,
        Queries = queries,
        InputSpace = s_space,
        RandomKeys = 300,
        Time = new SimulatedTimeProvider(),
    };

    private async Task<(double Copy, double Honest)> PValuesAsync(WatermarkOptions marks, Change mark, Dataset? queries = null)
    {
        VerificationRequest request = Request(marks, queries ?? s_queries);
        VerificationReport copy = await OwnershipVerifier.VerifyAsync(request, Suspect.Of("copy", new Changed(mark)));
        VerificationReport honest = await OwnershipVerifier.VerifyAsync(request, Suspect.Of("honest", new Changed((input, scores) => scores[(int)(MathF.Abs(input[0]) * 100) % 10] *= 1.2f)));
        Assert.InRange(copy.Tests[0].RandomKeyShare, 0, 0.025);
        return (copy.Tests[0].PValue, honest.Tests[0].PValue);
    }

    private delegate void Change(ReadOnlySpan<float> input, Span<float> scores);

    /// <summary>The target, each of whose answers is changed.</summary>
    private sealed class Changed(Change change) : IClassifier
    {
        public int InputLength => s_target.InputLength;

        public int ClassCount => s_target.ClassCount;

        public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
        {
            s_target.Classify(inputs, probabilities);
            for (int row = 0; row < inputs.Length / InputLength; row++)
            {
                Span<float> scores = probabilities.Slice(row * ClassCount, ClassCount);
                change(inputs.Slice(row * InputLength, InputLength), scores);
                float sum = System.Numerics.Tensors.TensorPrimitives.Sum<float>(scores);
                System.Numerics.Tensors.TensorPrimitives.Divide(scores, sum, scores);
            }
        }
    }
}

using InferenceShield.Lab;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>Identical queries get the released answer again, without a run and without paying less.</summary>
public sealed class AnswerCacheTests
{
    private static readonly HardeningOptions s_fine = new() { SignificantDigits = 6, Decimals = 5 };

    private static readonly float[] s_rows = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

    [Fact]
    public void The_model_of_these_tests_never_answers_the_same_twice()
    {
        using TestSession session = Open(cached: false);
        Assert.False(Assertions.AreSameBits(session.Ask(s_rows, 12), session.Ask(s_rows, 12)));
        Assert.Equal(default, session.Session.GetAnswerCacheStatistics());
    }

    [Fact]
    public async Task An_identical_query_gets_the_same_answer_without_a_run_whichever_way_it_is_asked()
    {
        using TestSession session = Open();
        using ShieldedRequest request = session.Session.CreateRequest();
        float[] expected = session.Ask(s_rows, 12);
        Assertions.SameBits(expected, session.Ask(s_rows, 12));

        float[] released = new float[12];
        Admission admission = await session.Session.RunAsync(session.Shield.IdentifyCaller("other"), s_rows, released);
        Assert.Equal((true, 3, AdmissionReason.WithinLimits, TimeSpan.Zero), (admission.IsAdmitted, admission.Rows, admission.Reason, admission.RetryAfter));
        Assertions.SameBits(expected, released);

        request.SetInput<float>(TestModels.Input, s_rows, [3, 4]);
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
        Assertions.SameBits(expected, request.GetOutput(TestModels.Output));
        Assert.True((await session.Session.RunAsync(session.Caller, request)).IsAdmitted);
        Assertions.SameBits(expected, request.GetOutput(TestModels.Output));
        Assert.Equal(new AnswerCacheStatistics(Hits: 12, Misses: 3, Stored: 3, Replaced: 0, Skipped: 0), session.Session.GetAnswerCacheStatistics());
    }

    [Fact]
    public void Rows_find_their_answers_in_other_batches_and_in_another_order()
    {
        using TestSession session = Open();
        float[] expected = session.Ask(s_rows, 12);
        Assertions.SameBits(expected.AsSpan(4, 4), session.Ask(s_rows.AsSpan(4, 4), 4));
        Assertions.SameBits(
            [.. expected[8..], .. expected[..4], .. expected[4..8], .. expected[..4]],
            session.Ask([.. s_rows[8..], .. s_rows[..4], .. s_rows[4..8], .. s_rows[..4]], 16));
        Assert.Equal((5, 3), (session.Session.GetAnswerCacheStatistics().Hits, session.Session.GetAnswerCacheStatistics().Misses));
    }

    [Fact]
    public void A_caller_in_a_trial_does_not_get_the_answers_of_others()
    {
        using TestSession session = Open(configure: options => options.Trial = new TrialOptions { Share = .5, Hardening = new HardeningOptions { SignificantDigits = 1 } });
        CallerKey[] callers = [.. Enumerable.Range(0, 16).Select(number => session.Shield.IdentifyCaller($"caller {number}"))];
        bool[] inTrial = Array.ConvertAll(callers, caller =>
        {
            float[] released = new float[12];
            Admission admission = session.Session.Run(caller, s_rows, released);
            Assert.Equal(admission.InTrial, released.All(value => HasDigits(value, 1)));
            return admission.InTrial;
        });
        Assert.Equal(2, inTrial.Distinct().Count());
        Assert.Equal((42, 6, 6), Counts(session));
    }

    [Fact]
    public void Where_postures_may_not_show_nothing_is_kept_or_given()
    {
        using TestSession session = Open(configure: options => options.Postures.EqualWork = true);
        float[] first = session.Ask(s_rows, 12);
        Assert.False(Assertions.AreSameBits(first, session.Ask(s_rows, 12)));
        Assert.Equal((0, 0, 0), Counts(session));
    }

    [Fact]
    public void A_caller_in_another_posture_does_not_get_the_answers_of_this_one()
    {
        using TestSession session = Open();
        float[] normal = session.Ask(s_rows, 12);
        session.Shield.Overrides.Set(session.Caller, new CallerOverride { Posture = Posture.Guarded });
        float[] guarded = session.Ask(s_rows, 12);
        Assert.False(Assertions.AreSameBits(normal, guarded));
        Assert.All(guarded, value => Assert.True(HasDigits(value, 2), $"{value}"));
        Assert.Equal((0, 6, 6), Counts(session));
        Assertions.SameBits(guarded, session.Ask(s_rows, 12));
        session.Shield.Overrides.Set(session.Caller, new CallerOverride { Posture = Posture.Restricted });
        float[] restricted = session.Ask(s_rows, 12);
        Assert.All(restricted, value => Assert.True(HasDigits(value, 1), $"{value}"));
        Assert.Equal((3, 9, 9), Counts(session));
        session.Shield.Overrides.Restore(session.Caller);
        Assertions.SameBits(normal, session.Ask(s_rows, 12));
        Assert.Contains(normal, value => !HasDigits(value, 2));
        Assert.Equal((6, 9, 9), Counts(session));
    }

    [Fact]
    public void A_call_with_one_row_that_is_new_runs_as_a_whole_and_what_was_kept_stays()
    {
        using TestSession session = Open();
        float[] known = session.Ask(s_rows.AsSpan(0, 4), 4);
        float[] both = session.Ask(s_rows.AsSpan(0, 8), 8);
        Assert.False(Assertions.AreSameBits(known, both.AsSpan(0, 4)));
        Assert.Equal((0, 3, 2), Counts(session));

        Assertions.SameBits(known, session.Ask(s_rows.AsSpan(0, 4), 4));
        Assertions.SameBits([.. known, .. both[4..]], session.Ask(s_rows.AsSpan(0, 8), 8));
        Assert.Equal((3, 3, 2), Counts(session));
    }

    [Fact]
    public void A_hit_is_charged_and_counted_like_a_run()
    {
        ManualTimeProvider clock = new();
        using TestSession session = Open(configure: options => options.Admission.PerCaller =
            new LimitOptions { Queries = 1, Period = TimeSpan.FromSeconds(1), Burst = 7 }, clock: clock);
        float[] expected = session.Ask(s_rows, 12);
        Assertions.SameBits(expected, session.Ask(s_rows, 12));
        ShieldStatistics statistics = session.Shield.GetStatistics();
        Assert.Equal((6, 0, 6), (statistics.Admitted, statistics.Refused, statistics.Hardened));
        Assert.True(session.Shield.TryGetCaller(session.Caller, out CallerStatistics caller));
        Assert.Equal((6, 0), (caller.Admitted, caller.Refused));

        // One is left: three are refused, whether they are known or not, and get nothing.
        float[] released = [.. s_rows];
        Admission refused = session.Session.Run(session.Caller, s_rows, released);
        Assert.Equal((false, TimeSpan.FromSeconds(2)), (refused.IsAdmitted, refused.RetryAfter));
        Assertions.SameBits(s_rows, released);
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<float>(TestModels.Input, s_rows, [3, 4]);
        Assert.False(session.Session.Run(session.Caller, request).IsAdmitted);
        Assert.Throws<InvalidOperationException>(() => request.GetOutput(TestModels.Output).Length);
        Assert.Throws<InvalidQueryException>(() => session.Session.Run(default(CallerKey), s_rows, released));
        Assert.Equal((3, 3, 3), Counts(session));
        Assert.Equal((6, 6, 6), (session.Shield.GetStatistics().Admitted, session.Shield.GetStatistics().Refused, session.Shield.GetStatistics().Hardened));
        Assert.True(session.Session.Run(session.Caller, s_rows.AsSpan(0, 4), released.AsSpan(0, 4)).IsAdmitted);
    }

    [Fact]
    public void A_reload_forgets_and_one_that_changes_nothing_does_not()
    {
        using TestSession session = Open();
        float[] before = session.Ask(s_rows, 12);
        session.Shield.Reload(Options(s_fine));
        Assertions.SameBits(before, session.Ask(s_rows, 12));
        session.Shield.Reload(Options(new HardeningOptions { SignificantDigits = 2 }));
        float[] after = session.Ask(s_rows, 12);
        Assert.All(after, value => Assert.Equal(Math.Round(value, value < 10 ? 1 : 0), value, 1e-6));
        Assertions.SameBits(after, session.Ask(s_rows, 12));

        // Back to what it was is a third policy, not the first one again.
        session.Shield.Reload(Options(s_fine));
        Assert.False(Assertions.AreSameBits(before, session.Ask(s_rows, 12)));
    }

    [Fact]
    public void A_shield_that_only_observes_neither_keeps_nor_gives()
    {
        using TestSession session = Open(configure: options => options.Mode = ShieldMode.ObserveOnly);
        float[] clean = session.Ask(s_rows, 12);
        Assert.False(Assertions.AreSameBits(clean, session.Ask(s_rows, 12)));
        Assert.Equal(default, session.Session.GetAnswerCacheStatistics());

        session.Shield.Reload(Options(s_fine));
        float[] released = session.Ask(s_rows, 12);
        Assertions.SameBits(released, session.Ask(s_rows, 12));
        ShieldOptions observing = Options(s_fine);
        observing.Mode = ShieldMode.ObserveOnly;
        session.Shield.Reload(observing);
        Assert.False(Assertions.AreSameBits(released, session.Ask(s_rows, 12)));
        Assert.Equal((3, 3, 3), Counts(session));
        Assert.Equal(9, session.Shield.GetStatistics().WouldBeHardened);
    }

    [Theory]
    [InlineData(nameof(OnnxElementType.Float))]
    [InlineData(nameof(OnnxElementType.Double))]
    [InlineData(nameof(OnnxElementType.Float16))]
    [InlineData(nameof(OnnxElementType.BFloat16))]
    public void All_outputs_of_every_type_come_back_bit_for_bit_with_their_shapes(string element)
    {
        OnnxElementType type = Enum.Parse<OnnxElementType>(element);
        using TestSession session = TestSession.Of(
            TestModels.Fickle(type), [(TestModels.Output, OutputKind.Embedding), ("z", OutputKind.Probabilities)], options => options.Hardening = s_fine, Cached());
        using ShieldedRequest request = session.Session.CreateRequest();
        (float[] first, float[] second) = Ask(s_rows);
        (float[] third, float[] fourth) = Ask([.. s_rows[4..8], .. s_rows[..4]]);
        Assertions.SameBits([.. first[4..8], .. first[..4]], third);
        Assertions.SameBits([.. second[4..8], .. second[..4]], fourth);
        Assert.Equal((2, 3, 3), Counts(session));
        Assert.Equal(10, session.Shield.GetStatistics().Hardened);

        // The same request, run again with the first shape: what a hit said of shapes is not what the model is bound to.
        Ask([.. s_rows[..8], 0, 0, 0, 0]);
        Ask([0, 0, 0, 1]);
        (float[] again, _) = Ask(s_rows.AsSpan(0, 8));
        Assertions.SameBits(first.AsSpan(0, 8), again);
        Assert.Equal((4, 7, 5), Counts(session));

        (float[], float[]) Ask(ReadOnlySpan<float> rows)
        {
            request.SetInput(TestModels.Input, rows, [rows.Length / 4, 4]);
            Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
            Assert.Equal([rows.Length / 4, 4], request.GetOutputShape(TestModels.Output).ToArray());
            Assert.Equal([rows.Length / 4, 4], request.GetOutputShape("z").ToArray());
            return (request.GetOutput(TestModels.Output).ToArray(), request.GetOutput("z").ToArray());
        }
    }

    [Fact]
    public void A_full_cache_lets_answers_go_and_gives_no_wrong_ones()
    {
        const int Questions = 12_000; // of 81 bytes each: more than a megabyte, which holds 12,944
        using TestSession session = Open(megabytes: 1);
        float[] released = new float[4];
        float[] input = new float[4];
        Dictionary<float, float[]> answers = [];
        for (int i = 0; i < 3 * Questions; i++)
        {
            input[0] = i;
            Assert.True(session.Session.Run(session.Caller, input, released).IsAdmitted);
            answers.Add(i, [.. released]);
        }

        AnswerCacheStatistics statistics = session.Session.GetAnswerCacheStatistics();
        Assert.Equal((0, 3L * Questions, 3L * Questions), (statistics.Hits, statistics.Misses, statistics.Stored));
        Assert.InRange(statistics.Stored - statistics.Replaced, 12_000, 12_944);

        // The latest are there, and each has its own answer.
        for (int i = (3 * Questions) - 100; i < 3 * Questions; i++)
        {
            long hits = session.Session.GetAnswerCacheStatistics().Hits;
            input[0] = i;
            Assert.True(session.Session.Run(session.Caller, input, released).IsAdmitted);
            Assert.True(hits == session.Session.GetAnswerCacheStatistics().Hits || Assertions.AreSameBits(answers[i], released));
        }

        Assert.InRange(session.Session.GetAnswerCacheStatistics().Hits, 50, 100);
    }

    [Fact]
    public void An_answer_at_fault_is_not_kept_and_what_fits_no_answer_fails_as_without_a_cache()
    {
        using TestSession session = TestSession.Of(TestModels.Logarithm(), OutputKind.Regression, options: Cached());
        float[] good = session.Ask([1, 2, 3, 4], 4);
        for (int call = 0; call < 2; call++)
        {
            float[] released = [9, 9, 9, 9, 9, 9, 9, 9];
            Assert.Throws<InvalidModelOutputException>(() => session.Session.Run(session.Caller, [1, 2, 3, 4, 1, -1, 3, 4], released));
            Assertions.AllZero(released);
        }

        Assertions.SameBits(good, session.Ask([1, 2, 3, 4], 4));
        Assert.Equal((1, 5, 1), Counts(session));

        using TestSession lookup = TestSession.Of(TestModels.Lookup(), OutputKind.Regression, options: Cached());
        using ShieldedRequest request = lookup.Session.CreateRequest();
        request.SetInput<long>(TestModels.Input, [3], [1, 1]);
        lookup.Session.Run(lookup.Caller, request);
        request.SetInput<long>(TestModels.Input, [3, 99], [2, 1]);
        Assert.Throws<ModelRunException>(() => lookup.Session.Run(lookup.Caller, request));
        Assert.Throws<InvalidOperationException>(() => request.GetOutput(TestModels.Output).Length);
    }

    [Fact]
    public void A_run_that_fails_leaves_nothing_of_the_answers_that_were_there()
    {
        OnnxGraph graph = new OnnxGraph("table")
            .AddInput(TestModels.Input, OnnxElementType.Float, ["batch", 1])
            .AddInitializer<float>("table", [3], [10, 20, 30])
            .AddNode("Cast", [TestModels.Input], ["index"], new OnnxAttribute("to", (long)OnnxElementType.Int64))
            .AddNode("Gather", ["table", "index"], [TestModels.Output])
            .AddOutput(TestModels.Output, OnnxElementType.Float, ["batch", 1]);
        using TestSession session = TestSession.Of(graph, OutputKind.Regression, options: Cached());
        Assert.Equal([20f], session.Ask([1], 1));
        float[] released = [7, 7];
        Assert.Throws<ModelRunException>(() => session.Session.Run(session.Caller, [1, 99], released));
        Assert.Equal([0f, 7], released);
        Assert.Equal((0, 3, 1), Counts(session));
    }

    [Fact]
    public void A_span_of_the_wrong_length_is_the_same_error_on_a_hit()
    {
        using TestSession session = TestSession.Of(TestModels.Linear(outputBatch: TestModels.Unnamed), OutputKind.Logits, options: Cached());
        float[] input = TestModels.Weights(8);
        string before = Assert.Throws<ArgumentException>(() => session.Session.Run(session.Caller, input, new float[9])).Message;
        session.Ask(input, 10);
        Assert.Equal(before, Assert.Throws<ArgumentException>(() => session.Session.Run(session.Caller, input, new float[9])).Message);
        session.Ask(input, 10);
        Assert.Equal(1, session.Session.GetAnswerCacheStatistics().Hits);
    }

    [Fact]
    public void Two_threads_that_drive_each_other_out_never_get_each_other_s_answers()
    {
        // Each answer holds its question twice, so that parts of two answers are seen as such.
        const int Questions = 200;
        const int Width = 128;
        OnnxGraph graph = new OnnxGraph("twofold")
            .AddInput(TestModels.Input, OnnxElementType.Float, ["batch", 1])
            .AddInitializer<float>("ones", [1, Width], [.. Enumerable.Repeat(1f, Width)])
            .AddNode("MatMul", [TestModels.Input, "ones"], [TestModels.Output])
            .AddOutput(TestModels.Output, OnnxElementType.Float, ["batch", Width]);
        using TestSession session = TestSession.Of(graph, OutputKind.Embedding, options: Cached(1), hardening: s_fine);
        Threads.Run(2, thread =>
        {
            Random random = new(thread);
            float[] input = new float[2];
            float[] released = new float[2 * Width];
            for (int call = 0; call < 10_000; call++)
            {
                // Mostly questions that both ask, else new ones, which need room.
                int range = call % 4 == 0 ? 100_000 : Questions;
                (input[0], input[1]) = (1 + random.Next(range), 1 + random.Next(Questions));
                Assert.True(session.Session.Run(session.Caller, input, released).IsAdmitted);
                if (released.AsSpan(0, Width).ContainsAnyExcept(input[0]) || released.AsSpan(Width).ContainsAnyExcept(input[1]))
                {
                    Assert.Fail($"Asked {input[0]} and {input[1]}, got {string.Join(" ", released.Distinct())}.");
                }
            }
        });
        AnswerCacheStatistics statistics = session.Session.GetAnswerCacheStatistics();
        Assert.Equal(40_000, statistics.Hits + statistics.Misses);
        Assert.True(statistics is { Hits: > 10_000, Replaced: > 100 }, statistics.ToString());
        Assert.Equal(40_000, session.Shield.GetStatistics().Hardened);
    }

    private static bool HasDigits(float value, int digits) =>
        float.Parse(value.ToString("E" + (digits - 1), System.Globalization.CultureInfo.InvariantCulture), System.Globalization.CultureInfo.InvariantCulture) == value;

    private static ShieldedSessionOptions Cached(int megabytes = 8) => new() { AnswerCache = new AnswerCacheOptions { Megabytes = megabytes } };

    private static TestSession Open(bool cached = true, int megabytes = 8, Action<ShieldOptions>? configure = null, TimeProvider? clock = null) =>
        TestSession.Of(TestModels.Fickle(), OutputKind.Regression, hardening: s_fine, configure: configure, options: cached ? Cached(megabytes) : null, clock: clock);

    private static ShieldOptions Options(HardeningOptions hardening)
    {
        ShieldOptions options = new() { Hardening = hardening, Callers = { Capacity = 64 } };
        options.Admission.PerCaller = new LimitOptions { Queries = 1_000_000, Period = TimeSpan.FromSeconds(1), Burst = 1_000_000 };
        options.Admission.Overflow = new RateOptions { Queries = 1, Period = TimeSpan.FromSeconds(1), Burst = 1 };
        options.Outputs[TestModels.Output] = new OutputOptions { Kind = OutputKind.Regression };
        return options;
    }

    private static (long Hits, long Misses, long Stored) Counts(TestSession session)
    {
        AnswerCacheStatistics statistics = session.Session.GetAnswerCacheStatistics();
        return (statistics.Hits, statistics.Misses, statistics.Stored);
    }
}

using InferenceShield.Lab;

namespace InferenceShield.Tests.Detection.Postures;

/// <summary>Hardened as in every posture, a row is released as in its caller's alone.</summary>
[Collection(ProcessWide.Name)]
public sealed class EqualWorkTests
{
    private static readonly Posture[] s_answered = [Posture.Normal, Posture.Guarded, Posture.Restricted, Posture.Blocked];

    public static TheoryData<OutputKind, string> Policies => new()
    {
        { OutputKind.Logits, "" },
        { OutputKind.Probabilities, "" },
        { OutputKind.Logits, "noise" },
        { OutputKind.Logits, "few" },
        { OutputKind.Logits, "least" },
        { OutputKind.Logits, "marks" },
        { OutputKind.SigmoidLogits, "" },
        { OutputKind.Embedding, "" },
        { OutputKind.Regression, "" },
        { OutputKind.TokenLogits, "" },
    };

    [Theory]
    [MemberData(nameof(Policies))]
    public void The_answer_and_what_is_counted_of_it_are_those_of_the_one_plan(OutputKind kind, string policy)
    {
        using Shield even = Build(kind, policy, equalWork: true);
        using Shield lone = Build(kind, policy, equalWork: false);
        SeededRandom random = new(61, 1);
        foreach (int classes in new[] { 2, 10, 17, 300 })
        {
            float[] rows = Rows(random, kind, classes, rows: 3);
            foreach (Posture posture in s_answered)
            {
                Assertions.SameBits(Release(lone, posture, rows, classes), Release(even, posture, rows, classes));
            }
        }

        foreach (Posture posture in s_answered)
        {
            UtilityStatistics expected = lone.GetUtility(0, posture);
            UtilityStatistics actual = even.GetUtility(0, posture);
            Assert.Equal(12, actual.Rows);
            Assert.Equal(
                (expected.Rows, expected.TopChanged, expected.Sampled, expected.MeanDistance, expected.MaxDistance, expected.ReleasedEntropyBits),
                (actual.Rows, actual.TopChanged, actual.Sampled, actual.MeanDistance, actual.MaxDistance, actual.ReleasedEntropyBits));
            Assert.Equal(expected.Crossings, actual.Crossings);
            Assert.Equal((expected.Marked, expected.LabelsMoved), (actual.Marked, actual.LabelsMoved));
            Assert.Equal(policy == "marks", actual.Marked > 0);
        }

        Assert.Equal(lone.GetStatistics(), even.GetStatistics());
    }

    [Fact]
    public void A_caller_in_a_trial_is_answered_by_the_trials_policy()
    {
        using Shield even = Build(OutputKind.Logits, "", equalWork: true, trial: .5);
        using Shield lone = Build(OutputKind.Logits, "", equalWork: false, trial: .5);
        float[] row = [4, 3.9f, 1, 0];
        HashSet<bool> seen = [];
        for (int name = 0; name < 10; name++)
        {
            CallerKey caller = even.IdentifyCaller($"{name}");
            float[] released = ReleaseRestricted(even, caller, row);
            bool inTrial = even.IsInTrial(even.AdmitRows(1).Plan!, caller);
            seen.Add(inTrial);
            Assert.Equal(inTrial ? 2 : 1, released.Count(value => value > .1f));
            Assertions.SameBits(ReleaseRestricted(lone, caller, row), released);
        }

        Assert.Equal(2, seen.Count);

        static float[] ReleaseRestricted(Shield shield, CallerKey caller, float[] row)
        {
            float[] released = new float[row.Length];
            shield.SetPosture(caller, Posture.Restricted);
            Admission admission = shield.Admit(caller, new byte[1]);
            shield.Harden(in admission, row, released, row.Length);
            return released;
        }
    }

    [Fact]
    public void A_fault_reads_the_same_in_every_posture()
    {
        using Shield shield = Build(OutputKind.Probabilities, "", equalWork: true);
        string[] messages = Array.ConvertAll(s_answered, posture =>
        {
            float[] released = [.3f, .7f, .5f, float.NaN];
            string message = Assert.Throws<InvalidModelOutputException>(() => Harden(shield, posture, released, 2)).Message;
            Assert.All(released, value => Assert.Equal(0, value));
            return message;
        });
        Assert.Single(messages.Distinct());
        Assert.All(s_answered, posture => Assert.Equal(0, shield.GetUtility(0, posture).Rows));
    }

    [Fact]
    public void It_allocates_nothing()
    {
        using Shield shield = Build(OutputKind.Logits, "", equalWork: true);
        float[] clean = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        float[] released = new float[10];
        Admission admission = Admit(shield, Posture.Guarded, 1);
        Assert.Equal(0, Allocations.Least(() => shield.Harden(in admission, clean, released, 10)));
    }

    [Fact]
    public void A_caller_without_marks_is_admitted_the_same_way_in_whatever_posture_is_answered()
    {
        using Shield shield = Build(OutputKind.Logits, "", equalWork: true);
        foreach (Posture posture in s_answered)
        {
            Admission admission = Admit(shield, posture, 1);
            Assert.Equal(
                (true, posture, AdmissionReason.WithinLimits, AdmissionLevel.Caller, TimeSpan.Zero, TimeSpan.Zero, true),
                (admission.IsAdmitted, admission.Posture, admission.Reason, admission.Level, admission.RetryAfter, admission.Delay, admission.WaitingHelps));
        }
    }

    [Fact]
    public void A_refusal_for_want_of_rate_says_the_same_in_every_posture()
    {
        ManualTimeProvider clock = new();
        using Shield shield = TestShield.Build(
            OutputKind.Logits, clock: clock, configure: options =>
            {
                TestShield.SetLimits(options, queries: 1, TimeSpan.FromHours(1), burst: 2);
                (options.Admission.Blocked, options.Admission.BlockedDelay) = (BlockedTreatment.Restrict, TimeSpan.Zero);
            });
        var refusals = Array.ConvertAll(s_answered, posture =>
        {
            Admit(shield, posture, 1);
            Admit(shield, posture, 1);
            Admission admission = Admit(shield, posture, 1);
            Assert.False(admission.IsAdmitted);
            return (admission.Reason, admission.Level, admission.RetryAfter, admission.RetryAfterSeconds, admission.WaitingHelps, admission.Delay);
        });
        Assert.Single(refusals.Distinct());
    }

    [Fact]
    public void Unless_asked_for_it_is_where_there_is_a_calibration_only()
    {
        using Shield shield = TestShield.Build();
        Assert.False(shield.AdmitRows(1).Plan!.EqualWork);
        using Shield asked = TestShield.Build(configure: options => options.Postures.EqualWork = true);
        Assert.True(asked.AdmitRows(1).Plan!.EqualWork);
    }

    [Fact]
    public void Time_does_not_tell_of_a_posture_that_costs_many_times_as_much_as_another()
    {
        // A programme over 500 classes for a normal caller, a label for a restricted one.
        using Shield even = Build(OutputKind.Logits, "least", equalWork: true);
        using Shield lone = Build(OutputKind.Logits, "least", equalWork: false);
        Assert.InRange(RatioOf(even), .5, 2);
        Assert.False(RatioOf(lone) is > .5 and < 2, "The measure does not see what it is to see.");
    }

    /// <summary>Median time for a normal caller over that for a restricted one, by turns in a seeded order.</summary>
    private static double RatioOf(Shield shield)
    {
        const int Calls = 1000;
        SeededRandom random = new(71, 1);
        float[] clean = Rows(random, OutputKind.Logits, 500, rows: 1);
        float[] released = new float[clean.Length];
        Admission[] admissions = [Admit(shield, Posture.Normal, 1), Admit(shield, Posture.Restricted, 1)];
        List<long>[] times = [[], []];
        for (int call = 0; call < Calls; call++)
        {
            int which = random.NextInt32(2);
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            shield.Harden(in admissions[which], clean, released, clean.Length);
            times[which].Add(System.Diagnostics.Stopwatch.GetTimestamp() - start);
        }

        Array.ForEach(times, one => one.Sort());
        return (double)times[0][times[0].Count / 2] / times[1][times[1].Count / 2];
    }

    private static Shield Build(OutputKind kind, string policy, bool equalWork, double trial = 0) => TestShield.Build(kind, configure: options =>
    {
        options.Postures.EqualWork = equalWork;
        options.Utility.SampleOneIn = 1; // also of labels alone the clean confidence is known then
        (options.Admission.Blocked, options.Admission.BlockedDelay) = (BlockedTreatment.Restrict, TimeSpan.Zero);
        foreach (HardeningOptions hardening in new[] { options.Hardening, options.Guarded })
        {
            hardening.KeyedNoiseBudget = policy == "noise" ? .3 : 0;
            hardening.LeastInformationBudget = policy == "least" ? .3 : 0;
        }

        HardeningOptions coarse = new() { Release = InferenceShield.Release.Rounding, Decimals = 1 };
        options.Trial = trial > 0 ? new TrialOptions { Share = trial, Hardening = coarse, Guarded = coarse, Restricted = coarse } : null;
        options.Hardening.Watermark = policy == "marks" ? new WatermarkOptions { NearTie = new NearTieMarkOptions { Margin = .5 }, Permutation = new PermutationMarkOptions() } : null;
        options.Hardening.TopK = kind == OutputKind.TokenLogits ? 2 : policy == "few" ? 3 : null;
    });

    private static float[] Rows(SeededRandom random, OutputKind kind, int classes, int rows)
    {
        float[] values = new float[rows * classes];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = 4 + (4 * random.NextSigned());
        }

        for (int row = 0; kind == OutputKind.Probabilities && row < rows; row++)
        {
            Span<float> one = values.AsSpan(row * classes, classes);
            float sum = System.Numerics.Tensors.TensorPrimitives.Sum(one);
            System.Numerics.Tensors.TensorPrimitives.Divide(one, sum, one);
        }

        return values;
    }

    private static float[] Release(Shield shield, Posture posture, float[] rows, int classes)
    {
        float[] released = [.. rows];
        Harden(shield, posture, released, classes);
        return released;
    }

    private static void Harden(Shield shield, Posture posture, float[] scores, int classes)
    {
        Admission admission = Admit(shield, posture, scores.Length / classes);
        shield.Harden(in admission, scores, classes);
    }

    /// <summary>By a caller to whom detection, and no operator, gave the posture.</summary>
    private static Admission Admit(Shield shield, Posture posture, int rows)
    {
        CallerKey caller = shield.IdentifyCaller($"caller {posture}");
        shield.SetPosture(caller, posture);
        return shield.Admit(caller, new byte[rows], rows);
    }
}

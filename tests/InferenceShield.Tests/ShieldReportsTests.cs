using InferenceShield.Tests.Telemetry;

namespace InferenceShield.Tests;

/// <summary>What an operator is told of answers and of single callers.</summary>
public sealed class ShieldReportsTests
{
    private static readonly HistoryWindow[] s_windows = Enum.GetValues<HistoryWindow>();

    [Theory]
    [InlineData(1, 200)]
    [InlineData(2, 1_000)]
    [InlineData(3, 5_000)]
    [InlineData(4, 20_000)]
    [InlineData(5, 100_000)]
    public void Distinct_queries_are_estimated_within_four_standard_errors_and_repeats_do_not_raise_them(int secret, int distinct)
    {
        using Shield shield = TestShield.Build(secret: secret);
        CallerKey caller = Watch(shield, "caller");
        for (int i = 0; i < distinct; i++)
        {
            shield.Admit(caller, BitConverter.GetBytes(i));
        }

        CallerDossier dossier = Dossier(shield, caller);
        Assert.Equal(0.0244, dossier.DistinctQueriesError, 0.0001);
        Assert.InRange(dossier.DistinctQueries / distinct, 1 - (4 * dossier.DistinctQueriesError), 1 + (4 * dossier.DistinctQueriesError));

        // The same again, in other orders and in batches.
        byte[] batch = new byte[4 * 100];
        for (int i = distinct - 100; i >= 0; i -= 100)
        {
            for (int row = 0; row < 100; row++)
            {
                Assert.True(BitConverter.TryWriteBytes(batch.AsSpan(4 * row), i + row));
            }

            shield.Admit(caller, batch, rows: 100);
            shield.Admit(caller, batch.AsSpan(0, 4));
            shield.Admit(caller, batch.AsSpan(0, 4));
        }

        Assert.Equal(dossier.DistinctQueries, Dossier(shield, caller).DistinctQueries);
        Assert.True(Dossier(shield, caller).Statistics.Admitted > 2 * distinct);
    }

    [Fact]
    public void A_dossier_tells_of_its_caller_only_from_when_it_was_opened()
    {
        ManualTimeProvider clock = new();
        using Shield shield = TestShield.Build(clock: clock);
        Ask(shield, "other", label: 3, times: 150);
        Ask(shield, "caller", label: 1, times: 124);
        CallerKey caller = shield.IdentifyCaller("caller");
        Assert.Null(shield.TryGetDossier(caller));
        Assert.Null(shield.TryGetDossier(default));
        Assert.Null(shield.TryGetDossier(shield.IdentifyCaller("stranger")));

        Ask(shield, "caller", label: 0, times: 1);
        Assert.Null(shield.TryGetDossier(caller));
        Ask(shield, "caller", label: 2, times: 1); // the 126th: one in 31 is looked at
        clock.Advance(TimeSpan.FromHours(1));
        Ask(shield, "caller", label: 2, times: 3);
        CallerDossier dossier = Dossier(shield, caller);
        Assert.Equal(TimeSpan.FromHours(1), dossier.Age);
        Assert.Equal((129, 129, 0), (dossier.Statistics.Calls, dossier.Statistics.Admitted, dossier.AskedBefore));
        Assert.InRange(dossier.DistinctQueries, 0.9, 1.1); // all the same input
        AnswerStatistics minute = dossier.GetAnswers(HistoryWindow.Minute);
        Assert.Equal([0, 0, 1, 0], minute.LabelShares.Take(4));
        Assert.Equal(3, minute.Labels.Total, 0.02);
        Assert.Equal(0, minute.Labels.EntropyBits, 1e-9);
        Assert.Equal((4, 0.75), (minute.Values.Count, minute.Values.Mean));
        Assert.Equal(3 + Math.Exp(-1), dossier.GetAnswers(HistoryWindow.Hour).Labels.Total, 0.02);
        Assert.Equal(4, dossier.GetAnswers(HistoryWindow.Month).Labels.Total, 0.05);

        // The fleet has them all, the hour's others too.
        Assert.Equal((279, 0), (shield.GetAnswers(HistoryWindow.Day).Values.Count, shield.GetAnswers(HistoryWindow.Day).Values.Skipped));
        Assert.Equal(150.0 / 279, shield.GetAnswers(HistoryWindow.Month).LabelShares[3], 0.01);
        Assert.Equal(3, shield.GetAnswers(HistoryWindow.Minute).Labels.Total, 0.03);

        // A snapshot: it does not change any more.
        Ask(shield, "caller", label: 2, times: 50);
        Assert.Equal((129, 3), (dossier.Statistics.Admitted, (int)Math.Round(dossier.GetAnswers(HistoryWindow.Minute).Labels.Total)));
    }

    [Fact]
    public void Callers_that_asked_most_come_first_with_what_they_asked_before()
    {
        ManualTimeProvider clock = new();
        using Shield shield = TestShield.Build(
            configure: options =>
            {
                options.Callers.Capacity = 4;
                TestShield.SetLimits(options, queries: 1000, TimeSpan.FromSeconds(1), burst: 1000);
            },
            clock: clock);

        // A caller below the floor leaves, driven out by newcomers, and comes back.
        shield.AdmitRows(90, "returns");
        for (int i = 0; i < 4; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            shield.AdmitRows(1, $"newcomer {i}");
        }

        Assert.False(shield.TryGetCaller(shield.IdentifyCaller("returns"), out _));
        clock.Advance(TimeSpan.FromSeconds(1));
        shield.AdmitRows(60, "returns");
        shield.AdmitRows(160, "most");
        shield.AdmitRows(1, "most");
        Assert.False(shield.AdmitRows(1000, "most").IsAdmitted);
        shield.AdmitRows(100, "least");
        IReadOnlyList<CallerDossier> dossiers = shield.GetDossiers();
        Assert.Equal(["most", "returns", "least"], dossiers.Select(dossier =>
            new[] { "most", "returns", "least" }.Single(name => shield.IdentifyCaller(name) == dossier.Caller)));
        Assert.Equal((3, 90, 60), (shield.GetStatistics().Dossiers, dossiers[1].AskedBefore, dossiers[1].Statistics.Admitted));
        Assert.Equal((0, 161, 1000), (dossiers[0].AskedBefore, dossiers[0].Statistics.Admitted, dossiers[0].Statistics.Refused));
    }

    [Fact]
    public void A_window_that_there_is_not_is_an_error()
    {
        using Shield shield = TestShield.Build();
        CallerDossier dossier = Dossier(shield, Watch(shield, "caller"));
        foreach (HistoryWindow window in new[] { (HistoryWindow)(-1), (HistoryWindow)4, (HistoryWindow)int.MaxValue })
        {
            Assert.Contains("Minute, Hour, Day or Month", Assert.Throws<ArgumentOutOfRangeException>(() => shield.GetAnswers(window)).Message, StringComparison.Ordinal);
            Assert.Contains("Minute, Hour, Day or Month", Assert.Throws<ArgumentOutOfRangeException>(() => dossier.GetAnswers(window)).Message, StringComparison.Ordinal);
        }

        Assert.Equal(
            [TimeSpan.FromMinutes(1), TimeSpan.FromHours(1), TimeSpan.FromDays(1), TimeSpan.FromDays(30)],
            s_windows.Select(window => DecayWindows.Default[(int)window].Length));
    }

    [Fact]
    public void Nothing_that_is_told_names_a_caller_or_an_input()
    {
        const string Name = "alice@example.com";
        using Shield shield = TestShield.Build();
        CallerKey caller = Watch(shield, Name);
        Admission admission = shield.Admit(caller, "a secret question"u8);
        float[] scores = [0.125f, 0.875f];
        shield.Harden(in admission, scores, classes: 2);
        CallerDossier dossier = Dossier(shield, caller);
        Assert.Equal(caller.ToString(), dossier.ToString());
        Assert.Matches("^caller:[0-9a-f]{8}$", dossier.ToString());
        string[] texts =
        [
            dossier.ToString(), dossier.Statistics.ToString(), dossier.GetAnswers(HistoryWindow.Hour).ToString(), shield.GetStatistics().ToString(),
            shield.GetLatency().ToString(), shield.GetAnswers(HistoryWindow.Hour).ToString(), shield.ToString(), admission.ToString() ?? "",
            .. new object[] { dossier, dossier.Statistics, shield.GetStatistics(), caller, admission }
                .Select(told => System.Text.Json.JsonSerializer.Serialize(told, told.GetType())),
        ];
        Assert.All(texts, text =>
        {
            Assert.DoesNotContain("alice", text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("secret", text, StringComparison.OrdinalIgnoreCase);

            // Nor the whole key, in any base, from which a dossier of another process could be matched.
            Assert.DoesNotContain($"{caller.High:x}", text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain($"{caller.High}", text, StringComparison.Ordinal);
            Assert.DoesNotContain($"{(uint)caller.Low:x8}", text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain($"{caller.Low}", text, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void A_dossier_in_new_hands_begins_with_nothing()
    {
        ManualTimeProvider clock = new();
        using Shield shield = TestShield.Build(configure: options => options.Callers.Dossiers = 1, clock: clock);
        CallerKey before = Watch(shield, "before");
        Ask(shield, "before", label: 1, times: 70);
        clock.Advance(TimeSpan.FromMinutes(5));
        shield.Overrides.Restore(before);
        CallerKey after = Watch(shield, "after");
        Ask(shield, "after", label: 2, times: 1);
        Assert.Null(shield.TryGetDossier(before));
        CallerDossier dossier = Assert.Single(shield.GetDossiers());
        Assert.Equal((after, TimeSpan.Zero, 1), (dossier.Caller, dossier.Age, dossier.Statistics.Admitted));
        Assert.InRange(dossier.DistinctQueries, 0.9, 1.1);
        foreach (HistoryWindow window in s_windows)
        {
            AnswerStatistics answers = dossier.GetAnswers(window);
            Assert.Equal((1.0, 1, 0.75), (answers.Labels.Total, answers.Values.Count, answers.Values.Mean));
            Assert.Equal(1, answers.LabelShares[2]);
        }
    }

    [Fact]
    public void A_dossier_that_changes_hands_while_it_is_read_is_told_of_nobody_else()
    {
        // One dossier and two callers that are watched in turn: one always sends the same input, the other a hundred.
        using Shield shield = TestShield.Build(configure: options => options.Callers.Dossiers = 1);
        CallerKey[] callers = [shield.IdentifyCaller("same"), shield.IdentifyCaller("many")];
        byte[][] inputs = [new byte[100], [.. Enumerable.Range(0, 100).Select(i => (byte)i)]];
        int running = 1;
        int told = 0;
        Together.Run(2, number =>
        {
            for (int i = 0; number == 0 && i < 10_000; i++)
            {
                shield.Overrides.Restore(callers[(i + 1) & 1]);
                shield.Overrides.Set(callers[i & 1], new CallerOverride { Watched = true });
                shield.Admit(callers[i & 1], inputs[i & 1], rows: 100);
            }

            if (number == 0)
            {
                Volatile.Write(ref running, 0);
            }

            while (Volatile.Read(ref running) > 0)
            {
                foreach (CallerDossier dossier in shield.GetDossiers().Append(shield.TryGetDossier(callers[0])).OfType<CallerDossier>())
                {
                    Assert.InRange(dossier.DistinctQueries, 0, dossier.Caller == callers[0] ? 1.5 : 120);
                    told++;
                }

                Assert.True(shield.TryGetDossier(callers[1]) is not { } other || other.Caller == callers[1]);
            }
        });
        Assert.True(told > 10, $"Only {told} dossiers were seen.");
    }

    private static CallerKey Watch(Shield shield, string name)
    {
        CallerKey caller = shield.IdentifyCaller(name);
        shield.Overrides.Set(caller, new CallerOverride { Watched = true });
        return caller;
    }

    private static CallerDossier Dossier(Shield shield, CallerKey caller)
    {
        CallerDossier? dossier = shield.TryGetDossier(caller);
        Assert.NotNull(dossier);
        Assert.Equal(caller, dossier.Caller);
        return dossier;
    }

    private static void Ask(Shield shield, string caller, int label, int times)
    {
        for (int i = 0; i < times; i++)
        {
            float[] scores = new float[4];
            (scores[label], scores[(label + 1) % 4]) = (0.75f, 0.25f);
            Admission admission = shield.AdmitRows(1, caller);
            shield.Harden(in admission, scores, classes: 4);
        }
    }
}

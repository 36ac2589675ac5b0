namespace InferenceShield.Lab.Tests;

public sealed class OwnershipVerifierTests : IDisposable
{
    private static readonly WatermarkOptions s_exact = new() { NearTie = new NearTieMarkOptions { Margin = MarkedModel.Margin, Keying = MarkKeying.ExactInput } };

    private readonly VerificationSample _sample = new();

    public void Dispose() => _sample.Dispose();

    [Fact]
    public async Task A_copy_is_consistent_with_copying_and_the_report_says_what_that_is_not()
    {
        VerificationReport report = await _sample.VerifyAsync(_sample.Target.Copy(_sample.Key, 0.9));
        Assert.True(report.Verdict == OwnershipVerdict.ConsistentWithCopying, VerificationWriter.ToText(report));
        OwnershipTestResult test = Assert.Single(report.Tests);
        Assert.True(report.CombinedPValue < 1e-8 && report.CombinedPValue == test.PValue, $"{test.PValue}");
        Assert.InRange(test.Statistic, 0.85, 0.95);
        Assert.InRange(0.4, test.EffectLow, test.EffectHigh);
        Assert.InRange(test.RandomKeyShare, 0, 0.02);
        Assert.Contains(report.Limits, limit => limit.Contains("lawfully", StringComparison.Ordinal));
        Assert.Contains(report.Limits, limit => limit.Contains("No commitment", StringComparison.Ordinal));
        Assert.Contains(report.Notes, note => note.Contains("in order", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_clean_model_and_another_owners_key_give_no_evidence()
    {
        VerificationReport clean = await _sample.VerifyAsync(_sample.Target);
        Assert.True(clean.Verdict == OwnershipVerdict.NoEvidence, VerificationWriter.ToText(clean));
        Assert.Contains(clean.Limits, limit => limit.Contains("does not clear", StringComparison.Ordinal));
        using MarkKey other = MarkedModel.Key(2);
        Assert.Equal(OwnershipVerdict.NoEvidence, (await _sample.VerifyAsync(_sample.Target.Copy(other, 1))).Verdict);
    }

    [Fact]
    public async Task Queries_that_were_picked_by_the_suspects_answers_accuse_an_innocent_and_the_report_says_so()
    {
        // A false accuser keeps the rows where the suspect happens to answer as his key picks.
        VerificationRequest request = _sample.Request(8000);
        NearTieTest test = new(OutputKind.Probabilities, Scores(request.Queries), _sample.Target.ClassCount, MarkedModel.Margin, MarkKeying.Cell);
        int[] labels = [.. Enumerable.Range(0, request.Queries.Count).Select(row => LeadingClass.FindFirst(Scores(request.Queries.Select([row]))))];
        int[] kept = [.. Enumerable.Range(0, labels.Length).Where(row => test.Uses(row) && test.Run(_sample.Key.NearTies, OnlyAt(row)).Statistic == 1)];
        VerificationReport report = await _sample.VerifyAsync(_sample.Target, request with { Queries = request.Queries.Select(kept) });
        Assert.True(report.CombinedPValue < 1e-12, VerificationWriter.ToText(report));
        Assert.Contains(report.Limits, limit => limit.Contains("picked after the suspect had answered", StringComparison.Ordinal));

        float[] Scores(Dataset rows)
        {
            float[] scores = new float[rows.Count * _sample.Target.ClassCount];
            _sample.Target.Classify(rows.Values.Span, scores);
            return scores;
        }

        int[] OnlyAt(int row)
        {
            int[] only = new int[labels.Length];
            Array.Fill(only, -1);
            only[row] = labels[row];
            return only;
        }
    }

    [Fact]
    public async Task Too_few_answers_are_inconclusive_and_say_how_many_more()
    {
        VerificationReport report = await _sample.VerifyAsync(_sample.Target, _sample.Request(40) with { Marks = s_exact });
        Assert.Equal(OwnershipVerdict.Inconclusive, report.Verdict);
        OwnershipTestResult test = report.Tests[0];
        Assert.Contains($"needs {test.Needed - test.Answers:N0} more", report.Words, StringComparison.Ordinal);
        Assert.Contains($"answers of {test.Needed:N0} needed", VerificationWriter.ToText(report), StringComparison.Ordinal);
        Assert.Contains($"<small>of {test.Needed:N0} needed</small>", VerificationWriter.ToHtml([report]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_request_gives_the_same_report_and_another_seed_other_random_keys()
    {
        VerificationRequest request = _sample.Request(2000);
        string first = VerificationWriter.ToJson([await _sample.VerifyAsync(_sample.Target.Copy(_sample.Key, 0.6), request)]);
        Assert.Equal(first, VerificationWriter.ToJson([await _sample.VerifyAsync(_sample.Target.Copy(_sample.Key, 0.6), request)]));
        Assert.NotEqual(first, VerificationWriter.ToJson([await _sample.VerifyAsync(_sample.Target.Copy(_sample.Key, 0.6), request with { Seed = 2 })]));
    }

    [Fact]
    public async Task A_permuted_suspect_is_found_out_by_unmarked_answers_and_a_map_does_the_same()
    {
        int[] numbers = [3, 1, 4, 0, 5, 9, 2, 6, 8, 7]; // the suspect's class i is the target's numbers[i]
        Suspect permuted = Labels("permuted", _sample.Target.Copy(_sample.Key, 0.9), label => Array.IndexOf(numbers, label));
        VerificationReport found = await OwnershipVerifier.VerifyAsync(_sample.Request(8000), permuted);
        Assert.Equal(OwnershipVerdict.ConsistentWithCopying, found.Verdict);
        Assert.Contains(found.Notes, note => note.Contains("3,1,4,0,5,9,2,6,8,7", StringComparison.Ordinal));
        VerificationReport given = await OwnershipVerifier.VerifyAsync(_sample.Request(8000) with { ClassMap = numbers }, permuted);
        Assert.Equal(found.Tests[0].PValue, given.Tests[0].PValue);
    }

    [Fact]
    public async Task Probes_show_the_classes_of_a_permuted_copy_where_all_queries_are_marked_and_are_not_tested()
    {
        int[] numbers = [3, 1, 4, 0, 5, 9, 2, 6, 8, 7];
        Suspect permuted = Labels("permuted", _sample.Target.Copy(_sample.Key, 0.9), label => Array.IndexOf(numbers, label));
        Dataset rows = _sample.Request(8000).Queries;
        float[] clean = new float[rows.Count * 10];
        _sample.Target.Classify(rows.Values.Span, clean);
        int[] marked = [.. Enumerable.Range(0, rows.Count).Where(row => NearTieMark.TryFind(OutputKind.Probabilities, clean.AsSpan(row * 10, 10), MarkedModel.Margin, out _))];
        VerificationRequest request = _sample.Request(8000) with { Queries = rows.Select(marked) };
        VerificationReport blind = await OwnershipVerifier.VerifyAsync(request, permuted);
        Assert.NotEqual(OwnershipVerdict.ConsistentWithCopying, blind.Verdict);
        Assert.Contains(blind.Notes, static note => note.Contains("looks innocent", StringComparison.Ordinal) && note.Contains("--class-map", StringComparison.Ordinal));

        VerificationReport seeing = await OwnershipVerifier.VerifyAsync(request with { Probes = rows }, permuted);
        Assert.Equal(OwnershipVerdict.ConsistentWithCopying, seeing.Verdict);
        Assert.Contains(seeing.Notes, static note => note.Contains("3,1,4,0,5,9,2,6,8,7", StringComparison.Ordinal));
        Assert.Equal(marked.Length + 200, seeing.Queries);
        Assert.InRange(seeing.Tests[0].Answers, 1, marked.Length);
        Assert.Equal(OwnershipVerifier.Plan(request).Given, OwnershipVerifier.Plan(request with { Probes = rows }).Given);
    }

    [Fact]
    public async Task A_suspect_with_more_classes_needs_a_map_and_is_tested_with_one()
    {
        MarkedModel copy = _sample.Target.Copy(_sample.Key, 0.9);
        Suspect wide = new("wide", new DelegateOracle(12, 13, (rows, answers) =>
        {
            float[] scores = new float[answers.Length / 13 * 10];
            copy.Classify(rows.Span, scores);
            answers.Span.Clear();
            for (int row = 0; row < scores.Length / 10; row++)
            {
                scores.AsSpan(row * 10, 10).CopyTo(answers.Span[((row * 13) + 3)..]);
            }
        }));
        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(() => OwnershipVerifier.VerifyAsync(_sample.Request(8000), wide));
        Assert.Contains("13 classes; the target has 10", refused.Message, StringComparison.Ordinal);
        VerificationReport report = await OwnershipVerifier.VerifyAsync(_sample.Request(8000) with { ClassMap = [-1, -1, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9] }, wide);
        Assert.Equal(OwnershipVerdict.ConsistentWithCopying, report.Verdict);
    }

    [Fact]
    public async Task A_control_that_does_another_task_is_refused()
    {
        VerificationRequest request = _sample.Request(2000) with { Controls = [new VerificationControl("nonsense", MarkedModel.Clean(seed: 3))] };
        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(() => _sample.VerifyAsync(_sample.Target, request));
        Assert.Contains("'nonsense' agrees with the target on only", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_map_that_unmarked_answers_contradict_is_refused_and_one_that_was_given_is_told()
    {
        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(() => _sample.VerifyAsync(_sample.Target, _sample.Request(2000) with { ClassMap = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0] }));
        Assert.Contains("its true map", refused.Message, StringComparison.Ordinal);
        VerificationReport report = await _sample.VerifyAsync(_sample.Target, _sample.Request(2000) with { ClassMap = [0, 1, 2, 3, 4, 5, 6, 7, 9, 8] });
        Assert.Contains(report.Notes, static note => note.Contains("0,1,2,3,4,5,6,7,9,8, which was given", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_margin_that_no_shield_has_is_refused(double margin)
    {
        VerificationRequest request = _sample.Request(200) with { Marks = new WatermarkOptions { NearTie = new() { Margin = margin } } };
        Assert.Contains("at most .5", (await Assert.ThrowsAsync<ArgumentException>(() => _sample.VerifyAsync(_sample.Target, request))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chosen_queries_accuse_any_model_and_a_control_sees_it()
    {
        MarkedModel[] strangers = [.. Enumerable.Range(0, 4).Select(i => _sample.Target.Copy(_sample.Key, 0.5))];
        Dataset rows = _sample.Request(8000).Queries;
        float[] clean = new float[rows.Count * 10];
        _sample.Target.Classify(rows.Values.Span, clean);
        int[] labels = SuspectAnswers.Of(strangers[0], rows).Labels;
        int[] kept = [.. Enumerable.Range(0, rows.Count).Where(row =>
            !NearTieMark.TryFind(OutputKind.Probabilities, clean.AsSpan(row * 10, 10), MarkedModel.Margin, out NearTie tie) || NearTieMark.Pick(_sample.Key.NearTies, tie) == labels[row])];
        VerificationRequest request = _sample.Request(8000) with { Queries = rows.Select(kept) };
        VerificationReport alone = await _sample.VerifyAsync(strangers[1], request);
        Assert.Contains(alone.Limits, static limit => limit.Contains("how queries, key and controls were chosen", StringComparison.Ordinal));
        VerificationReport controlled = await _sample.VerifyAsync(strangers[1], request with { Controls = [new VerificationControl("independent", strangers[2])] });
        Assert.Equal(OwnershipVerdict.Inconclusive, controlled.Verdict);
        Assert.Contains("void", controlled.Words, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { 0, 1 }, "2 places")]
    [InlineData(new[] { 0, 1, 2, 3, 4, 5, 6, 7, 8, 10 }, "10 for class 9")]
    [InlineData(new[] { 0, 1, 2, 3, 4, 5, 6, 7, 8, 8 }, "twice")]
    public async Task A_map_that_is_none_is_refused(int[] map, string says)
    {
        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(() => OwnershipVerifier.VerifyAsync(_sample.Request(200) with { ClassMap = map }, Suspect.Of("s", _sample.Target)));
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_verdict_of_copying_says_that_picked_queries_make_any_model_fit()
    {
        VerificationReport report = await _sample.VerifyAsync(_sample.Target.Copy(_sample.Key, 0.9), _sample.Request(8000));
        Assert.Equal(OwnershipVerdict.ConsistentWithCopying, report.Verdict);
        Assert.Contains(report.Limits, limit => limit.Contains("picked after the suspect had answered", StringComparison.Ordinal));
    }

    [Fact]
    public void Words_fit_no_answers_one_caller_and_what_is_not_lacking()
    {
        OwnershipTestResult test = new("trap", 0, 620, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, "share of matches", double.NaN, PValueMethod.Exact, 300, double.NaN, [0.4], "");
        VerificationReport report = VerdictRules.Apply(new VerificationReport
        {
            Model = "m",
            Suspect = "s",
            Tests = [test, test with { Name = "near-tie", Answers = 115, PValue = 1e-9, Statistic = 0.9, RandomKeyShare = 0 }],
            CombinedPValue = 1e-9,
            Callers = [.. Enumerable.Range(0, 21).Select(i => new CallerAttribution($"caller {i}", 1))],
            Words = "",
            Limits = [],
        });
        Assert.Equal(OwnershipVerdict.ConsistentWithCopying, report.Verdict);
        foreach (string text in (string[])[VerificationWriter.ToText(report), VerificationWriter.ToHtml([report])])
        {
            Assert.DoesNotContain("needed", text, StringComparison.Ordinal);
            Assert.Contains("and 1 caller more", text, StringComparison.Ordinal);
        }

        Assert.Contains("trap: no answer counts, so nothing was measured", VerificationWriter.ToText(report), StringComparison.Ordinal);
        Assert.Contains(": 1 marked query\n", VerificationWriter.ToText(report), StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", VerificationWriter.ToHtml([report with { Tests = [test] }]), StringComparison.Ordinal);
        Assert.Contains("the smallest p-value that any of the independent models has", VerificationWriter.ToHtml([report]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(PValueMethod.RandomKeys, 4999, 0.000999, "cannot give a p-value below 1.0e-3")]
    [InlineData(PValueMethod.Exact, 0, double.NaN, "has none that count and needs 6,865 more")]
    [InlineData(PValueMethod.Exact, 10, 0.5, "needs 6,855 more (p = 0.500 so far)")]
    public void An_inconclusive_verdict_says_what_is_missing(PValueMethod method, int answers, double pValue, string expected)
    {
        OwnershipTestResult test = new("cosine", answers, 6865, 4, 0, 4, 2, 6, "z", pValue, method, 1000, 0.01, [], "");
        VerificationReport report = VerdictRules.Apply(new VerificationReport { Model = "m", Suspect = "s", Tests = [test], CombinedPValue = pValue, Words = "", Limits = [] });
        Assert.Equal(OwnershipVerdict.Inconclusive, report.Verdict);
        Assert.Contains(expected, report.Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_control_that_shows_the_mark_voids_the_test()
    {
        VerificationRequest request = _sample.Request(8000) with { Controls = [new VerificationControl("honest", _sample.Target), new VerificationControl("not so honest", _sample.Target.Copy(_sample.Key, 0.9))] };
        VerificationReport report = await _sample.VerifyAsync(_sample.Target.Copy(_sample.Key, 0.9), request);
        Assert.Equal(OwnershipVerdict.Inconclusive, report.Verdict);
        Assert.Contains("void", report.Words, StringComparison.Ordinal);
        Assert.True(report.Tests[0].ControlPValues[0] > 0.01 && report.Tests[0].ControlPValues[1] < 1e-6);

        VerificationReport held = await _sample.VerifyAsync(_sample.Target.Copy(_sample.Key, 0.9), request with { Controls = [request.Controls[0]] });
        Assert.Equal(OwnershipVerdict.ConsistentWithCopying, held.Verdict);
    }

    [Fact]
    public void The_plan_asks_nobody_and_tells_how_many_queries_are_needed()
    {
        VerificationPlan plan = OwnershipVerifier.Plan(_sample.Request(2000) with { Marks = s_exact });
        Assert.Equal([0.9, 0.95], plan.Tests.Select(test => test.Match));
        PowerEstimate careful = plan.Tests[0];
        Assert.True(careful.Needed > plan.Tests[1].Needed);
        Assert.Equal((long)Math.Ceiling(careful.Needed * 2000.0 / careful.Available), careful.Queries);
        Assert.Contains($"you need about {careful.Queries:N0} queries", VerificationWriter.ToText(plan), StringComparison.Ordinal);
        Assert.InRange(OwnershipVerifier.Plan(_sample.Request(2000) with { MostQueries = 100 }).Asked, 100, 100);
    }

    [Fact]
    public void Repeated_queries_count_and_are_asked_once()
    {
        Dataset rows = _sample.Target.Rows(3, 500);
        Dataset twice = new("twice", new float[][] { rows.Values.ToArray(), rows.Values.ToArray() }.SelectMany(one => one).ToArray(), 12);
        VerificationPlan once = OwnershipVerifier.Plan(_sample.Request(500) with { Queries = rows });
        VerificationPlan doubled = OwnershipVerifier.Plan(_sample.Request(500) with { Queries = twice });
        Assert.Equal((once.Given, once.Asked, once.Tests[0]), (doubled.Given, doubled.Asked, doubled.Tests[0]));
    }

    [Fact]
    public async Task Asking_many_suspects_raises_what_each_has_to_show()
    {
        VerificationReport[] reports = [await _sample.VerifyAsync(_sample.Target), await _sample.VerifyAsync(_sample.Target.Copy(_sample.Key, 0.9)), await _sample.VerifyAsync(_sample.Target)];
        IReadOnlyList<VerificationReport> adjusted = OwnershipVerifier.Adjust(reports);
        Assert.Equal(3 * reports[1].CombinedPValue, adjusted[1].CombinedPValue, 1e-300);
        Assert.All(adjusted, report => Assert.Contains("Holm", report.Combination, StringComparison.Ordinal));
        Assert.Equal(reports.Select(report => report.Verdict), adjusted.Select(report => report.Verdict));
    }

    [Fact]
    public async Task Reports_are_written_for_people_and_programs_and_escape_names()
    {
        VerificationReport report = await OwnershipVerifier.VerifyAsync(_sample.Request(1000), Suspect.Of("<b>suspect</b>", _sample.Target.Copy(_sample.Key, 0.95)));
        string page = VerificationWriter.ToHtml([report]);
        Assert.DoesNotContain("<b>suspect", page, StringComparison.Ordinal);
        Assert.Contains("<svg", page, StringComparison.Ordinal);
        Assert.Contains("What this does not prove", page, StringComparison.Ordinal);
        Assert.Contains("near-tie: p = ", VerificationWriter.ToText(report), StringComparison.Ordinal);
        using System.Text.Json.JsonDocument json = System.Text.Json.JsonDocument.Parse(VerificationWriter.ToJson([report]));
        Assert.Equal(report.Tests[0].PValue, json.RootElement[0].GetProperty("tests")[0].GetProperty("pValue").GetDouble());
        Assert.Equal("ConsistentWithCopying", json.RootElement[0].GetProperty("verdict").GetString());
    }

    private static Suspect Labels(string name, MarkedModel model, Func<int, int> map) => Suspect.Of(name, model.InputLength, row =>
    {
        float[] scores = new float[model.ClassCount];
        model.Classify(row.Span, scores);
        return map(Array.IndexOf(scores, scores.Max()));
    });
}

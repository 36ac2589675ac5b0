namespace InferenceShield.Lab.Tests;

/// <summary>Answers that are none, that stop, or that were kept.</summary>
public sealed class VerificationAnswersTests : IDisposable
{
    private readonly VerificationSample _sample = new();

    public void Dispose() => _sample.Dispose();

    [Fact]
    public async Task Another_shape_and_answers_that_are_none_are_refused_by_name()
    {
        ArgumentException shape = await Assert.ThrowsAsync<ArgumentException>(() => _sample.VerifyAsync(MarkedModel.Clean(1, width: 5)));
        Assert.Contains("rows of 5 values; the target takes 12", shape.Message, StringComparison.Ordinal);
        Suspect nan = new("broken", new DelegateOracle(12, 10, (_, answers) => answers.Span.Fill(float.NaN)));
        Assert.Contains("not finite", (await Assert.ThrowsAsync<OracleException>(() => OwnershipVerifier.VerifyAsync(_sample.Request(300), nan))).Message, StringComparison.Ordinal);
        Suspect outside = Suspect.Of("outside", 12, _ => 10);
        Assert.Contains("whole numbers from 0 to 9", (await Assert.ThrowsAsync<OracleException>(() => OwnershipVerifier.VerifyAsync(_sample.Request(300), outside))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_few_answers_that_are_none_count_as_unanswered_and_block_no_verification()
    {
        MarkedModel copy = _sample.Target.Copy(_sample.Key, 0.9);
        int spoilt = 1;
        int asked = 0;
        VerificationRequest request = _sample.Request(8000) with { AnswersFile = Path.Combine(_sample.Folder, "answers") };
        Suspect scores = new("suspect", new DelegateOracle(12, 10, (rows, answers) =>
        {
            copy.Classify(rows.Span, answers.Span);
            for (int row = 0; row < answers.Length / 10; row++)
            {
                answers.Span[(row * 10) + 3] = asked++ < spoilt ? float.NaN : answers.Span[(row * 10) + 3];
            }
        }));
        VerificationReport report = await OwnershipVerifier.VerifyAsync(request, scores);
        Assert.Equal(OwnershipVerdict.ConsistentWithCopying, report.Verdict);
        Assert.Equal(asked - 1, report.Queries);
        Assert.Contains(report.Notes, note => note.StartsWith($"1 of {asked} answers are none and count as unanswered; the first is that to query", StringComparison.Ordinal));

        int before = asked;
        VerificationReport resumed = await OwnershipVerifier.VerifyAsync(request with { Resume = true }, scores);
        Assert.Equal((before, report.Tests[0].PValue), (asked, resumed.Tests[0].PValue));

        (asked, spoilt) = (0, before / 10);
        Assert.Equal(before - spoilt, (await OwnershipVerifier.VerifyAsync(request, scores)).Queries);
        (asked, spoilt) = (0, (before / 10) + 1);
        OracleException many = await Assert.ThrowsAsync<OracleException>(() => OwnershipVerifier.VerifyAsync(request, scores));
        Assert.Contains($"{spoilt} answers of {before} that are none", many.Message, StringComparison.Ordinal);
        Assert.True(asked < before, "the rest need not be asked");
    }

    [Theory]
    [InlineData(20, false)]
    [InlineData(21, true)]
    public async Task A_suspects_labels_may_lack_a_tenth(int spoilt, bool isRefused)
    {
        int asked = 0;
        Suspect suspect = Suspect.Of("suspect", 12, _ => asked++ < spoilt ? 10 : 1);
        Task<(int[] Labels, string? Note)> asking = SuspectLabels.AskAsync(suspect, _sample.Target.Rows(3, 200), 10, new SuspectLabelRequest(), default);
        if (isRefused)
        {
            Assert.Contains("21 answers of 200 that are none", (await Assert.ThrowsAsync<OracleException>(() => asking)).Message, StringComparison.Ordinal);
            return;
        }

        (int[] labels, string? note) = await asking;
        Assert.Equal([.. Enumerable.Repeat(-1, spoilt), .. Enumerable.Repeat(1, 200 - spoilt)], labels);
        Assert.Contains("20 of 200 answers are none and count as disagreeing", note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_suspect_that_stops_leaves_its_answers_and_another_run_goes_on_to_the_same_end()
    {
        MarkedModel copy = _sample.Target.Copy(_sample.Key, 0.9);
        string file = Path.Combine(_sample.Folder, "answers");
        VerificationRequest request = _sample.Request(8000) with { AnswersFile = file };
        VerificationReport whole = await _sample.VerifyAsync(copy, request with { AnswersFile = null });

        int asked = 0;
        VerificationReport part = await OwnershipVerifier.VerifyAsync(request, Failing(copy, () => (asked += 32) > 320));
        Assert.Equal(320, part.Queries);
        Assert.Contains(part.Notes, note => note.Contains("stopped answering after 320", StringComparison.Ordinal));
        byte[] kept = File.ReadAllBytes(file);
        File.WriteAllBytes(file, kept[..^7]); // as a crash cuts it

        VerificationReport rest = await OwnershipVerifier.VerifyAsync(request with { Resume = true }, Failing(copy, () => false));
        Assert.Contains(rest.Notes, note => note.Contains("319 answers were kept", StringComparison.Ordinal));
        Assert.Contains(rest.Notes, note => note.Contains("cut short", StringComparison.Ordinal));
        Assert.Equal(whole.Tests[0].PValue, rest.Tests[0].PValue);
        Assert.Equal(whole.Queries, rest.Queries);

        int more = 0;
        _ = await OwnershipVerifier.VerifyAsync(request with { Resume = true }, Failing(copy, () => more++ >= 0));
        Assert.Equal(0, more); // nothing is asked twice
    }

    [Fact]
    public async Task Kept_answers_do_not_accuse_another_suspect_of_the_same_name()
    {
        VerificationRequest request = _sample.Request(8000) with { AnswersFile = Path.Combine(_sample.Folder, "answers") };
        VerificationReport report = await OwnershipVerifier.VerifyAsync(request, Suspect.Of("model", _sample.Target.Copy(_sample.Key, 0.9), identity: "SHA-256 1"));
        Assert.Equal("SHA-256 1", report.SuspectIdentity);
        Suspect honest = Suspect.Of("model", MarkedModel.Clean(2), identity: "SHA-256 2");
        InvalidDataException other = await Assert.ThrowsAsync<InvalidDataException>(() => OwnershipVerifier.VerifyAsync(request with { Resume = true }, honest));
        Assert.Contains("another suspect", other.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kept_answers_of_other_queries_or_altered_ones_are_refused()
    {
        string file = Path.Combine(_sample.Folder, "answers");
        await _sample.VerifyAsync(_sample.Target, _sample.Request(400) with { AnswersFile = file });
        InvalidDataException other = await Assert.ThrowsAsync<InvalidDataException>(() => _sample.VerifyAsync(_sample.Target, _sample.Request(500) with { AnswersFile = file, Resume = true }));
        Assert.Contains("other queries", other.Message, StringComparison.Ordinal);
        string[] lines = File.ReadAllLines(file);
        lines[3] = lines[3].Replace(lines[3][6], lines[3][6] == 'A' ? 'B' : 'A');
        File.WriteAllText(file, string.Join('\n', lines) + "\n");
        InvalidDataException altered = await Assert.ThrowsAsync<InvalidDataException>(() => _sample.VerifyAsync(_sample.Target, _sample.Request(400) with { AnswersFile = file, Resume = true }));
        Assert.Contains("Line 4", altered.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_suspect_that_throttles_is_waited_for_on_its_own_clock()
    {
        SimulatedTimeProvider time = new();
        int turn = 0;
        DelegateOracle throttling = new(
            12,
            10,
            (rows, answers, _) =>
            {
                if (turn++ % 2 == 0)
                {
                    return ValueTask.FromResult(new OracleReply(0, TimeSpan.FromSeconds(20)));
                }

                _sample.Target.Classify(rows.Span, answers.Span);
                return ValueTask.FromResult(new OracleReply(rows.Length / 12));
            },
            time);
        VerificationReport report = await OwnershipVerifier.VerifyAsync(_sample.Request(500), new Suspect("slow", throttling));
        Assert.Equal(OwnershipVerifier.Plan(_sample.Request(500)).Asked, report.Queries);
        OracleException refused = await Assert.ThrowsAsync<OracleException>(() => OwnershipVerifier.VerifyAsync(
            _sample.Request(500), new Suspect("closed", new DelegateOracle(12, 10, (_, _, _) => ValueTask.FromResult(new OracleReply(0, TimeSpan.FromHours(1))), time))));
        Assert.Contains("3600 s", refused.Message, StringComparison.Ordinal);
    }

    private static Suspect Failing(MarkedModel model, Func<bool> fails) => new("suspect", new DelegateOracle(
        model.InputLength,
        model.ClassCount,
        (rows, answers, _) =>
        {
            if (fails())
            {
                throw new OracleException("The server cannot be reached.");
            }

            model.Classify(rows.Span, answers.Span);
            return ValueTask.FromResult(new OracleReply(rows.Length / model.InputLength));
        }));
}

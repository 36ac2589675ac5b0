using InferenceShield.Lab;
using InferenceShield.Numerics;
using Microsoft.Extensions.Options;
using Xunit;

namespace InferenceShield.Tests;

[Collection(ProcessWide.Name)]
public sealed class ShieldEvidenceTests : IDisposable
{
    private const int Classes = 10;
    private const int Width = 16;
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    private string List => Path.Combine(_folder, "list");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Every_marked_answer_is_in_the_list_and_no_other(bool equalWork, bool keepInputs)
    {
        (float[] inputs, float[] scores) = Rows(600);
        int[] released = new int[600];
        Shield shield = Build(options => (options.Postures.EqualWork, options.Evidence.KeepInputs) = (equalWork, keepInputs));
        for (int call = 0; call < 200; call++)
        {
            float[] answer = new float[3 * Classes];
            Admission admission = shield.AdmitRows(3, caller: $"caller {call % 4}");
            shield.Harden(in admission, inputs.AsSpan(call * 3 * Width, 3 * Width), scores.AsSpan(call * 3 * Classes, 3 * Classes), answer, Classes);
            for (int row = 0; row < 3; row++)
            {
                released[(call * 3) + row] = answer.AsSpan(row * Classes, Classes).IndexOf(answer.AsSpan(row * Classes, Classes).ToArray().Max());
            }
        }

        CallerKey second = shield.IdentifyCaller("caller 1");
        shield.Dispose();
        int[] near = [.. Enumerable.Range(0, 600).Where(row => Margin(scores, row) <= 0.1)];
        using EvidenceKey key = EvidenceCases.Key();
        EvidenceReader reader = EvidenceReader.Open(List, key);
        EvidenceRecord[] records = [.. reader.Read()];

        Assert.InRange(near.Length, 30, 300);
        Assert.Equal(near.Length, records.Length);
        Assert.Equal(near.Count(row => row / 3 % 4 == 1), reader.CountByCaller()[second]);
        for (int i = 0; i < near.Length; i++)
        {
            Assert.Equal(MarkKinds.NearTie, records[i].Kinds);
            Assert.Equal(Top(scores, near[i]), records[i].Clean);
            Assert.Equal(released[near[i]], records[i].Released);
            Assert.Equal(Enumerable.Range(0, Classes).Where(label => label != records[i].Clean).MaxBy(label => scores[(near[i] * Classes) + label]), records[i].Other);
            Assert.Equal(EvidenceDigestKind.Mark, records[i].DigestKind);
            Assert.Equal(keepInputs ? inputs.AsSpan(near[i] * Width, Width).ToArray() : [], keepInputs ? records[i].ReadInput() : []);
        }

        using ShieldSecret secret = new(TestShield.Secret(1));
        Assert.Equal(near, reader.Match(inputs, Width, secret).Select(match => match.Row));
    }

    [Fact]
    public void Digests_and_marks_that_hosts_give_are_kept_and_found()
    {
        (float[] inputs, float[] scores) = Rows(200);
        Shield shield = Build();
        for (int row = 0; row < 200; row++)
        {
            ReadOnlySpan<float> input = inputs.AsSpan(row * Width, Width);
            Admission admission = shield.AdmitRows(1);
            float[] answer = new float[Classes];
            if (row < 100)
            {
                shield.Harden(in admission, [shield.Digest(FloatCanonical.Bytes(input))], scores.AsSpan(row * Classes, Classes), answer, Classes);
            }
            else
            {
                shield.Harden(in admission, [shield.ReadMarkInput(input)], scores.AsSpan(row * Classes, Classes), answer, Classes);
            }
        }

        shield.Dispose();
        int[] near = [.. Enumerable.Range(0, 200).Where(row => Margin(scores, row) <= 0.1)];
        using EvidenceKey key = EvidenceCases.Key();
        using ShieldSecret secret = new(TestShield.Secret(1));
        using ShieldSecret other = new(TestShield.Secret(2));
        EvidenceReader reader = EvidenceReader.Open(List, key);

        Assert.Equal(near, reader.Match(inputs, Width, secret).Select(match => match.Row));
        Assert.Equal(near.Count(row => row < 100), reader.Read().Count(record => record.DigestKind == EvidenceDigestKind.Row));
        Assert.Throws<ArgumentException>(() => reader.Match(inputs, Width, other));
        Assert.Throws<ArgumentException>(() => reader.Match(inputs.AsSpan(1), Width, secret));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Inputs_that_were_to_be_kept_and_were_not_given_are_counted_and_told_once(bool keepInputs)
    {
        (float[] inputs, float[] scores) = Rows(100);
        RecordingLoggerFactory log = new();
        Shield shield = TestShield.Build(logger: log, configure: options =>
        {
            (options.Evidence.File, options.Evidence.KeepInputs) = (List, keepInputs);
            options.Hardening.Watermark = new WatermarkOptions { NearTie = new NearTieMarkOptions() };
        });
        Admission admission = shield.AdmitRows(50);
        shield.Harden(in admission, inputs.AsSpan(0, 50 * Width), scores.AsSpan(0, 50 * Classes), new float[50 * Classes], Classes);
        Assert.Equal(0, shield.Evidence!.Value.WithoutInput);
        for (int row = 50; row < 100; row++)
        {
            Admission single = shield.AdmitRows(1);
            shield.Harden(in single, [shield.ReadMarkInput(inputs.AsSpan(row * Width, Width))], scores.AsSpan(row * Classes, Classes), new float[Classes], Classes);
        }

        shield.Dispose();
        int near = Enumerable.Range(50, 50).Count(row => Margin(scores, row) <= 0.1);
        Assert.True(near > 1);
        Assert.Equal((keepInputs ? near : 0, 0, 0), (shield.Evidence!.Value.WithoutInput, shield.Evidence.Value.WithoutDigest, shield.Evidence.Value.InputsTooLarge));
        Assert.Equal(keepInputs ? 1 : 0, log.Messages("EvidenceWithoutInput").Length);
    }

    [Fact]
    public void Time_steps_of_an_input_have_its_digest()
    {
        (float[] inputs, float[] scores) = Rows(100);
        Shield shield = Build();
        Admission admission = shield.AdmitRows(2);
        shield.Harden(in admission, inputs.AsSpan(0, 2 * Width), scores, new float[scores.Length], Classes);
        shield.Dispose();
        using EvidenceKey key = EvidenceCases.Key();
        using ShieldSecret secret = new(TestShield.Secret(1));

        int near = Enumerable.Range(0, 100).Count(row => Margin(scores, row) <= 0.1);
        EvidenceMatch[] matches = [.. EvidenceReader.Open(List, key).Match(inputs, Width, secret)];
        Assert.Equal([0, 1], matches.Select(match => match.Row).Distinct());
        Assert.InRange(matches.Length, 3, near); // steps with the same labels are kept once
        Assert.Equal(matches.Length, matches.Select(match => (match.Row, match.Record.Clean, match.Record.Released, match.Record.Other)).Distinct().Count());
    }

    [Fact]
    public void Without_inputs_the_answer_is_kept_and_counted_as_without_a_digest()
    {
        (_, float[] scores) = Rows(100);
        Shield shield = Build();
        Admission admission = shield.AdmitRows(100);
        shield.Harden(in admission, scores, new float[scores.Length], Classes);
        shield.Dispose();

        int near = Enumerable.Range(0, 100).Count(row => Margin(scores, row) <= 0.1);
        Assert.Equal((near, near), (shield.Evidence!.Value.Recorded, shield.Evidence.Value.WithoutDigest));
    }

    [Fact]
    public void A_batch_that_faults_leaves_no_row_in_the_list()
    {
        (float[] inputs, float[] scores) = Rows(60);
        int near = Enumerable.Range(0, 60).Count(row => Margin(scores, row) <= 0.1);
        Assert.True(near > 0);
        Shield shield = Build();
        float[] answer = new float[60 * Classes];
        float good = scores[^1];
        scores[^1] = float.NaN;
        Admission admission = shield.AdmitRows(60);
        Assert.Throws<InvalidModelOutputException>(() => shield.Harden(in admission, inputs, scores, answer, Classes));
        Admission again = shield.AdmitRows(60);
        scores[^1] = good;
        shield.Harden(in again, inputs, scores, answer, Classes);
        shield.Dispose();
        using EvidenceKey key = EvidenceCases.Key();
        Assert.Equal(near, EvidenceReader.Open(List, key).Records);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Marked_embeddings_are_in_the_list_and_allocate_nothing(bool keepInputs)
    {
        const int Count = 60;
        (float[] inputs, float[] vectors) = Rows(Count);
        vectors.AsSpan(0, Classes).Clear(); // no direction, no mark
        Shield shield = TestShield.Build(OutputKind.Embedding, new HardeningOptions { Watermark = new WatermarkOptions { Direction = new() } }, options =>
        {
            options.Evidence.File = List;
            options.Evidence.KeepInputs = keepInputs;
        });
        CallerKey caller = shield.IdentifyCaller("caller");
        float[] answer = new float[vectors.Length];
        Assert.Equal(0, Allocations.Least(() =>
        {
            Admission admission = shield.Admit(caller, [], Count);
            shield.Harden(in admission, inputs, vectors, answer, Classes);
        }));
        shield.Dispose();
        using EvidenceKey key = EvidenceCases.Key();
        using ShieldSecret secret = new(TestShield.Secret(1));
        EvidenceReader reader = EvidenceReader.Open(List, key);
        Assert.Equal(Enumerable.Range(1, Count - 1), reader.Match(inputs, Width, secret).Select(match => match.Row));
        Assert.All(reader.Read(), record => Assert.Equal((MarkKinds.Direction, -1, -1, -1), (record.Kinds, record.Clean, record.Released, record.Other)));
        Assert.Equal(keepInputs ? inputs.AsSpan(Width, Width).ToArray() : [], keepInputs ? reader.Read().First().ReadInput() : []);
    }

    [Fact]
    public void Marked_rows_of_tokens_are_counted_and_not_kept()
    {
        Shield shield = TestShield.Build(OutputKind.TokenLogits, new HardeningOptions { Watermark = new WatermarkOptions { GreenList = new() } }, options => options.Evidence.File = List);
        Admission admission = shield.AdmitRows(1);
        shield.Harden(in admission, [1, 2, 3, 4], new float[100]);
        shield.Dispose();
        Assert.Equal(1, shield.GetUtility().Marked);
        Assert.Equal(new EvidenceStatistics { Bytes = shield.Evidence!.Value.Bytes }, shield.Evidence.Value);
    }

    [Fact]
    public void Observed_and_unmarked_answers_are_not_kept()
    {
        (float[] inputs, float[] scores) = Rows(100);
        Shield shield = Build(options => options.Mode = ShieldMode.ObserveOnly);
        Admission admission = shield.AdmitRows(100);
        shield.Harden(in admission, inputs, scores, new float[scores.Length], Classes);
        shield.Dispose();
        Assert.Equal(0, shield.Evidence!.Value.Recorded);

        shield = Build();
        admission = shield.AdmitRows(100).WithoutMarks();
        shield.Harden(in admission, inputs, scores, new float[scores.Length], Classes);
        shield.Dispose();
        Assert.Equal(0, shield.Evidence!.Value.Recorded);
    }

    [Fact]
    public void Wrong_rows_are_named_and_nothing_is_released()
    {
        (float[] inputs, float[] scores) = Rows(2);
        using Shield shield = Build();
        Admission admission = shield.AdmitRows(2);

        Assert.Contains("2 rows", Assert.Throws<ArgumentException>(() => shield.Harden(in admission, inputs.AsSpan(1), scores, scores, Classes)).Message, StringComparison.Ordinal);
        Assert.All(scores, score => Assert.Equal(0, score));
        Assert.Null(TestShield.Build().Evidence);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Hardening_with_inputs_allocates_nothing(bool exactInput)
    {
        (float[] inputs, float[] scores) = Rows(4);
        scores.AsSpan().Fill(0.1f); // all near ties
        using Shield shield = Build(options =>
        {
            options.Evidence.KeepInputs = true;
            options.Hardening.Watermark!.NearTie!.Keying = exactInput ? MarkKeying.ExactInput : MarkKeying.Cell;
        });
        CallerKey caller = shield.IdentifyCaller("caller");
        float[] answer = new float[scores.Length];
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 50; i++)
            {
                Admission admission = shield.Admit(caller, [], 4);
                shield.Harden(in admission, inputs, scores, answer, Classes);
            }
        }));
    }

    [Fact]
    public void Options_are_checked_and_fixed()
    {
        OptionsValidationException fault = Assert.Throws<OptionsValidationException>(() => Build(options =>
            options.Evidence = new EvidenceOptions { File = " ", Share = double.NaN, MostPerCaller = 0, MostBytes = 5, Retention = TimeSpan.FromDays(1) }));
        Assert.Equal(5, fault.Failures.Count());
        foreach (string expected in new[]
        {
            "Evidence:File is", "Evidence:Share is NaN; allowed: 0.001 to 1", "Evidence:MostPerCaller is 0; allowed: 1 to 10,000,000",
            "Evidence:MostBytes is 5; allowed: 1,048,576 to 1,099,511,627,776", "Evidence:Retention is 1.00:00:00; allowed: 2.00:00:00 to 3650.00:00:00",
        })
        {
            Assert.Contains(fault.Failures, failure => failure.Contains(expected, StringComparison.Ordinal));
        }

        using Shield shield = TestShield.Build();
        ShieldOptions changed = TestShield.Options();
        changed.Evidence.File = List;
        Assert.Contains("fixed while serving", Assert.Single(Assert.Throws<OptionsValidationException>(() => shield.Reload(changed)).Failures), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_a_fault_at_start()
    {
        string file = Path.Combine(_folder, "nowhere", "list");
        string said = Assert.Single(Assert.Throws<OptionsValidationException>(() => Build(options => options.Evidence.File = file)).Failures);
        Assert.StartsWith($"Evidence:File is '{file}', which cannot be written: ", said, StringComparison.Ordinal);
        Assert.EndsWith("Make its folder, writable for this process, or leave Evidence:File out to keep no list.", said, StringComparison.Ordinal);

        File.WriteAllText(Path.Combine(_folder, "file"), "");
        Assert.Throws<OptionsValidationException>(() => Build(options => options.Evidence.File = Path.Combine(_folder, "file", "list")));
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        using Shield shield = Build(options => options.Evidence.File = file);
        Assert.Null(shield.Evidence!.Value.Fault);
    }

    private Shield Build(Action<ShieldOptions>? configure = null) => TestShield.Build(configure: options =>
    {
        options.Evidence.File = List;
        options.Hardening.Watermark = new WatermarkOptions { NearTie = new NearTieMarkOptions() };
        configure?.Invoke(options);
    });

    /// <summary>Random distributions, some of them near ties, and inputs.</summary>
    private static (float[] Inputs, float[] Scores) Rows(int count)
    {
        SeededRandom random = new(seed: 8, stream: 1);
        float[] inputs = new float[count * Width];
        for (int i = 0; i < inputs.Length; i++)
        {
            inputs[i] = random.NextSigned();
        }

        float[] scores = new float[count * Classes];
        for (int row = 0; row < count; row++)
        {
            Span<float> own = scores.AsSpan(row * Classes, Classes);
            for (int i = 0; i < Classes; i++)
            {
                own[i] = MathF.Exp(3 * random.NextSigned());
            }

            float sum = own.ToArray().Sum();
            for (int i = 0; i < Classes; i++)
            {
                own[i] /= sum;
            }
        }

        return (inputs, scores);
    }

    private static int Top(float[] scores, int row) => scores.AsSpan(row * Classes, Classes).IndexOf(scores.AsSpan(row * Classes, Classes).ToArray().Max());

    private static double Margin(float[] scores, int row)
    {
        float[] sorted = [.. scores.AsSpan(row * Classes, Classes).ToArray().OrderDescending()];
        return (double)sorted[0] - sorted[1];
    }
}

using System.Buffers.Binary;
using InferenceShield.Lab;
using InferenceShield.Numerics;

namespace InferenceShield.Tests.Watermarking;

/// <summary>What marks read of inputs, what a call has to give, and calls that carry no mark.</summary>
[Collection(ProcessWide.Name)]
public sealed class MarkInputTests
{
    private static readonly Posture[] s_postures = [Posture.Normal, Posture.Guarded, Posture.Restricted];
    private static readonly float[] s_tie = [1, 3, 2.95f, 0, -1];

    [Fact]
    public void Digests_are_SipHash_of_the_bytes_and_of_the_rounded_values()
    {
        using MarkKey key = MarkCases.Key();
        using Shield shield = Triggering(.5);
        SeededRandom random = new(91, 1);
        foreach (int length in (int[])[1, 2, 3, 255, 256, 257, 784])
        {
            float[] row = new float[length];
            byte[] bytes = new byte[4 * length];
            byte[] steps = new byte[4 * (length + (length & 1))];
            for (int i = 0; i < length; i++)
            {
                row[i] = 100 * random.NextSigned();
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4 * i), row[i]);
                BinaryPrimitives.WriteInt32LittleEndian(steps.AsSpan(4 * i), (int)Math.Round(row[i] * 2.0));
            }

            MarkInput input = shield.ReadMarkInput(row, new InputCell(7));
            Assert.Equal(SipHash.Hash(key.Inputs, bytes), input.Exact);
            Assert.Equal(new InputCell(7), input.Cell);
            Assert.Equal(input.Quantised, shield.ReadMarkInput(Array.ConvertAll(row, value => (float)(Math.Round(value * 2.0) / 2))).Quantised);
            row[length / 2] += .5f;
            Assert.NotEqual(input.Quantised, shield.ReadMarkInput(row).Quantised);
        }

        // Another length, another digest, also where the rest would be 0.
        Assert.Equal(4, new[] { 1, 2, 3, 4 }.Select(length => shield.ReadMarkInput(new float[length]).Quantised).Distinct().Count());
        Assert.NotEqual(default, shield.ReadMarkInput([float.NaN, 1e38f, float.NegativeInfinity]).Quantised);
        Assert.Throws<ArgumentException>(() => shield.ReadMarkInput([]));
    }

    [Fact]
    public void Quantised_digests_are_pinned()
    {
        SipHashKey key = new([.. Enumerable.Range(0, 16).Select(i => (byte)i)]);
        byte[] message = new byte[24];
        int[] steps = [3, -2, 64, 0];
        for (int i = 0; i < steps.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(4 * i), steps[i]);
        }

        BinaryPrimitives.WriteInt64LittleEndian(message.AsSpan(16), 3);
        SipHash.Stream stream = new(key);
        for (int i = 0; i < message.Length; i += 8)
        {
            stream.Add(BinaryPrimitives.ReadUInt64LittleEndian(message.AsSpan(i)));
        }

        Assert.Equal(stream.Finish(), MarkDigest.OfQuantised(key, [.046f, -.03125f, 1.001f], 1.0 / 64)); // 2.94, -2 and 64.06 steps
    }

    [Fact]
    public void Every_further_input_changes_both_digests_and_their_order_matters()
    {
        using MarkKey key = MarkCases.Key();
        MarkInputReader reader = new(key, inputs: null, inputStep: 1);
        MarkInput first = reader.Read([1, 2]);
        MarkInput[] all = [first, reader.Append(in first, [3]), reader.Append(in first, [4]), reader.Append(reader.Read([3]), [1, 2])];
        Assert.Equal(4, all.Select(input => input.Exact).Distinct().Count());
        Assert.Equal(4, all.Select(input => input.Quantised).Distinct().Count());
    }

    [Fact]
    public void Near_ties_by_exact_input_follow_the_input_and_time_steps_have_bits_of_their_own()
    {
        using MarkKey key = MarkCases.Key();
        using Shield shield = MarkedReleaseTests.Marked(new NearTieMarkOptions { Keying = MarkKeying.ExactInput });
        Assert.True(NearTieMark.TryFind(OutputKind.Logits, s_tie, .1, out NearTie tie));
        int higher = 0;
        int different = 0;
        for (int i = 0; i < 400; i++)
        {
            MarkInput input = shield.ReadMarkInput([i]);
            Admission admission = shield.AdmitRows(1);
            float[] released = new float[10];
            shield.Harden(in admission, [input], [.. s_tie, .. s_tie], released, 5);
            int label = Assertions.FirstOfLargest(released.AsSpan(0, 5));
            Assert.Equal(NearTieMark.Pick(key.NearTies, tie, input.Exact), label);
            higher += label == 2 ? 1 : 0;
            different += label != Assertions.FirstOfLargest(released.AsSpan(5)) ? 1 : 0;
        }

        Assert.InRange(MarkCases.ChiSquare(higher, 400), 0, 15.1);
        Assert.InRange(MarkCases.ChiSquare(different, 400), 0, 15.1);
    }

    [Fact]
    public void Noise_that_belongs_to_inputs_is_drawn_by_the_same_value()
    {
        foreach (NoiseCell cell in (NoiseCell[])[NoiseCell.Input, NoiseCell.ExactInput])
        {
            HardeningOptions noisy = new() { KeyedNoiseBudget = .3, Decimals = 5, NoiseCell = cell };
            using Shield shield = TestShield.Build(OutputKind.Logits, noisy);
            MarkInput[] inputs = [shield.ReadMarkInput([1], new InputCell(1UL << 60)), shield.ReadMarkInput([2], new InputCell(2UL << 60))];
            float[][] released = Array.ConvertAll(inputs, input => Release(shield, input));
            Assert.NotEqual(released[0], released[1]);
            Admission admission = shield.AdmitRows(1);
            float[] other = new float[5];
            if (cell == NoiseCell.Input)
            {
                shield.Harden(in admission, [inputs[0].Cell], s_tie, other, 5);
            }
            else
            {
                shield.Harden(in admission, [new InputDigest(inputs[0].Exact.Low, inputs[0].Exact.High)], s_tie, other, 5);
            }

            Assertions.SameBits(released[0], other);
        }
    }

    [Fact]
    public void Without_the_input_nothing_leaves_and_no_posture_shows()
    {
        // A mark of guarded callers only: normal ones must not be answered where those are not.
        (string Option, WatermarkOptions Marks)[] cases =
        [
            ("Watermark:NearTie:Keying", new WatermarkOptions { NearTie = new NearTieMarkOptions { Keying = MarkKeying.ExactInput } }),
            ("Watermark:Triggers", new WatermarkOptions { Triggers = new LabelTriggerOptions() }),
        ];
        foreach ((string option, WatermarkOptions marks) in cases)
        {
            using Shield shield = TestShield.Build(OutputKind.Logits, configure: options => options.Guarded.Watermark = marks);
            HashSet<string> messages = [];
            foreach (Posture posture in s_postures)
            {
                Admission admission = MarkedReleaseTests.Admit(shield, posture);
                float[] scores = [.. s_tie];
                messages.Add(Assert.Throws<InvalidOperationException>(() => shield.Harden(in admission, scores, 5)).Message);
                Assert.All(scores, score => Assert.Equal(0, score));
                messages.Add(Assert.Throws<InvalidOperationException>(() => shield.Harden(in admission, [new InputCell(1)], s_tie, new float[5], 5)).Message);
                Assert.Throws<ArgumentException>(() => shield.Harden(in admission, [default(MarkInput), default], s_tie, new float[5], 5));
                Assert.Equal(0, shield.GetUtility(0, posture).Rows);
                Admission unmarked = admission.WithoutMarks();
                shield.Harden(in unmarked, s_tie, scores, 5);
                Assert.Equal(1, Assertions.FirstOfLargest(scores));
            }

            string message = Assert.Single(messages);
            Assert.Contains($"A mark of output 'scores' belongs to inputs ({option})", message, StringComparison.Ordinal);
            Assert.Contains("made by Shield.ReadMarkInput", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Exempt_calls_and_callers_get_the_clean_label_and_count_no_mark()
    {
        using MarkKey key = MarkCases.Key();
        foreach (bool equalWork in (bool[])[false, true])
        {
            using Shield shield = MarkedReleaseTests.Marked(new NearTieMarkOptions { Margin = .5 }, options => options.Postures.EqualWork = equalWork);
            using Shield plain = TestShield.Build(OutputKind.Logits);
            float[] clean = Moved(key);
            int top = Assertions.FirstOfLargest(clean);
            CallerKey exempt = shield.IdentifyCaller("exempt");
            shield.Overrides.Set(exempt, new CallerOverride { Unmarked = true });
            Assert.True(shield.Overrides.TryGet(exempt)!.Unmarked);
            Admission[] spared = [shield.AdmitRows(1).WithoutMarks(), shield.Admit(exempt, new byte[1]), shield.Admit(shield.GetHandle(exempt), new byte[1])];
            foreach (Admission admission in spared)
            {
                float[] released = new float[clean.Length];
                shield.Harden(in admission, clean, released, clean.Length);
                Assertions.SameBits(plain.Release(clean, clean.Length), released);
            }

            Assert.Equal((3, 0, 0), Counts(shield));
            Assert.NotEqual(top, Assertions.FirstOfLargest(shield.Release(clean, clean.Length)));
            Assert.Equal((4, 1, 1), Counts(shield));
            shield.Overrides.Restore(exempt);
            Admission again = shield.Admit(exempt, new byte[1]);
            float[] marked = new float[clean.Length];
            shield.Harden(in again, clean, marked, clean.Length);
            Assert.NotEqual(top, Assertions.FirstOfLargest(marked));
        }

        static (long, long, long) Counts(Shield shield) => (shield.GetUtility().Rows, shield.GetUtility().Marked, shield.GetUtility().LabelsMoved);
    }

    [Fact]
    public void A_shield_that_only_observes_counts_marks_and_releases_none()
    {
        using MarkKey key = MarkCases.Key();
        using Shield shield = MarkedReleaseTests.Marked(new NearTieMarkOptions { Margin = .5 }, options => options.Mode = ShieldMode.ObserveOnly);
        float[] clean = Moved(key);
        Assertions.SameBits(clean, shield.Release(clean, clean.Length));
        UtilityStatistics utility = shield.GetUtility();
        Assert.Equal((1, 1, 1, 1), (utility.Rows, utility.Marked, utility.LabelsMoved, utility.TopChanged));
    }

    [Fact]
    public void Marks_are_counted_row_by_row_under_the_postures_they_were_released_in()
    {
        using MarkKey key = MarkCases.Key();
        foreach (bool equalWork in (bool[])[false, true])
        {
            using Shield shield = MarkedReleaseTests.Marked(new NearTieMarkOptions(), options => options.Postures.EqualWork = equalWork);
            SeededRandom random = new(92, 1);
            foreach (Posture posture in s_postures)
            {
                long marked = 0;
                long moved = 0;
                float[] batch = new float[300 * 10];
                for (int row = 0; row < 300; row++)
                {
                    float[] clean = MarkCases.Logits(ref random, 10);
                    clean.CopyTo(batch, row * 10);
                    bool isTie = NearTieMark.TryFind(OutputKind.Logits, clean, posture == Posture.Normal ? .1 : .2, out NearTie tie);
                    marked += isTie ? 1 : 0;
                    moved += isTie && NearTieMark.Pick(key.NearTies, tie) != Assertions.FirstOfLargest(clean) ? 1 : 0;
                }

                Admission admission = MarkedReleaseTests.Admit(shield, posture, 300);
                shield.Harden(in admission, batch, 10);
                UtilityStatistics utility = shield.GetUtility(0, posture);
                Assert.Equal((300, marked, moved, moved), (utility.Rows, utility.Marked, utility.LabelsMoved, utility.TopChanged));
                Assert.True(moved > 3);
            }
        }
    }

    /// <summary>A near tie whose label the key moves.</summary>
    private static float[] Moved(MarkKey key)
    {
        foreach (float second in (float[])[2.95f, 2.4f, 2, 1.5f])
        {
            foreach (float third in (float[])[-9, 1, 1.4f])
            {
                float[] clean = [third, 3, second, -9, -9];
                if (NearTieMark.TryFind(OutputKind.Logits, clean, .5, out NearTie tie) && NearTieMark.Pick(key.NearTies, tie) != 1)
                {
                    return clean;
                }
            }
        }

        throw new InvalidOperationException("This key moves none of the rows.");
    }

    private static Shield Triggering(double step) => TestShield.Build(OutputKind.Logits, new HardeningOptions
    {
        Watermark = new WatermarkOptions { Triggers = new LabelTriggerOptions { InputStep = step } },
    });

    private static float[] Release(Shield shield, MarkInput input)
    {
        Admission admission = shield.AdmitRows(1);
        float[] released = new float[s_tie.Length];
        shield.Harden(in admission, [input], s_tie, released, s_tie.Length);
        return released;
    }
}

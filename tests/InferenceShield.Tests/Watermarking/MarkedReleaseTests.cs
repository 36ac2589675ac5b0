using FsCheck;
using FsCheck.Fluent;
using InferenceShield.Lab;

namespace InferenceShield.Tests.Watermarking;

/// <summary>Marked answers, in every release: those of a model whose scores have changed places.</summary>
[Collection(ProcessWide.Name)]
public sealed class MarkedReleaseTests
{
    private static readonly Posture[] s_postures = [Posture.Normal, Posture.Guarded, Posture.Restricted];

    [Fact]
    public void A_near_ties_answer_is_that_of_the_row_in_which_the_picked_label_leads()
    {
        using MarkKey key = MarkCases.Key();
        int ties = 0;
        int moved = 0;
        Properties.Hold(
            from scores in MarkCases.Scores
            from release in MarkCases.Releases
            select (scores, release),
            one =>
            {
                float[] clean = one.scores.Scores();
                using Shield plain = TestShield.Build(one.scores.Kind, one.release);
                HardeningOptions marking = one.release.Clone();
                marking.Watermark = new WatermarkOptions { NearTie = new NearTieMarkOptions { Margin = .5 } };
                using Shield marked = TestShield.Build(one.scores.Kind, marking);
                float[] released = marked.Release(clean, clean.Length);
                float[] inPlace = [.. clean];
                Admission admission = marked.AdmitRows(1);
                marked.Harden(in admission, inPlace, clean.Length);
                Assertions.SameBits(released, inPlace);
                int top = Assertions.FirstOfLargest(clean);
                int label = NearTieMark.TryFind(one.scores.Kind, clean, .5, out NearTie tie) ? NearTieMark.Pick(key.NearTies, tie) : top;
                Assertions.SameBits(plain.Release(label == top ? clean : MarkCases.Swapped(clean, top, label), clean.Length), released);
                MarkCases.AssertLeads(released, label);
                UtilityStatistics utility = marked.GetUtility();
                int each = label == top ? 0 : 2;
                Assert.Equal((each, each, tie == default ? 0 : 2), (utility.LabelsMoved, utility.TopChanged, utility.Marked));
                ties += tie == default ? 0 : 1;
                moved += each / 2;
            },
            tests: 400);
        Assert.InRange(moved, 40, ties - 40);
    }

    [Fact]
    public void A_row_is_hardened_on_the_way_only_if_it_is_sure_and_then_as_ever()
    {
        int sure = 0;
        int unsure = 0;
        Properties.Hold(
            from scores in MarkCases.Scores
            from release in MarkCases.Releases.Or(Gen.Elements(Release.Rounding, Release.Bands, Release.LabelOnly).Select(kind => new HardeningOptions { Release = kind }))
            from least in Gen.Elements(.3f, .55f, .6f)
            select (scores, release, least),
            one =>
            {
                float[] clean = one.scores.Scores();
                BandSource? bands = one.release.Release == Release.Bands ? new BandSource(one.release.BandEdges ?? [.25, .5, .9]) : null;
                OutputPlan plan = new("scores", one.scores.Kind, one.release, bands: bands);
                float[] expected = new float[clean.Length];
                Assert.True(DistributionHardening.TryHarden(plan, HardeningStep.NoiseKey, clean, expected, out int expectedTop, out float expectedConfidence, out _));
                float[] released = [.. clean];
                if (!DistributionHardening.TryHardenSure(plan, released, released, one.least, out int top, out float confidence))
                {
                    Assertions.SameBits(clean, released);
                    unsure++;
                    return;
                }

                Assertions.SameBits(expected, released);
                Assertions.SameBits([expectedConfidence], [confidence]);
                Assert.Equal(expectedTop, top);
                Assert.True(confidence > one.least);
                sure++;
            },
            tests: 2000);
        Assert.True(sure > 100 && unsure > 200, $"{sure} sure, {unsure} not");
    }

    [Fact]
    public void A_near_tie_within_the_smaller_margin_has_one_label_in_every_posture_on_every_replica()
    {
        using Shield shield = Marked(new NearTieMarkOptions());
        using Shield replica = Marked(new NearTieMarkOptions());
        SeededRandom random = new(72, 1);
        int within = 0;
        int between = 0;
        for (int i = 0; i < 600; i++)
        {
            float[] clean = MarkCases.Logits(ref random, 10);
            int[] labels = Array.ConvertAll(s_postures, posture => Label(shield, posture, clean));
            Assert.Equal(labels, Array.ConvertAll(s_postures, posture => Label(replica, posture, clean)));
            Assert.Equal(labels[1], labels[2]);
            if (NearTieMark.TryFind(OutputKind.Logits, clean, .1, out _))
            {
                Assert.Equal(labels[0], labels[1]);
                within++;
            }
            else
            {
                Assert.Equal(Assertions.FirstOfLargest(clean), labels[0]);
                between += labels[1] != labels[0] ? 1 : 0;
            }
        }

        Assert.True(within > 20 && between > 5, $"{within} within, {between} moved between");
    }

    [Fact]
    public void Rows_at_fault_fail_as_without_marks()
    {
        WatermarkOptions all = new() { NearTie = new NearTieMarkOptions { Margin = .5 }, Permutation = new PermutationMarkOptions(), Triggers = new LabelTriggerOptions { Rate = .01 } };
        foreach (OutputKind kind in (OutputKind[])[OutputKind.Logits, OutputKind.Probabilities])
        {
            using Shield plain = TestShield.Build(kind);
            using Shield marked = TestShield.Build(kind, new HardeningOptions { Watermark = all });
            foreach (float bad in (float[])[float.NaN, float.PositiveInfinity, -.3f, 7])
            {
                for (int place = 0; place < 6; place++)
                {
                    float[] clean = [.16f, .17f, .17f, .17f, .16f, .17f];
                    clean[place] = bad;
                    for (ulong seed = 0; seed < 4; seed++)
                    {
                        MarkInput input = marked.ReadMarkInput([seed]);
                        Assert.Equal(Fault(plain, clean, default), Fault(marked, clean, input));
                    }
                }
            }
        }

        static string Fault(Shield shield, float[] clean, MarkInput input)
        {
            float[] released = [.. clean];
            Admission admission = shield.AdmitRows(1);
            return Record.Exception(() => shield.Harden(in admission, [input], released, released, released.Length)) is InvalidModelOutputException fault
                ? $"{fault.Message} {fault.Row} {string.Join(' ', released)}"
                : "none";
        }
    }

    [Fact]
    public void Exempt_classes_are_neither_moved_nor_moved_to()
    {
        using Shield shield = Marked(new NearTieMarkOptions { Margin = .5, ExemptClasses = [3] });
        using Shield all = Marked(new NearTieMarkOptions { Margin = .5 });
        SeededRandom random = new(73, 1);
        int spared = 0;
        for (int i = 0; i < 2000; i++)
        {
            float[] clean = MarkCases.Logits(ref random, 6, nearTieOneIn: 1);
            int top = Assertions.FirstOfLargest(clean);
            int second = ReleaseCases.RunnerUp(clean, top);
            int label = Label(shield, Posture.Normal, clean);
            int usual = Label(all, Posture.Normal, clean);
            Assert.Equal(top == 3 || second == 3 ? top : usual, label);
            spared += label != usual ? 1 : 0;
        }

        Assert.True(spared > 50);
    }

    [Fact]
    public void Marking_allocates_nothing()
    {
        using Shield shield = TestShield.Build(OutputKind.Logits, new HardeningOptions
        {
            Watermark = new WatermarkOptions { NearTie = new NearTieMarkOptions { Margin = .5 }, Permutation = new PermutationMarkOptions(), Triggers = new LabelTriggerOptions { Rate = .01 } },
        });
        SeededRandom random = new(74, 1);
        float[][] rows = new float[50][];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = MarkCases.Logits(ref random, 20, nearTieOneIn: 2);
        }

        float[] released = new float[20];
        Admission admission = shield.AdmitRows(1);
        Assert.Equal(0, Allocations.Least(() =>
        {
            foreach (float[] row in rows)
            {
                shield.Harden(in admission, [shield.ReadMarkInput(row)], row, released, 20);
            }
        }));
    }

    internal static Shield Marked(NearTieMarkOptions nearTie, Action<ShieldOptions>? configure = null, int secret = 1) => TestShield.Build(
        OutputKind.Logits,
        configure: options =>
        {
            options.Hardening.Watermark = new WatermarkOptions { NearTie = nearTie };
            configure?.Invoke(options);
        },
        secret: secret);

    internal static Admission Admit(Shield shield, Posture posture, int rows = 1)
    {
        CallerKey caller = shield.IdentifyCaller(posture.ToString());
        shield.Overrides.Set(caller, new CallerOverride { Posture = posture });
        return shield.Admit(caller, new byte[rows], rows);
    }

    internal static int Label(Shield shield, Posture posture, float[] clean)
    {
        float[] released = new float[clean.Length];
        Admission admission = Admit(shield, posture);
        shield.Harden(in admission, clean, released, clean.Length);
        return Assertions.FirstOfLargest(released);
    }
}

using Microsoft.Extensions.Options;

namespace InferenceShield.Tests;

public sealed class ShieldTokensTests
{
    private const int Vocabulary = 5000; // above what is hardened in every posture
    private static readonly int[] s_context = [3, 1, 4, 1, 5];

    public static TheoryData<bool, bool> Marks => new() { { false, false }, { true, false }, { false, true } };

    [Theory]
    [MemberData(nameof(Marks))]
    public void Releases_the_leading_tokens_of_the_marked_row(bool selfHash, bool tournament)
    {
        WatermarkOptions watermark = MakeOptions(selfHash, tournament);
        using Shield shield = TestShield.Build(OutputKind.TokenLogits, new HardeningOptions { Watermark = watermark, TopK = 4 });
        using MarkKey key = KeyOf();
        TokenWatermark mark = MakeMark(key, watermark);
        foreach (int length in (int[])[100, Vocabulary])
        {
            float[] clean = MakeLogits(length);
            float[] marked = [.. clean];
            Assert.True(mark.Mark(marked, s_context));
            float[] expected = new float[length];
            Assert.True(TokenLogitsHardening.TryHarden(new TokenLogitsPlan(4, 2), marked, expected, out _, out _, out _));
            Admission admission = shield.AdmitRows(1);
            float[] released = new float[length];
            shield.Harden(in admission, s_context, clean, released);
            AssertSame(expected, released);
            float[] inPlace = [.. clean];
            shield.Harden(in admission, s_context, inPlace);
            Assertions.SameBits(released, inPlace);
            float[] sampled = [.. clean];
            Assert.True(shield.MarkTokens(in admission, s_context, sampled));
            Assertions.SameBits(marked, sampled);
        }
    }

    [Theory]
    [MemberData(nameof(Marks))]
    public void Marked_rows_are_counted_and_calls_without_marks_have_none(bool selfHash, bool tournament)
    {
        foreach (int length in (int[])[100, Vocabulary])
        {
            using Shield shield = TestShield.Build(OutputKind.TokenLogits, new HardeningOptions { Watermark = MakeOptions(selfHash, tournament) }, options => options.Postures.EqualWork = true);
            Admission admission = shield.AdmitRows(1);
            Admission unmarked = admission.WithoutMarks();
            shield.Harden(in admission, s_context, MakeLogits(length));
            shield.Harden(in admission, [], MakeLogits(length));
            shield.Harden(in unmarked, s_context, MakeLogits(length));
            Assert.True(shield.MarkTokens(in admission, s_context, MakeLogits(length)));
            Assert.False(shield.MarkTokens(in admission, [], MakeLogits(length)));
            float[] logits = MakeLogits(length);
            Assert.False(shield.MarkTokens(in unmarked, s_context, logits));
            Assertions.SameBits(MakeLogits(length), logits);
            UtilityStatistics utility = shield.GetUtility();
            Assert.Equal((3, 2, 0), (utility.Rows, utility.Marked, utility.LabelsMoved));
            Assert.Equal([new(tournament ? MarkKinds.Tournament : MarkKinds.GreenList, 2)], utility.MarkedByKind);
        }
    }

    [Fact]
    public void A_posture_without_a_mark_is_released_without_one_and_needs_the_tokens_all_the_same()
    {
        HardeningOptions hardening = new() { Watermark = MakeOptions(selfHash: false, tournament: false) };
        using Shield shield = TestShield.Build(OutputKind.TokenLogits, hardening, options => options.Restricted.Watermark = new WatermarkOptions());
        CallerKey caller = shield.IdentifyCaller("caller");
        shield.SetPosture(caller, Posture.Restricted);
        Admission admission = shield.AdmitRows(1);
        float[] clean = MakeLogits(Vocabulary);
        float[] released = new float[Vocabulary];
        shield.Harden(in admission, s_context, clean, released);
        float[] expected = new float[Vocabulary];
        Assert.True(TokenLogitsHardening.TryHarden(new TokenLogitsPlan(1, 1), clean, expected, out _, out _, out _));
        Assertions.SameBits(expected, released);
        Assert.False(shield.MarkTokens(in admission, s_context, clean));
        Assert.Contains("tokens before", Assert.Throws<InvalidOperationException>(() => shield.Harden(in admission, clean, released, Vocabulary)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Faults_are_named_and_nothing_is_left_of_the_row()
    {
        using Shield shield = TestShield.Build(OutputKind.TokenLogits, new HardeningOptions { Watermark = MakeOptions(selfHash: true, tournament: false) });
        Admission admission = shield.AdmitRows(1);
        float[] logits = MakeLogits(Vocabulary);
        logits[77] = float.NaN;
        float[] released = new float[Vocabulary];
        Array.Fill(released, 1);
        Assert.Equal(77, Assert.Throws<InvalidModelOutputException>(() => shield.Harden(in admission, s_context, logits, released)).Class);
        Assert.All(released, value => Assert.Equal(0, value));
        Assert.Equal(77, Assert.Throws<InvalidModelOutputException>(() => shield.MarkTokens(in admission, s_context, logits)).Class);
        Assert.All(logits, value => Assert.Equal(0, value));
        using Shield other = TestShield.Build();
        Admission theirs = other.AdmitRows(1);
        Assert.Contains("Probabilities", Assert.Throws<InvalidOperationException>(() => other.Harden(in theirs, s_context, [0.5f, 0.5f])).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => other.MarkTokens(in admission, s_context, logits));
    }

    [Fact]
    public void Marking_is_off_where_nothing_is_enforced_and_a_history_marks_once()
    {
        HardeningOptions hardening = new() { Watermark = MakeOptions(selfHash: false, tournament: true) };
        using Shield observing = TestShield.Build(OutputKind.TokenLogits, hardening, options => options.Mode = ShieldMode.ObserveOnly);
        Admission observed = observing.AdmitRows(1);
        float[] logits = MakeLogits(Vocabulary);
        Assert.False(observing.MarkTokens(in observed, s_context, logits));
        Assertions.SameBits(MakeLogits(Vocabulary), logits);
        observing.Harden(in observed, s_context, logits);
        Assertions.SameBits(MakeLogits(Vocabulary), logits);
        using Shield shield = TestShield.Build(OutputKind.TokenLogits, hardening);
        Admission admission = shield.AdmitRows(1);
        TokenHistory history = new();
        Assert.True(shield.MarkTokens(in admission, s_context, logits, history: history));
        Assert.False(shield.MarkTokens(in admission, s_context, logits, history: history));
        Assert.False(shield.MarkTokens(in admission, [1, 2], logits, history: history));
    }

    [Fact]
    public void Allocates_nothing_per_token()
    {
        foreach ((bool selfHash, bool tournament) in ((bool, bool)[])[(false, false), (true, false), (false, true)])
        {
            using Shield shield = TestShield.Build(OutputKind.TokenLogits, new HardeningOptions { Watermark = MakeOptions(selfHash, tournament) });
            Admission admission = shield.AdmitRows(1);
            float[] clean = MakeLogits(Vocabulary);
            float[] released = new float[Vocabulary];
            TokenHistory history = new();
            long least = long.MaxValue;
            for (int round = 0; round < 40; round++)
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                shield.Harden(in admission, s_context, clean, released);
                shield.MarkTokens(in admission, [round, 2, 3, 4, 5], clean, history: history);
                least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            }

            Assert.Equal(0, least);
        }
    }

    [Fact]
    public void Options_out_of_range_and_of_another_kind_are_refused()
    {
        AssertFault("Watermark:GreenList:Share is 0.01; allowed: 0.05 to 0.9.", OutputKind.TokenLogits, new WatermarkOptions { GreenList = new() { Share = 0.01 } });
        AssertFault("Watermark:GreenList:Bias is NaN; allowed: 0.1 to 10.", OutputKind.TokenLogits, new WatermarkOptions { GreenList = new() { Bias = double.NaN } });
        AssertFault("Watermark:GreenList:Context is 9; allowed: 1 to 8.", OutputKind.TokenLogits, new WatermarkOptions { GreenList = new() { Context = 9 } });
        AssertFault("Watermark:Tournament:Layers is 33; allowed: 1 to 32.", OutputKind.TokenLogits, new WatermarkOptions { Tournament = new() { Layers = 33 } });
        AssertFault("Watermark:Tournament:Context is 0; allowed: 1 to 8.", OutputKind.TokenLogits, new WatermarkOptions { Tournament = new() { Context = 0 } });
        AssertFault("has both GreenList and Tournament", OutputKind.TokenLogits, new WatermarkOptions { GreenList = new(), Tournament = new() });
        AssertFault("Watermark:Direction:CosineBudget is 0.5; allowed: .0001 to .1.", OutputKind.Embedding, new WatermarkOptions { Direction = new() { CosineBudget = 0.5 } });
        AssertFault("Watermark:Direction:Directions is 17; allowed: 1 to 16.", OutputKind.Embedding, new WatermarkOptions { Direction = new() { Directions = 17 } });
        AssertFault("GreenList and Tournament apply to TokenLogits only, not to Embedding", OutputKind.Embedding, new WatermarkOptions { GreenList = new() });
        AssertFault("Direction applies to Embedding only, not to Logits", OutputKind.Logits, new WatermarkOptions { Direction = new() });
        OptionsValidationException shared = Assert.Throws<OptionsValidationException>(() => TestShield.Build(OutputKind.Logits, configure: options =>
        {
            options.Guarded.Watermark = new WatermarkOptions { Direction = new() };
            options.Hardening.Watermark = new WatermarkOptions { Tournament = new() };
        }));
        Assert.Contains(shared.Failures, fault => fault.StartsWith("Guarded:Watermark:Direction applies to Embedding only, and no output is one.", StringComparison.Ordinal));
        Assert.Contains(shared.Failures, fault => fault.StartsWith("Hardening:Watermark: GreenList and Tournament apply to TokenLogits only, and", StringComparison.Ordinal));
    }

    /// <summary>The sum of exponentials is made in another order where few tokens are marked, so that a rounding may fall to the other side.</summary>
    private static void AssertSame(float[] expected, float[] released)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(expected[i] == released[i] || Math.Abs(expected[i] - released[i]) < 0.0101, $"Token {i}: {expected[i]} expected, {released[i]} found.");
        }

        Assert.Equal(Assertions.FirstOfLargest(expected), Assertions.FirstOfLargest(released));
    }

    private static void AssertFault(string text, OutputKind kind, WatermarkOptions watermark)
    {
        OptionsValidationException thrown = Assert.Throws<OptionsValidationException>(() => TestShield.Build(kind, new HardeningOptions { Watermark = watermark }));
        Assert.Contains(thrown.Failures, fault => fault.Contains(text, StringComparison.Ordinal));
    }

    private static WatermarkOptions MakeOptions(bool selfHash, bool tournament) => tournament
        ? new WatermarkOptions { Tournament = new() }
        : new WatermarkOptions { GreenList = new() { SelfHash = selfHash } };

    private static TokenWatermark MakeMark(MarkKey key, WatermarkOptions options) =>
        options.Tournament is { } tournament ? new TokenWatermark(key, tournament) : new TokenWatermark(key, options.GreenList!);

    private static MarkKey KeyOf()
    {
        using ShieldSecret secret = ShieldSecrets.FromBytes(TestShield.Secret(1)).GetSecret();
        return MarkKey.Of(secret, "model");
    }

    private static float[] MakeLogits(int length)
    {
        Random random = new(length);
        return [.. Enumerable.Range(0, length).Select(_ => 10 * random.NextSingle() * random.NextSingle())];
    }
}

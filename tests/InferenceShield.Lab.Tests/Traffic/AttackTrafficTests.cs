using System.Numerics.Tensors;

namespace InferenceShield.Lab.Tests;

public sealed class AttackTrafficTests
{
    private const int Side = 8;
    private const int Classes = 4;
    private static readonly Dataset s_pool = HonestTrafficTests.MakeRows(700, Side * Side, Classes);
    private static readonly Surrogate s_target = Train();

    public static TheoryData<string> Attacks => [.. AttackTraffic.Names];

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task An_attack_spends_its_budget_and_follows_from_its_seed(string attack)
    {
        Transcript transcript = await AskAsync(attack, 300, seed: 3);
        Assert.Equal(300, transcript.Count);
        Assert.Equal(transcript.Inputs.ToArray(), (await AskAsync(attack, 300, seed: 3)).Inputs.ToArray());
        Assert.NotEqual(transcript.Inputs.ToArray(), (await AskAsync(attack, 300, seed: 4)).Inputs.ToArray());
    }

    [Fact]
    public async Task A_line_is_halved_towards_where_the_label_changes_before_the_next_begins()
    {
        Transcript transcript = await AskAsync(AttackTraffic.Line, 200, seed: 5);
        int lines = 0;
        for (int at = 0; at + 12 <= transcript.Count; lines++)
        {
            int label = Label(transcript, at);
            if (label == Label(transcript, at + 1))
            {
                at += 2;
                continue;
            }

            float length = Distance(transcript, at, at + 1);
            for (int step = 1; step <= 10; step++)
            {
                Assert.Equal(length / MathF.Pow(2, step), Distance(transcript, at + step + 1, step == 1 ? at : NearestBefore(transcript, at, at + step + 1)), 1e-3f);
            }

            at += 12;
        }

        Assert.True(lines > 10);
    }

    [Fact]
    public async Task Probes_of_a_border_lie_a_step_around_it_and_on_both_sides()
    {
        Transcript transcript = await AskAsync(AttackTraffic.Boundary, 400, seed: 6);
        int start = Enumerable.Range(0, 300).First(at => Enumerable.Range(at, 30).All(i => Distance(transcript, i, i + 1) is > 0.05f and < 0.6f));
        Assert.True(Enumerable.Range(start, 30).Select(i => Label(transcript, i)).Distinct().Count() > 1);
    }

    [Fact]
    public async Task A_sweep_lies_in_a_plane()
    {
        Transcript transcript = await AskAsync(AttackTraffic.Grid, 40, seed: 7);
        float[] rise = new float[transcript.InputLength];
        float[] next = new float[transcript.InputLength];
        TensorPrimitives.Subtract(Row(transcript, 20), Row(transcript, 0), rise);
        TensorPrimitives.Subtract(Row(transcript, 30), Row(transcript, 10), next);
        Assert.True(TensorPrimitives.CosineSimilarity<float>(rise, next) > 0.7f); // clipped here and there
    }

    [Fact]
    public void Padding_keeps_both_orders_and_its_share()
    {
        int[] attack = [.. Enumerable.Range(0, 4_000)];
        int[] honest = [.. Enumerable.Range(10_000, 4_000)];
        int[] padded = TrafficSchedule.Pad<int>(attack, honest, 0.8, 4_000, seed: 1);
        Assert.Equal(4_000, padded.Length);
        Assert.InRange(padded.Count(query => query >= 10_000) / 4_000.0, 0.77, 0.83);
        Assert.Equal(padded.Where(query => query < 10_000), Enumerable.Range(0, padded.Count(query => query < 10_000)));
        int[] ramp = TrafficSchedule.Ramp<int>(attack, honest, 4_000, seed: 1);
        Assert.InRange(ramp[..400].Count(query => query < 10_000), 5, 40);
        Assert.InRange(ramp[^400..].Count(query => query >= 10_000), 5, 40);
        Assert.Equal(attack, TrafficSchedule.Switch<int>(attack, honest, 1_000)[1_000..]);
    }

    private static Task<Transcript> AskAsync(string attack, int queries, ulong seed) => AttackTraffic.AskAsync(attack, s_target, s_pool, queries, seed, default);

    private static ReadOnlySpan<float> Row(Transcript transcript, int row) => transcript.Inputs.Slice(row * transcript.InputLength, transcript.InputLength);

    private static float Distance(Transcript transcript, int first, int second) => TensorPrimitives.Distance(Row(transcript, first), Row(transcript, second));

    private static int Label(Transcript transcript, int row) => TensorPrimitives.IndexOfMax(transcript.Answers.Slice(row * transcript.AnswerLength, transcript.AnswerLength));

    private static int NearestBefore(Transcript transcript, int first, int row) => Enumerable.Range(first, row - first).MinBy(other => Distance(transcript, other, row));

    private static Surrogate Train()
    {
        float[] truth = new float[s_pool.Count * Classes];
        for (int row = 0; row < s_pool.Count; row++)
        {
            // Which quarter of the image is brightest: a border that lines cross.
            int[] quarters = [0, 1, 2, 3];
            int label = quarters.MaxBy(quarter => TensorPrimitives.Sum(s_pool.GetRow(row).Slice(quarter * 16, 16)));
            truth[(row * Classes) + label] = 1;
        }

        return SurrogateTrainer.Train(s_pool.Values.Span, truth, Side * Side, Classes, new SurrogateOptions { Hidden = [32], Steps = 200 }, seed: 1, threads: 1, CancellationToken.None);
    }
}

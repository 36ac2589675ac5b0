using InferenceShield.Lab;
using InferenceShield.Statistics.Efficacy;

namespace InferenceShield.Statistics.Ownership;

/// <summary>Which share of honest rows and of attackers' queries lies in traps; writes ownership-traps.csv.</summary>
/// <remarks>The space is learned of 3,000 rows of fashion and of 4,000 letters; honest rows are others. Traps of one key: what lies in any of
/// them hangs on no key.</remarks>
internal static class TrapExperiment
{
    public const string File = "ownership-traps.csv";

    private const int Queries = 2_000;
    private static readonly string[] s_attacks = [AttackTraffic.Mixtures, AttackTraffic.Jbda, AttackTraffic.JbdaTop, AttackTraffic.Line, AttackTraffic.Boundary, AttackTraffic.Uniform, AttackTraffic.Shuffled];

    public static async Task RunAsync(TextWriter log)
    {
        using ResultFile file = new(File, "Share of rows in traps. Made by the verb `traps`.", "target,rows,count,trapped,share,upper95,traps");
        Dataset fashion = FashionRows.LoadTest().Shuffle(1);
        await RunAsync(file, "fashion", InputKind.Image, fashion.Slice(0, 3_000), fashion.Slice(3_000, 5_000), fashion.Slice(8_000, 2_000), log).ConfigureAwait(false);
        Dataset letters = LetterRows.Load().Shuffle(1);
        await RunAsync(file, "letters", InputKind.Tabular, letters.Slice(0, 4_000), letters.Slice(4_000, 5_000), letters.Slice(9_000, 11_000), log).ConfigureAwait(false);
    }

    private static async Task RunAsync(ResultFile file, string target, InputKind kind, Dataset learned, Dataset pool, Dataset honest, TextWriter log)
    {
        byte[] bytes = new byte[MarkKey.Size];
        bytes[0] = 1;
        using MarkKey key = MarkKey.Import(bytes, "traps", target);
        TrapMark traps = new(key, InputSpace.Learn(learned.Values.Span, learned.Width, kind));
        Write(file, target, "honest", traps, honest.Values.Span, honest.Width);
        float[] truth = new float[pool.Count * pool.ClassCount];
        for (int row = 0; row < pool.Count; row++)
        {
            truth[(row * pool.ClassCount) + pool.Labels.Span[row]] = 1;
        }

        Surrogate model = SurrogateTrainer.Train(pool.Values.Span, truth, pool.Width, pool.ClassCount, new SurrogateOptions { Hidden = [64], Steps = 600 }, 1, 1, default);
        foreach (string attack in s_attacks)
        {
            Transcript asked = await AttackTraffic.AskAsync(attack, model, new Dataset(target, pool.Values, pool.Width), Queries, 1, default).ConfigureAwait(false);
            Write(file, target, attack, traps, asked.Inputs, pool.Width);
            log.WriteLine($"{target} {attack}");
        }
    }

    private static void Write(ResultFile file, string target, string name, TrapMark traps, ReadOnlySpan<float> rows, int width)
    {
        int count = rows.Length / width;
        int trapped = 0;
        HashSet<int> found = [];
        for (int row = 0; row < count; row++)
        {
            int trap = traps.Find(rows.Slice(row * width, width));
            trapped += trap > 0 ? 1 : 0;
            _ = trap > 0 && found.Add(trap);
        }

        file.Write(target, name, count, trapped, trapped / (double)count, Upper(trapped, count), found.Count);
    }

    /// <summary>The share at which so few have a chance of 5 %: Clopper and Pearson's bound, by bisection.</summary>
    private static double Upper(int trapped, int count)
    {
        double low = trapped / (double)count;
        double high = 1;
        for (int i = 0; i < 60 && trapped < count; i++)
        {
            double middle = (low + high) / 2;
            (low, high) = MathNet.Numerics.Distributions.Binomial.CDF(middle, count, trapped) > 0.05 ? (middle, high) : (low, middle);
        }

        return high;
    }
}

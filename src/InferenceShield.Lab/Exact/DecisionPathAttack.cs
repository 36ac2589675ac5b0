namespace InferenceShield.Lab;

/// <summary>Path finding: the leaves of a decision tree, each known by the answer it gives.</summary>
/// <remarks>
/// <para>From an input, each value is moved on its own until the answer changes: halving finds the two ends of the leaf along it, and all ends
/// together are the leaf's box. Every other answer met on the way is an input of another leaf to go on from, and when none is left, random
/// inputs look for leaves that were missed (Tramèr, Zhang, Juels, Reiter and Ristenpart, "Stealing Machine Learning Models via Prediction
/// APIs", USENIX Security 2016, section 4.2). A leaf of e ends costs about e log2(1/precision) queries.</para>
/// <para>The answer is the leaf's name. Where leaves that answer alike touch, ends are missed and a box reaches into other leaves; inputs drawn
/// from it show that, and it is cut where the answer changes on the way to them. So leaves that share a name come out as several
/// boxes, and at a higher price. Rounding hardly gives leaves the same name, nor do bands of many classes: accounting stops this attack,
/// hardening does not. Of labels, it cannot know how sure a leaf is, nor where one leaf ends and the next of its label begins.</para>
/// <para>The residual is the share of the last 256 random inputs that were not answered as the copy says.</para>
/// </remarks>
public sealed class DecisionPathAttack : IExactAttack
{
    private const int CheckRows = 256;

    /// <inheritdoc/>
    public string Name => "decision-path";

    /// <inheritdoc/>
    /// <remarks>For trees, and whatever else answers boxes of inputs alike. Ends of the pool's range count as no ends.</remarks>
    public async Task<ExactResult> StealAsync(DoubleOracle oracle, QueryContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(oracle);
        ArgumentNullException.ThrowIfNull(context);
        InputBox box = new(context, oracle.InputLength);
        ExactQueries meter = new(oracle, context.Budget);
        SeededRandom random = new(context.Seed, stream: 42);
        LeafSearch search = new(meter, box, oracle.AnswerLength, context.Seed);
        double residual = double.NaN;
        bool canGoOn = true;
        while (true)
        {
            meter.Kept = 0;
            double[] rows = box.Draw(CheckRows, ref random);
            if (await meter.AskAsync(rows, cancellationToken).ConfigureAwait(false) is not { } answers)
            {
                break;
            }

            residual = (double)search.Enqueue(rows, answers) / CheckRows;
            if (residual == 0 || !canGoOn)
            {
                break;
            }

            meter.Kept = CheckRows;
            canGoOn = await search.RunAsync(cancellationToken).ConfigureAwait(false);
        }

        if (search.Leaves.Count == 0)
        {
            return meter.Stopped(Name);
        }

        TreeCopy copy = new(search.Leaves, oracle.InputLength, oracle.AnswerLength);
        int names = search.Leaves.Select(leaf => string.Join(' ', leaf.Answer)).Distinct(StringComparer.Ordinal).Count();
        string? grain = LogRatios.DescribeGrain([.. search.Leaves.SelectMany(leaf => leaf.Answer)]);
        string found = $"{copy.LeafCount} boxes with {names} different answers";
        string limit = grain switch
        {
            "labels" => "answers are labels, so how sure a leaf is and where leaves of one label meet cannot be known",
            { } looks => $"answers look {looks}, so where leaves that answer alike meet cannot be known",
            _ => "answers are of full precision",
        };
        return residual == 0
            ? new ExactResult(Name, true, copy, residual, meter.Queries, $"Recovered: {found}, from {meter.Queries} queries; {limit}.")
            : new ExactResult(
                Name, false, copy, residual, meter.Queries,
                $"Not recovered: {meter.Stop}; {found} leave {residual:p1} of random inputs unexplained; {limit}.");
    }
}

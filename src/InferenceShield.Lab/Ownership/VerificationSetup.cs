using System.Globalization;
using System.Numerics.Tensors;
using InferenceShield.Numerics;

namespace InferenceShield.Lab;

/// <summary>What follows from a request before a suspect is asked: clean scores, tests, and which queries count.</summary>
internal sealed class VerificationSetup
{
    private const int MostProbes = 200;
    private const float Confident = 0.9f;

    /// <summary>Fewer tell nothing of classes.</summary>
    public const int FewestProbes = 20;

    /// <summary>Below this share of confident answers that agree, a model does another task or numbers classes otherwise.</summary>
    public const double LeastAgreement = 0.5;

    public VerificationSetup(VerificationRequest request)
    {
        request.Validate();
        Request = request;
        Dataset own = Distinct(request.Queries);
        Given = own.Count;
        Classes = request.Target.ClassCount;
        Queries = request.Probes is { } probes ? AddProbes(own, Distinct(probes)) : own;
        Clean = new float[Queries.Count * Classes];
        request.Target.Classify(Queries.Values.Span, Clean);
        CleanLabels = new int[Queries.Count];
        for (int row = 0; row < CleanLabels.Length; row++)
        {
            CleanLabels[row] = TensorPrimitives.IndexOfMax<float>(Clean.AsSpan(row * Classes, Classes));
        }

        (Tests, Missing) = MarkTests.Create(request, Queries, Clean, Given);
        if (Tests.Count == 0)
        {
            throw new ArgumentException($"There is nothing to test: {(Missing.Count > 0 ? string.Join(" ", Missing) : "no mark is set. Give the marks that the queries were answered with.")}");
        }

        Order = Choose(request.MostQueries ?? int.MaxValue);
        All = request.MostQueries is null ? Order.Length : Choose(int.MaxValue).Length;
    }

    public VerificationRequest Request { get; }

    /// <summary>Those that are tested, without repeats, and behind them those that only show classes.</summary>
    public Dataset Queries { get; }

    /// <summary>How many are tested.</summary>
    public int Given { get; }

    public int Classes { get; }

    public float[] Clean { get; }

    public int[] CleanLabels { get; }

    public IReadOnlyList<OwnershipTest> Tests { get; }

    public IReadOnlyList<string> Missing { get; }

    /// <summary>Queries in the order in which they are asked: first those that show which class is which.</summary>
    public int[] Order { get; }

    /// <summary>How many are asked if none is left out.</summary>
    public int All { get; }

    /// <summary>Whether a query carries no mark and the target is sure of it.</summary>
    public bool IsProbe(int row) => Clean[(row * Classes) + CleanLabels[row]] >= Confident && !Tests.Any(test => test.Uses(row) && !test.NeedsScores);

    /// <summary>Refuses controls that do another task: they fit no key, and would pass for proof that independent models do not.</summary>
    public void RequireControls()
    {
        int[] probes = [.. Order.Where(IsProbe)];
        foreach (VerificationControl control in probes.Length < FewestProbes ? [] : Request.Controls)
        {
            int[] labels = SuspectAnswers.Of(control.Model, Queries.Select(probes)).Labels;
            double agreeing = probes.Where((row, i) => labels[i] == CleanLabels[row]).Count() / (double)probes.Length;
            if (agreeing < LeastAgreement)
            {
                throw new ArgumentException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"Control '{control.Name}' agrees with the target on only {100 * agreeing:0.0} % of {probes.Length} confident queries without a mark: it does another task, or numbers classes otherwise, and says nothing of what independent models show. Give one that was trained for this task."));
            }
        }
    }

    public VerificationPlan Plan()
    {
        List<PowerEstimate> estimates = [];
        foreach (OwnershipTest test in Tests)
        {
            foreach (double match in (ReadOnlySpan<double>)[Request.ExpectedMatch, Math.Max(0.95, Request.ExpectedMatch)])
            {
                int needed = test.NeededAnswers(match, Request.WantedPValue);
                estimates.Add(new PowerEstimate(
                    test.Name, match, Request.WantedPValue, test.Available, needed, test.Available == 0 || needed == CellPower.Never ? null : (long)Math.Ceiling((double)needed * Given / test.Available)));
            }
        }

        string[] shortages = [.. Tests.Select(test => (test.Name, Text: test.Shortage(Request.ExpectedMatch, Request.WantedPValue))).Where(static one => one.Text.Length > 0).Select(static one => $"{one.Name}: {one.Text}")];
        return new VerificationPlan(Given, Order.Length, estimates, [.. Missing, .. shortages]);
    }

    /// <summary>Rows without repeats: the same input has the same answer, which counts once.</summary>
    internal static Dataset Distinct(Dataset rows)
    {
        HashSet<Hash128> seen = [];
        SipHashKey key = InferenceShield.Lab.RandomKeys.Get(0, 0); // only to tell rows apart
        byte[] bytes = new byte[rows.Width * sizeof(float)];
        int[] kept = [.. Enumerable.Range(0, rows.Count).Where(row =>
        {
            AnswerStore.Encode(rows.GetRow(row), bytes);
            return seen.Add(SipHash.Hash(key, bytes));
        })];
        return kept.Length == rows.Count ? rows : rows.Select(kept);
    }

    /// <summary>Adds rows that show classes: drawn of those that the target is sure of and that carry no mark in their label.</summary>
    private Dataset AddProbes(Dataset own, Dataset rows)
    {
        float[] clean = new float[rows.Count * Classes];
        Request.Target.Classify(rows.Values.Span, clean);
        OwnershipTest[] tests = [.. MarkTests.Create(Request, rows, clean, rows.Count).Tests.Where(static test => !test.NeedsScores)];
        int[] order = [.. Enumerable.Range(0, rows.Count)];
        new SeededRandom(Request.Seed, stream: 0x70726f62).Shuffle(order);
        int[] chosen = [.. order.Where(row => TensorPrimitives.Max<float>(clean.AsSpan(row * Classes, Classes)) >= Confident && !Array.Exists(tests, test => test.Uses(row))).Take(MostProbes)];
        float[] values = [.. own.Values.Span, .. rows.Select(chosen).Values.Span];
        return Distinct(new Dataset(own.Name, values, own.Width)); // the first of equal rows stays
    }

    private int[] Choose(int most)
    {
        // Rows that only show classes come behind, so that nobody changes by them which of the others are asked.
        int[] rows = [.. Enumerable.Range(0, Given)];
        new SeededRandom(Request.Seed, stream: 0x61736b).Shuffle(rows);
        rows = [.. rows, .. Enumerable.Range(Given, Queries.Count - Given)];
        int[] marked = [.. rows.Where(row => Tests.Any(test => test.Uses(row)))];
        int[] probes = [.. rows.Where(IsProbe).Take(Math.Min(MostProbes, most / 4))];
        return [.. probes.Concat(marked).Distinct().Take(most)];
    }
}

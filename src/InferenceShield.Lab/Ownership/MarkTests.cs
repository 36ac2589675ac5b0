using InferenceShield.Numerics;

namespace InferenceShield.Lab;

/// <summary>The tests of the marks that a request names.</summary>
internal static class MarkTests
{
    /// <summary>What a well-trained copy repeats of false labels at most: 14 of 30 were measured.</summary>
    private const double MostTriggerMatch = 0.5;

    /// <summary>Makes them. A row has one mark in its label at most, as in the shield: a trap's, else a trigger's, else a near tie's.</summary>
    /// <param name="request">What to test.</param>
    /// <param name="queries">Rows, without repeats.</param>
    /// <param name="clean">The target's scores of them.</param>
    /// <param name="own">So many of the first rows are tested; the rest only shows classes.</param>
    /// <returns>The tests, and what is left out and why.</returns>
    public static (IReadOnlyList<OwnershipTest> Tests, IReadOnlyList<string> Missing) Create(VerificationRequest request, Dataset queries, float[] clean, int own)
    {
        WatermarkOptions marks = request.Marks;
        List<OwnershipTest> tests = [];
        List<string> missing = [];
        int classes = request.Target.ClassCount;
        InputMarks? inputMarks = InputMarks.Of(request.Key, request.InputSpace, [marks]);
        if (inputMarks is null && marks is not { Cosine: null, Traps: null })
        {
            missing.Add("The cosine mark and traps are left out: their tests need the input space that they were placed in.");
        }

        MarkInputReader reader = new(request.Key, inputMarks, marks.Triggers?.InputStep ?? 0);
        MarkInput[] inputs = new MarkInput[queries.Count];
        for (int row = 0; row < inputs.Length; row++)
        {
            inputs[row] = reader.Read(queries.GetRow(row));
        }

        bool[] taken = new bool[queries.Count];
        taken.AsSpan(own).Fill(true);
        if (marks.Traps is { } traps && inputMarks is not null)
        {
            AddTraps(tests, missing, traps, inputs, taken, classes);
        }

        if (marks.Triggers is { } triggers)
        {
            AddTriggers(tests, missing, triggers, request.Key, inputs, clean, taken, classes);
        }

        if (marks.NearTie is { } nearTie)
        {
            if (nearTie.Margin is not { } margin)
            {
                throw new ArgumentException("The margin of the near-tie mark is not filled in. Give that of the posture: .1 for a normal caller, .2 for a guarded or restricted one.");
            }

            if (!(margin is > 0 and <= 0.5))
            {
                throw new ArgumentException(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"The margin of the near-tie mark is {margin}; allowed is above 0, at most .5. No shield marks otherwise."));
            }

            NearTieTest test = new(OutputKind.Probabilities, clean, classes, margin, nearTie.Keying, [.. inputs.Select(static input => input.Exact)], nearTie.ExemptClasses, row => !taken[row]);
            tests.Add(test);
            Take(test, taken);
        }

        if (marks.Permutation is { } permutation)
        {
            tests.Add(new PermutationTest(clean, classes, permutation.Keying, inputs, row => !taken[row]));
        }

        if (marks.Cosine is { } cosine && request.InputSpace is not null)
        {
            tests.Add(new CosineTest(request.InputSpace, cosine.Frequency, queries, clean, classes, row => !taken[row]));
        }

        if (marks is not { Direction: null, GreenList: null, Tournament: null })
        {
            missing.Add("Marks of embeddings and of tokens are not tested on labels and scores: verify the output that carries them in a run of its own.");
        }

        return (tests, missing);
    }

    private static void Take(OwnershipTest test, bool[] taken)
    {
        for (int row = 0; row < taken.Length; row++)
        {
            taken[row] |= test.Uses(row);
        }
    }

    private static void AddTraps(List<OwnershipTest> tests, List<string> missing, TrapOptions traps, MarkInput[] inputs, bool[] taken, int classes)
    {
        int[] exempt = ExemptOf(traps.ExemptClasses, classes);
        if (classes - exempt.Length < 2)
        {
            missing.Add("Traps have one label only: they prove nothing.");
            return;
        }

        List<KeyedLabelTest.Query> queries = [.. Enumerable.Range(0, inputs.Length).Where(row => inputs[row].Trap > 0 && !taken[row]).Select(row => new KeyedLabelTest.Query(row, inputs[row].Trap, -1, inputs[row]))];
        KeyedLabelTest test = new("trap", queries, (key, query) => TrapMark.Label(key.Traps, query.Input.Trap - 1, classes, exempt), classes - exempt.Length, exempt, 1);
        tests.Add(test);
        Take(test, taken);
    }

    private static void AddTriggers(
        List<OwnershipTest> tests, List<string> missing, LabelTriggerOptions triggers, MarkKey key, MarkInput[] inputs, float[] clean, bool[] taken, int classes)
    {
        int[] exempt = ExemptOf(triggers.ExemptClasses, classes);
        if (classes - 1 - exempt.Length < 2)
        {
            missing.Add("Triggers have one false label only: a model that errs there matches, so they prove nothing.");
            return;
        }

        List<KeyedLabelTest.Query> queries = [];
        HashSet<Hash128> seen = [];
        for (int row = 0; row < inputs.Length; row++)
        {
            int top = LeadingClass.FindFirst(clean.AsSpan(row * classes, classes));
            if (!taken[row] && LabelTrigger.TryFind(key.Triggers, inputs[row].Quantised, triggers.Rate, classes, top, exempt, out _))
            {
                taken[row] = true;
                if (seen.Add(inputs[row].Quantised))
                {
                    queries.Add(new KeyedLabelTest.Query(row, row, top, inputs[row]));
                }
            }
        }

        tests.Add(new KeyedLabelTest(
            "trigger",
            queries,
            (other, query) => LabelTrigger.TryFind(other.Triggers, query.Input.Quantised, 1, classes, query.Impossible, exempt, out int label) ? label : -1, // at the rate 1 every input is one
            classes - 1 - exempt.Length,
            exempt,
            MostTriggerMatch));
    }

    private static int[] ExemptOf(IReadOnlyList<int>? exempt, int classes) => [.. (exempt ?? []).Where(label => label >= 0 && label < classes).Distinct()];
}

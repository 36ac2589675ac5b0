using System.Globalization;
using System.Text.RegularExpressions;
using InferenceShield.Lab;
using Spectre.Console;

namespace InferenceShield.Tool;

/// <summary>Runs <c>audit</c>.</summary>
internal static partial class AuditRun
{
    private const int FewestTestRows = 20;
    private const int MostBenignRows = 2000;
    private const int MostUnits = 65_536;

    /// <summary>What is run where nothing is said: each takes the same queries, and the five are quick.</summary>
    public static readonly string[] UsualAttacks = ["naive", "top-1", "averaging", "partial-bayes", "d-dae"];

    private static readonly int[] s_usualBudgets = [100, 500, 2000, 5000];
    private static readonly string[] s_usualPolicies = ["none", "shield", "shield-guarded", "shield-restricted"];

    public static async Task<int> RunAsync(AuditRequest request, Terminal terminal, CancellationToken cancellationToken)
    {
        FirstUseNotice.Show(terminal.Error);
        AuditGate[] gates = [.. request.Gates.Select(AuditGate.Parse)]; // a typo is told before anything runs
        if (string.IsNullOrWhiteSpace(request.OutputFolder))
        {
            throw new MistakeException("--out names no folder. Leave it out for the usual one.");
        }

        Dataset data = DataFile.Read(request.Data, request.Labels, request.LabelColumn, request.Scale);
        using Target target = await Target.OpenAsync(request, data, cancellationToken).ConfigureAwait(false);
        AuditPlan plan = Plan(request, data, target);
        if (target.IsServed && request.Gates.FirstOrDefault(JudgesPolicy) is { } unknown)
        {
            throw new MistakeException($"Gate '{unknown}' judges a policy by clean answers, and those of a served model are not known. Judge agreement, or audit the ONNX file.");
        }

        foreach (AuditGate gate in gates)
        {
            gate.RequireNames(plan);
        }

        Warn(plan, terminal);
        AuditResult result;
        using (AuditStore store = OpenStore(request, plan, terminal))
        {
            result = await ProgressDisplay.RunAsync(terminal, progress => AuditRunner.RunAsync(plan, store, progress, request.Threads, cancellationToken)).ConfigureAwait(false);
        }

        GateOutcome[] outcomes = [.. gates.Select(gate => gate.Check(result))];
        SortedDictionary<string, string> settings = Describe(request, target, plan);
        string json = AuditReport.ToJson(result, settings, outcomes);
        string page = Path.Combine(request.OutputFolder, "report.html");
        await File.WriteAllTextAsync(Path.Combine(request.OutputFolder, "report.json"), json + "\n", cancellationToken).ConfigureAwait(false);
        await File.WriteAllTextAsync(page, AuditReport.ToHtml(result, settings, outcomes), cancellationToken).ConfigureAwait(false);
        if (request.Json)
        {
            await terminal.Output.WriteLineAsync(json).ConfigureAwait(false);
        }
        else
        {
            Print(result, terminal);
            if (settings.TryGetValue("Time it takes one caller", out string? time))
            {
                await terminal.Output.WriteLineAsync($"Time it takes one caller: {time}.").ConfigureAwait(false);
            }
        }

        foreach (GateOutcome outcome in outcomes)
        {
            await terminal.Error.WriteLineAsync($"gate {(outcome.Tripped ? "TRIPPED" : "held")}: {outcome.Expression}: {outcome.Finding}").ConfigureAwait(false);
        }

        await terminal.Error.WriteLineAsync($"Report: {page}").ConfigureAwait(false);
        return outcomes.Any(outcome => outcome.Tripped) ? ExitCode.Tripped : ExitCode.Done;
    }

    private static bool JudgesPolicy(string gate) => PolicyMetricPattern().IsMatch(gate);

    [GeneratedRegex("(^|[ ]and[ ])[ ]*(l1|top1-changed)[ ]*[[<>]")]
    private static partial Regex PolicyMetricPattern();

    private static AuditStore OpenStore(AuditRequest request, AuditPlan plan, Terminal terminal)
    {
        string path = Path.Combine(request.OutputFolder, "cells.jsonl");
        try
        {
            Directory.CreateDirectory(request.OutputFolder);
            bool movesEarlier = !request.Resume && File.Exists(path);
            AuditStore store = request.Resume ? AuditStore.Resume(path, plan) : AuditStore.Create(path, plan);
            if (movesEarlier)
            {
                terminal.Error.WriteLine($"Starting anew; finished thefts of an earlier audit are kept in '{path}.previous'. (--resume would have gone on with them.)");
            }

            return store;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new MistakeException($"The report cannot be written to '{request.OutputFolder}': {exception.Message} Choose another folder with --out.");
        }
    }

    private static AuditPlan Plan(AuditRequest request, Dataset data, Target target)
    {
        string[] policies = [.. Names(request.Policies, s_usualPolicies)];
        int test = request.TestRows ?? Math.Min(2000, data.Count / 4);
        int benign = policies.Any(PolicyCatalog.Learns) ? Math.Min(MostBenignRows, data.Count / 4) : 0;
        int pool = data.Count - test - benign;
        if (test < FewestTestRows || pool < 1)
        {
            throw new MistakeException($"'{request.Data}' holds {data.Count} rows, of which {Math.Max(test, 0)} would be held out for measuring; at least {FewestTestRows} have to be, and some left. Give more data, or say --test.");
        }

        int[] budgets = request.Budgets.Count > 0 ? [.. request.Budgets.Distinct()] : [.. s_usualBudgets.Where(budget => budget <= pool).TakeLast(2)];
        if (budgets.Length == 0 || budgets.Max() > pool)
        {
            throw new MistakeException($"{pool} rows are left for the thief ({data.Count} in '{request.Data}', {test} held out for measuring{(benign > 0 ? $", {benign} to learn policies from" : "")}), and the budget is {(budgets.Length == 0 ? s_usualBudgets[0] : budgets.Max())}. Give more data, a smaller --budget, or a smaller --test.");
        }

        if (request.Threads < 0)
        {
            throw new MistakeException($"--threads {request.Threads}: allowed are 1 on, and 0 for one on each processor.");
        }

        if (request.Hidden.Any(units => units > MostUnits))
        {
            throw new MistakeException($"--hidden {request.Hidden.Max()}: allowed are layers of 1 to {MostUnits} units.");
        }

        if (request.Seeds is < 1 or > 1000)
        {
            throw new MistakeException($"--seeds {request.Seeds}: allowed are 1 to 1000.");
        }

        if (request.Threads < 0)
        {
            throw new MistakeException($"--threads {request.Threads}: allowed are 0, one on each processor, or a number of thefts at once.");
        }

        if (data.HasLabels && data.ClassCount > target.Classifier.ClassCount)
        {
            throw new MistakeException($"Labels of the data go up to {data.ClassCount - 1}; the model has {target.Classifier.ClassCount} classes, 0 to {target.Classifier.ClassCount - 1}. Do data and model belong together?");
        }

        Dataset rows = data.Shuffle(1);
        PolicyContext context = new(target.Classifier.ClassCount)
        {
            Model = target.Name,
            Output = target.Output,
            BenignAnswers = Answer(target.Classifier, rows.Slice(pool + test, benign)),
            Shield = request.Policy is { } path ? PolicyFile.Read(path, target.Name) : null,
            Secret = SharedOptions.Secret(request.SecretVariable),
        };
        SurrogateOptions surrogate = new() { Hidden = [.. request.Hidden] };
        try
        {
            return new AuditPlan(
                [new ExtractionSetup(target.Name, target.Classifier, rows.Slice(0, pool), rows.Slice(pool, test))],
                target.IsServed ? [new ReleasePolicy("served", static _ => ReleasePolicy.None.Create(0))] : [.. policies.Select(name => PolicyCatalog.Create(name, context))],
                [.. Names(request.Attacks, UsualAttacks).Select(name => AttackCatalog.Create(name, surrogate))],
                [.. budgets],
                [.. Enumerable.Range(1, request.Seeds).Select(seed => (ulong)seed)]);
        }
        catch (ArgumentException exception)
        {
            throw MistakeException.Of(exception); // a name that the catalogs do not have, or the same twice
        }
    }

    private static float[] Answer(IClassifier classifier, Dataset rows)
    {
        float[] answers = new float[rows.Count * classifier.ClassCount];
        classifier.Classify(rows.Values.Span, answers);
        return answers;
    }

    private static IEnumerable<string> Names(IReadOnlyList<string> wanted, IEnumerable<string> usual) => wanted.Count > 0 ? wanted : usual;

    /// <summary>The commonest mistake is inputs in another range than the model was trained on; it shows in accuracy.</summary>
    private static void Warn(AuditPlan plan, Terminal terminal)
    {
        ExtractionSetup setup = plan.Setups[0];
        if (!setup.Test.HasLabels)
        {
            return;
        }

        float[] clean = Answer(setup.Target, setup.Test);
        double accuracy = CopyMetrics.Measure(clean, clean, setup.Test.Labels.Span, setup.Target.ClassCount).Accuracy ?? 1;
        if (accuracy < 2.0 / setup.Target.ClassCount)
        {
            terminal.Error.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"warning: the model is right on {100 * accuracy:0.0} % of the held-out rows only. Are inputs scaled as it expects (--scale), and labels numbered as its classes?"));
        }
    }

    private static SortedDictionary<string, string> Describe(AuditRequest request, Target target, AuditPlan plan)
    {
        SortedDictionary<string, string> settings = new(StringComparer.Ordinal)
        {
            ["Model"] = request.Model,
            ["Output"] = $"{target.Output} ({target.Kind})",
            ["Data"] = request.Data + (request.Labels is null ? "" : $", {request.Labels}"),
            ["Scale"] = request.Scale,
            ["Policy"] = request.Policy ?? "the shield's defaults",
            ["Thief's hidden layers"] = string.Join(", ", request.Hidden),
            ["Version"] = typeof(AuditRun).Assembly.GetName().Version?.ToString(3) ?? "",
        };
        if (!target.IsServed)
        {
            settings["Time it takes one caller"] = TellTime(request, target.Name, plan.Budgets.Max());
        }

        return settings;
    }

    /// <summary>Thefts run without limits; what the policy's limits cost a thief is time, which follows from them.</summary>
    private static string TellTime(AuditRequest request, string name, int queries)
    {
        ShieldOptions options = new();
        if (request.Policy is { } path)
        {
            PolicyFile.Read(path, name)(options);
        }

        LimitOptions limit = options.Admission.PerCaller;
        double hours = Math.Max(0, queries - limit.Burst) * limit.Period.TotalHours / limit.Queries;
        hours = Math.Max(hours, limit.DailyQueries is { } daily ? 24.0 * Math.Max(0, ((queries - 1) / daily) - 1) : 0); // begun just before midnight, the first day is for nothing
        hours = options.Mode == ShieldMode.ObserveOnly ? 0 : hours;
        return Say($"at least {hours:0.0} hours for {queries:N0} queries under the limits of the policy; thefts here ran without limits, and several callers share the time");
    }

    private static void Print(AuditResult result, Terminal terminal)
    {
        Table table = new() { Border = TableBorder.Simple };
        table.AddColumn("policy");
        table.AddColumn(new TableColumn("queries").RightAligned());
        foreach (Attack attack in result.Plan.Attacks)
        {
            table.AddColumn(new TableColumn(Markup.Escape(attack.Name)).RightAligned());
        }

        table.AddColumn(new TableColumn("labels changed").RightAligned());
        table.AddColumn(new TableColumn("L1").RightAligned());
        foreach (IGrouping<(string Policy, int Budget), AuditRow> group in result.Rows.GroupBy(row => (row.Policy, row.Budget)))
        {
            PolicyUtility utility = result.Utilities.First(utility => utility.Policy == group.Key.Policy);
            table.AddRow(
            [
                Markup.Escape(group.Key.Policy),
                Say($"{group.Key.Budget:N0}"),
                .. group.Select(row => Say($"{100 * row.Agreement.Mean:0.0}") + (row.Agreement.High is { } high ? Say($" ± {100 * (high - row.Agreement.Mean):0.0}") : "")),
                Say($"{100 * utility.TopChanged:0.0} %"),
                Say($"{utility.Distance:0.000}"),
            ]);
        }

        table.Title = new TableTitle("Agreement of the stolen copy with the model, %");
        terminal.Tables.Write(table);
        foreach (string sentence in AuditReport.Summarize(result))
        {
            terminal.Output.WriteLine(sentence);
        }
    }

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

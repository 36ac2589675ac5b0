using System.Text.Json;

namespace InferenceShield.Lab.Tests;

public sealed class AuditRunnerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("audit").FullName;

    private string Store => Path.Combine(_folder, "cells.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Every_cell_is_run_once_and_stands_in_the_plans_order_however_many_threads_run()
    {
        AuditPlan plan = AuditSample.Plan();
        AuditResult one = await AuditRunner.RunAsync(plan, null, null, 1, default);
        AuditResult two = await AuditRunner.RunAsync(AuditSample.Plan(), null, null, 2, default);
        Assert.Equal(plan.CellCount, one.Cells.Length);
        Assert.Equal(plan.Cells.Select(cell => cell.Key), one.Cells.Select(AuditCell.KeyOf));
        Assert.Equal(one.Cells.ToArray(), two.Cells.ToArray());
        Assert.Equal(8, one.Rows.Length);
    }

    [Fact]
    public async Task A_run_that_is_cut_off_goes_on_where_it_was_and_ends_the_same()
    {
        AuditResult whole = await AuditRunner.RunAsync(AuditSample.Plan(), null, null, 1, default);
        using CancellationTokenSource cut = new();
        using (AuditStore store = AuditStore.Create(Store, AuditSample.Plan()))
        {
            Listener stop = new(progress =>
            {
                if (progress.Finished == 5)
                {
                    cut.Cancel();
                }
            });
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => AuditRunner.RunAsync(AuditSample.Plan(), store, stop, 1, cut.Token));
        }

        List<AuditProgress> seen = [];
        using AuditStore resumed = AuditStore.Resume(Store, AuditSample.Plan());
        Assert.Equal(5, resumed.Finished.Count);
        AuditResult result = await AuditRunner.RunAsync(AuditSample.Plan(), resumed, new Listener(seen.Add), 1, default);
        Assert.Equal(whole.Cells.ToArray(), result.Cells.ToArray());
        Assert.Equal(Enumerable.Range(5, 12), seen.Select(progress => progress.Finished));
        Assert.Null(seen[0].Left);
        Assert.Equal(TimeSpan.Zero, seen[^1].Left);
        Assert.All(seen[1..^1], progress => Assert.True(progress.Left > TimeSpan.Zero));
    }

    [Fact]
    public async Task A_torn_last_line_is_dropped_and_its_cell_run_again()
    {
        AuditPlan plan = AuditSample.Plan();
        AuditResult whole;
        using (AuditStore store = AuditStore.Create(Store, plan))
        {
            whole = await AuditRunner.RunAsync(plan, store, null, 1, default);
        }

        using (FileStream file = new(Store, FileMode.Open))
        {
            file.SetLength(file.Length - 9);
        }

        using (AuditStore torn = AuditStore.Resume(Store, plan))
        {
            Assert.Equal(plan.CellCount - 1, torn.Finished.Count);
            AuditResult result = await AuditRunner.RunAsync(plan, torn, null, 1, default);
            Assert.Equal(whole.Cells.ToArray(), result.Cells.ToArray());
        }

        using AuditStore mended = AuditStore.Resume(Store, plan);
        Assert.Equal(plan.CellCount, mended.Finished.Count);
    }

    [Fact]
    public void Cells_of_another_plan_and_files_of_something_else_are_refused()
    {
        AuditStore.Create(Store, AuditSample.Plan()).Dispose();
        Assert.Contains("another plan", Assert.Throws<InvalidDataException>(() => AuditStore.Resume(Store, AuditSample.Plan(seeds: 3))).Message, StringComparison.Ordinal);
        File.WriteAllText(Store, "not json\n");
        Assert.Contains("Line 1", Assert.Throws<InvalidDataException>(() => AuditStore.Resume(Store, AuditSample.Plan())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"copy\":{}")]
    [InlineData("\"repeats\":0")]
    [InlineData("\"copy\":{\"agreement\":\"NaN\",\"divergence\":0,\"distance\":0}")]
    [InlineData("\"copy\":{\"agreement\":-5,\"divergence\":0,\"distance\":0}")]
    [InlineData("\"copy\":{\"agreement\":0.5,\"accuracy\":2,\"divergence\":0,\"distance\":0}")]
    public void A_cell_without_a_result_is_no_finished_one(string copy)
    {
        AuditPlan plan = AuditSample.Plan();
        AuditStore.Create(Store, plan).Dispose();
        File.AppendAllText(Store, $"{{\"cell\":{{\"setup\":\"clouds\",\"policy\":\"none\",\"attack\":\"naive\",\"budget\":20,\"seed\":1,\"queries\":20,\"answered\":20,{copy}}}}}\n");
        Assert.Contains("Line 2", Assert.Throws<InvalidDataException>(() => AuditStore.Resume(Store, plan)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Starting_anew_keeps_the_file_that_was_there()
    {
        File.WriteAllText(Store, "precious\n");
        AuditStore.Create(Store, AuditSample.Plan()).Dispose();
        Assert.Equal("precious\n", File.ReadAllText(Store + ".previous"));
    }

    [Fact]
    public void A_policy_at_fault_leaves_the_file_that_was_there()
    {
        File.WriteAllText(Store, "precious\n");
        AuditPlan plan = AuditSample.Plan();
        AuditPlan faulty = new(plan.Setups, [PolicyCatalog.Create("shield", new PolicyContext(2) { Shield = options => options.Hardening.Decimals = 9 })], plan.Attacks, plan.Budgets, plan.Seeds);
        Assert.ThrowsAny<Exception>(() => AuditStore.Create(Store, faulty));
        Assert.Equal("precious\n", File.ReadAllText(Store));
    }

    [Fact]
    public void Every_name_of_the_catalogs_makes_what_it_names_and_another_says_which_there_are()
    {
        float[] benign = new float[600];
        for (int row = 0; row < 300; row++)
        {
            (benign[2 * row], benign[(2 * row) + 1]) = (row / 300f, 1 - (row / 300f));
        }

        PolicyContext context = new(2) { BenignAnswers = benign };
        foreach (CatalogEntry entry in PolicyCatalog.Entries)
        {
            float[] released = new float[2];
            ReleasePolicy policy = PolicyCatalog.Create(entry.Name, context);
            policy.Create(1).Apply(new float[2], [0.3f, 0.7f], 2, released);
            Assert.Equal(entry.Name, policy.Name);
            Assert.Equal(1, released.Sum(), 1e-3);
        }

        Assert.All(AttackCatalog.Entries, entry => Assert.Equal(entry.Name, AttackCatalog.Create(entry.Name, new SurrogateOptions()).Name));
        Assert.Contains("Allowed: none, shield", Assert.Throws<ArgumentException>(() => PolicyCatalog.Create("nonne", context)).Message, StringComparison.Ordinal);
        Assert.Contains("Allowed: naive, top-1", Assert.Throws<ArgumentException>(() => AttackCatalog.Create("dfme", new SurrogateOptions())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Postures_and_attacks_of_the_catalogs_are_what_their_names_say()
    {
        float[] clean = [0.31f, 0.69f];
        float[][] released = [.. ((string[])["shield", "shield-guarded", "shield-restricted"]).Select(name =>
        {
            float[] answer = new float[2];
            PolicyCatalog.Create(name, new PolicyContext(2)).Create(1).Apply(new float[2], clean, 2, answer);
            return answer;
        })];
        Assert.Equal([clean, [0f, 1f]], (float[][])[released[0], released[2]]);
        Assert.NotEqual(clean, released[1]);
        Assert.InRange(released[1][1], 0.6f, 0.7f);

        Attack averaging = AttackCatalog.Create("averaging", new SurrogateOptions { Hidden = [], Steps = 20 });
        ExtractionResult result = await ExtractionExperiment.RunAsync(AuditSample.Setup, ReleasePolicy.None, averaging, 40, 7, 1, default);
        Assert.Equal((40, 30), (result.Queries, result.Repeats)); // each row four times
    }

    [Fact]
    public void A_digest_tells_data_policies_attacks_budgets_and_seeds_apart()
    {
        AuditPlan plan = AuditSample.Plan();
        Dataset otherTest = new("points", AuditSample.Setup.Test.Values, 2, AuditSample.Setup.Test.Labels.ToArray().Select(label => 1 - label).ToArray(), 2);
        ReleasePolicy otherPolicy = new("top-1", _ => ReleasePolicy.None.Create(0));
        AuditPlan[] others =
        [
            AuditSample.Plan(seeds: 3),
            AuditSample.Plan(seeds: 2, 20, 81),
            new(plan.Setups, [ReleasePolicy.None, otherPolicy], plan.Attacks, plan.Budgets, plan.Seeds),
            new(plan.Setups, plan.Policies, [plan.Attacks[0] with { Surrogate = new SurrogateOptions() }, plan.Attacks[1]], plan.Budgets, plan.Seeds),
            new([AuditSample.Setup with { Test = otherTest }], plan.Policies, plan.Attacks, plan.Budgets, plan.Seeds),
        ];
        Assert.Equal(plan.Digest, AuditSample.Plan().Digest);
        Assert.Equal(6, others.Select(other => other.Digest).Append(plan.Digest).Distinct().Count());
    }

    [Fact]
    public void A_plan_has_no_empty_list_and_nothing_twice()
    {
        AuditPlan plan = AuditSample.Plan();
        Assert.Throws<ArgumentException>(() => new AuditPlan(plan.Setups, [], plan.Attacks, plan.Budgets, plan.Seeds));
        Assert.Throws<ArgumentException>(() => new AuditPlan(plan.Setups, plan.Policies, plan.Attacks, [5, 5], plan.Seeds));
        Assert.Throws<ArgumentException>(() => new AuditPlan(plan.Setups, plan.Policies, plan.Attacks, [0], plan.Seeds));
    }

    [Fact]
    public async Task Reports_hold_every_cell_and_escape_names()
    {
        AuditPlan plan = AuditSample.Plan();
        ReleasePolicy named = new("<script src=x>", static _ => ReleasePolicy.None.Create(0));
        AuditPlan hostile = new([AuditSample.Setup with { Name = "<script>alert(1)</script>" }], [plan.Policies[0], named], plan.Attacks, plan.Budgets, plan.Seeds);
        AuditResult result = await AuditRunner.RunAsync(hostile, null, null, 1, default);
        Dictionary<string, string> settings = new() { ["model \"x\""] = "a<b" };
        GateOutcome[] gates = [AuditGate.Parse("agreement>0.1").Check(result)];
        string html = AuditReport.ToHtml(result, settings, gates);
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("a<b", html, StringComparison.Ordinal);
        Assert.DoesNotContain("http", html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Tripped", html, StringComparison.Ordinal);
        Assert.Equal(Count(html, "<svg"), Count(html, "</svg>"));
        using JsonDocument json = JsonDocument.Parse(AuditReport.ToJson(result, settings, gates));
        Assert.Equal(plan.CellCount, json.RootElement.GetProperty("cells").GetArrayLength());
        Assert.Equal(8, json.RootElement.GetProperty("rows").GetArrayLength());
        Assert.Equal(result.Rows[0].Agreement.Mean, json.RootElement.GetProperty("rows")[0].GetProperty("agreement").GetProperty("mean").GetDouble());
        Assert.True(json.RootElement.GetProperty("gates")[0].GetProperty("tripped").GetBoolean());
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private sealed class Listener(Action<AuditProgress> hear) : IProgress<AuditProgress>
    {
        public void Report(AuditProgress value) => hear(value);
    }
}

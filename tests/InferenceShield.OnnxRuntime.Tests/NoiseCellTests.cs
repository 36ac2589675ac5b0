using System.Security.Cryptography;
using System.Text;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>Noise that belongs to a call's inputs, and embeddings that belong to its tenant, through a session.</summary>
[Collection(nameof(AllocationTests))]
public sealed class NoiseCellTests
{
    private const int Width = 8;
    private static readonly float[] s_row = [.. Enumerable.Range(0, Width).Select(i => (i % 3) - 1f)];

    [Fact]
    public void An_input_near_by_shares_the_noise_of_its_cell_and_not_that_of_the_exact_input()
    {
        foreach (NoiseCell cell in (NoiseCell[])[NoiseCell.Input, NoiseCell.ExactInput])
        {
            using TestSession session = Quantised(cell);
            using TestSession replica = Quantised(cell);
            float[] first = session.Ask(s_row, 10);
            Assertions.SameBits(first, session.Ask(s_row, 10));
            Assertions.SameBits(first, replica.Ask([.. s_row, .. s_row], 20).AsSpan(10));
            float[] near = [.. s_row];
            near[0] += 1e-4f;
            double[] clean = Clean(s_row);
            double[] moved = Clean(near);

            // What a quantiser with one dither releases moves by whole steps only.
            bool isSame = session.Ask(near, 10).Zip(first).All(pair => Math.Abs(((pair.First - pair.Second) / 50) - Math.Round((pair.First - pair.Second) / 50)) < 1e-4);
            Assert.Equal(cell == NoiseCell.Input, isSame);
            Assert.All(first.Zip(clean), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 25.001));
            Assert.All(session.Ask(near, 10).Zip(moved), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 25.001));

            float[] far = [.. s_row.Select(value => -value)];
            Assert.Contains(session.Ask(far, 10).Zip(first), pair => Math.Abs(((pair.First - pair.Second) / 50) - Math.Round((pair.First - pair.Second) / 50)) > 0.01);
        }
    }

    [Fact]
    public void A_session_without_the_cells_that_noise_belongs_to_does_not_start()
    {
        ModelFileException fault = Assert.Throws<ModelFileException>(() => Quantised(NoiseCell.Input, new ShieldedSessionOptions()));
        Assert.Contains("output 'y' of model 'model' belongs to cells of the input (NoiseCell Input), and the session has none. Call ShieldedSessionOptions.UseInputCells", fault.Message, StringComparison.Ordinal);
        ShieldedSessionOptions wrong = new();
        wrong.UseInputCells(Cells(Width + 1));
        fault = Assert.Throws<ModelFileException>(() => Quantised(NoiseCell.Input, wrong));
        Assert.Contains("has no rows of 9 float32 numbers", fault.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>("bits", () => wrong.UseInputCells(Cells(Width), 0));
        Assert.Throws<ArgumentOutOfRangeException>("bits", () => wrong.UseInputCells(Cells(Width), 65));

        // A reload can ask for cells later: then a call says so, and nothing leaves.
        using TestSession session = Quantised(NoiseCell.Output, new ShieldedSessionOptions());
        ShieldOptions options = new() { Hardening = { QuantisationStep = 50, NoiseCell = NoiseCell.Input }, Callers = { Capacity = 64 } };
        options.Outputs[TestModels.Output] = new OutputOptions { Kind = OutputKind.Regression };
        session.Shield.Reload(options);
        float[] released = [.. Enumerable.Repeat(7f, 10)];
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => session.Session.Run(session.Caller, s_row, released));
        Assert.Contains("NoiseCell Input", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(released, value => value is not (0 or 7));
    }

    [Fact]
    public void A_session_turns_each_tenants_embeddings_by_its_own_transform_and_keeps_their_answers_apart()
    {
        foreach (bool caches in (bool[])[false, true])
        {
            using TestSession session = TestSession.Of(
                TestModels.Classifier(),
                [("embedding", OutputKind.Embedding)],
                options => options.Outputs["embedding"].TenantTransform = true,
                new ShieldedSessionOptions { AnswerCache = caches ? new AnswerCacheOptions { Megabytes = 1 } : null });
            using TestSession plain = TestSession.Of(TestModels.Classifier(), [("embedding", OutputKind.Embedding)]);
            float[] clean = plain.Ask(s_row, 10);
            CallerKey[] tenants = [session.Shield.IdentifyCaller("acme"), session.Shield.IdentifyCaller("globex")];
            float[][] answers = [.. tenants.Select(tenant => Ask(session, tenant))];
            Assert.NotEqual(answers[0], answers[1]);
            for (int i = 0; i < tenants.Length; i++)
            {
                Assertions.SameBits(answers[i], Ask(session, tenants[i]));
                float[] back = new float[10];
                session.Shield.GetEmbeddingTransform(tenants[i], 10).Invert(answers[i], back);
                Assert.All(back.Zip(clean), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 0.03));
            }

            Assert.Equal(caches ? 2 : 0, session.Session.GetAnswerCacheStatistics().Hits);
            long admitted = session.Shield.GetStatistics().Admitted;
            InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => session.Session.Run(session.Caller, s_row, new float[10]));
            Assert.Contains("Ask with a handle that names one: Shield.GetHandle", error.Message, StringComparison.Ordinal);
            Assert.Equal(admitted, session.Shield.GetStatistics().Admitted); // nothing was charged
        }

        static float[] Ask(TestSession session, CallerKey tenant)
        {
            float[] released = new float[10];
            Assert.True(session.Session.Run(session.Shield.GetHandle(session.Caller, tenant), s_row, released).IsAdmitted);
            return released;
        }
    }

    [Fact]
    public void Calls_with_cells_and_tenants_allocate_nothing()
    {
        using TestSession input = Quantised(NoiseCell.Input);
        using TestSession exact = Quantised(NoiseCell.ExactInput);
        using TestSession turned = TestSession.Of(
            TestModels.Classifier(), [("embedding", OutputKind.Embedding)], options => options.Outputs["embedding"].TenantTransform = true);
        CallerHandle caller = turned.Shield.GetHandle(turned.Caller, turned.Shield.IdentifyCaller("acme"));
        float[] released = new float[10];
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 400; i++)
            {
                input.Session.Run(input.Caller, s_row, released);
                exact.Session.Run(exact.Caller, s_row, released);
                turned.Session.Run(caller, s_row, released);
            }
        }));
    }

    private static TestSession Quantised(NoiseCell cell, ShieldedSessionOptions? options = null)
    {
        if (options is null)
        {
            options = new ShieldedSessionOptions();
            options.UseInputCells(Cells(Width));
        }

        return TestSession.Of(
            TestModels.Linear(), OutputKind.Regression, hardening: new HardeningOptions { QuantisationStep = 50, NoiseCell = cell }, options: options);
    }

    private static InputCells Cells(int length)
    {
        using ShieldSecret secret = new(SHA256.HashData(Encoding.UTF8.GetBytes("cells")));
        return new InputCells(secret, new InputCellOptions { Length = length });
    }

    private static double[] Clean(float[] row)
    {
        float[] weights = TestModels.Weights(80);
        return [.. Enumerable.Range(0, 10).Select(column => Enumerable.Range(0, 8).Sum(i => (double)row[i] * weights[(i * 10) + column]))];
    }
}

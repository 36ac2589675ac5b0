using Microsoft.Extensions.Options;

namespace InferenceShield.Tests;

/// <summary>Embeddings that a shield turns by their tenant's secret transform.</summary>
[Collection(ProcessWide.Name)]
public sealed class TenantTransformTests
{
    private const int Dimension = 256;

    [Fact]
    public void Similarity_stays_inside_a_tenant_and_is_gone_between_two()
    {
        using Shield shield = Build();
        float[] first = Vector(1);
        float[] near = [.. first.Zip(Vector(2), (x, y) => x + (0.3f * y))];
        float[] acme = Ask(shield, "acme", first);
        Assert.Equal(Cosine(first, near), Cosine(acme, Ask(shield, "acme", near, "another caller")), 2e-3);
        Assert.InRange(Math.Abs(Cosine(acme, Ask(shield, "globex", first))), 0, 0.25);
        Assert.InRange(Math.Abs(Cosine(acme, first)), 0, 0.25);
        Assert.Equal(Math.Sqrt(first.Sum(x => (double)x * x)), Math.Sqrt(acme.Sum(x => (double)x * x)), 0.1);
    }

    [Fact]
    public void The_operator_gets_the_vector_back_from_any_replica_in_every_posture_and_nobody_else_does()
    {
        float[] clean = Vector(3);
        using Shield shield = Build();
        using Shield replica = Build();
        using Shield other = Build(secret: 2);
        using Shield otherModel = Build(name: "other");
        double[] least = [0.9999, 0.998, 0.86];
        foreach (Posture posture in (Posture[])[Posture.Normal, Posture.Guarded, Posture.Restricted])
        {
            float[] released = Ask(shield, "acme", clean, posture.ToString(), posture);
            Assertions.SameBits(released, Ask(replica, "acme", clean, posture.ToString(), posture));
            Assert.InRange(Cosine(clean, Invert(replica, "acme", released)), least[(int)posture], 1.0001);
            Assert.InRange(Math.Abs(Cosine(clean, Invert(replica, "globex", released))), 0, 0.25);
            Assert.InRange(Math.Abs(Cosine(clean, Invert(other, "acme", released))), 0, 0.25);
            Assert.InRange(Math.Abs(Cosine(clean, Invert(otherModel, "acme", released))), 0, 0.25);
        }

        static float[] Invert(Shield shield, string tenant, float[] released)
        {
            float[] back = new float[released.Length];
            shield.GetEmbeddingTransform(shield.IdentifyCaller(tenant), released.Length).Invert(released, back);
            return back;
        }
    }

    [Fact]
    public void It_comes_after_the_noise_and_before_the_rounding()
    {
        using Shield shield = Build(new HardeningOptions { CosineBudget = 0.05 });
        float[] expected = new float[Dimension];
        byte[] noise = ShieldSecretTests.Hkdf(TestShield.Secret(1), "embedding/model", 16);
        EmbeddingTransform transform = shield.GetEmbeddingTransform(shield.IdentifyCaller("acme"), Dimension);
        HardeningSteps.EmbeddingNoise(Vector(4), expected, 0.05, noise, 3, transform);
        Assertions.SameBits(expected, Ask(shield, "acme", Vector(4)));
    }

    [Fact]
    public void Whichever_way_a_handle_is_admitted_the_tenant_counts()
    {
        using Shield shield = Build();
        CallerHandle caller = shield.GetHandle(shield.IdentifyCaller("caller"), shield.IdentifyCaller("acme"));
        float[] expected = Ask(shield, "acme", Vector(5));
        Admission[] admissions = [shield.Admit(caller, new byte[1]), shield.Admit(caller, [new InputDigest(1, 2)]), shield.AdmitUnseen(caller.Caller, caller, 1, out _), shield.AdmitRows(caller, 1, true)];
        foreach (Admission admission in admissions)
        {
            float[] released = new float[Dimension];
            shield.Harden(in admission, Vector(5), released, Dimension);
            Assertions.SameBits(expected, released);
        }
    }

    [Fact]
    public void A_caller_without_a_tenant_and_a_row_without_a_transform_are_errors_and_nothing_leaves()
    {
        using Shield shield = Build();
        HashSet<string> messages = [];
        foreach (Posture posture in (Posture[])[Posture.Normal, Posture.Guarded, Posture.Restricted])
        {
            CallerKey caller = shield.IdentifyCaller(posture.ToString());
            shield.Overrides.Set(caller, new CallerOverride { Posture = posture });
            foreach (Admission admission in (Admission[])[shield.Admit(caller, new byte[1]), shield.Admit(shield.GetHandle(caller), new byte[1])])
            {
                float[] vector = Vector(6);
                messages.Add(Assert.Throws<InvalidOperationException>(() => shield.Harden(in admission, vector, Dimension)).Message);
                Assert.All(vector, value => Assert.Equal(0, value));
            }

            Admission tenants = shield.Admit(shield.GetHandle(caller, shield.IdentifyCaller("acme")), new byte[1]);
            float[] one = [5];
            messages.Add(Assert.Throws<ArgumentException>(() => shield.Harden(in tenants, one, 1)).Message);
            Assert.Equal([0f], one);
        }

        Assert.Equal(2, messages.Count);
        Assert.Contains(messages, message => message.Contains("Output 'scores' is turned by the transform of the caller's tenant, and this caller has none", StringComparison.Ordinal));
        Assert.Contains(messages, message => message.Contains("rows of 2 to 65536 numbers, not 1", StringComparison.Ordinal));
        Assert.Throws<ArgumentException>(() => shield.GetEmbeddingTransform(default, Dimension));
        Assert.Throws<ArgumentOutOfRangeException>(() => shield.GetEmbeddingTransform(shield.IdentifyCaller("acme"), 1));
        OptionsValidationException fault = Assert.Throws<OptionsValidationException>(() =>
            TestShield.Build(OutputKind.Regression, configure: options => options.Outputs[TestShield.Output].TenantTransform = true));
        Assert.Contains("Outputs:scores:TenantTransform applies to Embedding only, not to Regression", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_number_of_tenants_takes_more_than_its_share_and_a_forgotten_one_is_the_same_again()
    {
        using ShieldSecret secret = new(TestShield.Secret(1));
        TenantTransforms transforms = new(secret, "model");
        const int Large = 1 << 16;
        float[] vector = new float[Large];
        vector[7] = 1;
        EmbeddingTransform first = transforms.Get(new CallerKey(100, 1), Large);
        float[] expected = new float[Large];
        first.Apply(vector, expected);
        Assert.Same(first, transforms.Get(new CallerKey(100, 1), Large));
        int most = 0;
        for (ulong tenant = 2; tenant < 40; tenant++)
        {
            transforms.Get(new CallerKey(tenant, 1), Large);
            most = Math.Max(most, transforms.Count);
        }

        Assert.InRange(most, 17, 34); // of 2^16 numbers, 16 or 17 in each of two generations
        EmbeddingTransform again = transforms.Get(new CallerKey(100, 1), Large);
        Assert.NotSame(first, again);
        again.Apply(vector, vector);
        Assertions.SameBits(expected, vector);
    }

    [Fact]
    public void A_known_tenants_calls_allocate_nothing()
    {
        using Shield shield = Build();
        CallerHandle caller = shield.GetHandle(shield.IdentifyCaller("caller"), shield.IdentifyCaller("acme"));
        byte[] input = new byte[4];
        float[] clean = Vector(8);
        float[] released = new float[Dimension];
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 50; i++)
            {
                Admission admission = shield.Admit(caller, input);
                shield.Harden(in admission, clean, released, Dimension);
            }
        }));
    }

    private static Shield Build(HardeningOptions? hardening = null, int secret = 1, string name = "model") => TestShield.Build(
        OutputKind.Embedding, hardening, options => options.Outputs[TestShield.Output].TenantTransform = true, name: name, secret: secret);

    private static float[] Ask(Shield shield, string tenant, float[] clean, string caller = "caller", Posture posture = Posture.Normal)
    {
        CallerKey key = shield.IdentifyCaller(caller);
        shield.Overrides.Set(key, new CallerOverride { Posture = posture });
        Admission admission = shield.Admit(shield.GetHandle(key, shield.IdentifyCaller(tenant)), new byte[1]);
        float[] released = new float[clean.Length];
        shield.Harden(in admission, clean, released, clean.Length);
        return released;
    }

    private static float[] Vector(int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, Dimension).Select(_ => (float)random.NextDouble() - 0.5f)];
    }

    private static double Cosine(float[] left, float[] right) =>
        left.Zip(right, (x, y) => (double)x * y).Sum() / Math.Sqrt(left.Sum(x => (double)x * x) * right.Sum(y => (double)y * y));
}

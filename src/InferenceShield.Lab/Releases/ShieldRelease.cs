using System.Buffers.Binary;

namespace InferenceShield.Lab;

/// <summary>The hardening of a <see cref="Shield"/> with one output of probabilities, and limits that nobody reaches.</summary>
internal sealed class ShieldRelease : IRelease
{
    private readonly Shield _shield;
    private readonly CallerKey _caller;

    public ShieldRelease(ulong key, int classCount, Action<HardeningOptions> configure)
    {
        byte[] secret = new byte[32];
        BinaryPrimitives.WriteUInt64LittleEndian(secret, key);
        HardeningOptions hardening = new();
        configure(hardening);
        _shield = new ShieldBuilder("lab")
            .UseSecret(ShieldSecrets.FromBytes(System.Security.Cryptography.SHA256.HashData(secret)))
            .AddOutput("probabilities", OutputKind.Probabilities, hardening)
            .Configure(static options => options.Admission.PerCaller = new LimitOptions { Queries = 1_000_000, Period = TimeSpan.FromSeconds(1), Burst = 1_000_000 })
            .Build();
        _caller = _shield.IdentifyCaller("lab");
        ClassCount = classCount;
    }

    public int ClassCount { get; }

    public void Apply(ReadOnlySpan<float> inputs, ReadOnlySpan<float> clean, int classCount, Span<float> released)
    {
        int rows = clean.Length / classCount;
        Admission admission = _shield.Admit(_caller, new byte[rows], rows);
        if (!admission.IsAdmitted)
        {
            throw new InvalidOperationException($"The shield refused {rows} rows at once: {admission.Reason}.");
        }

        _shield.Harden(in admission, clean, released, classCount);
    }
}

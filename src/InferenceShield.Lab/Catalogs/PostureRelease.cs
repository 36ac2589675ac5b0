using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;

namespace InferenceShield.Lab;

/// <summary>What a shield releases to callers of one posture, with limits that nobody reaches.</summary>
internal sealed class PostureRelease : IRelease
{
    private readonly Shield _shield;
    private readonly CallerKey _caller;

    public PostureRelease(PolicyContext context, Posture posture, ulong key)
    {
        byte[] seed = new byte[32];
        BinaryPrimitives.WriteUInt64LittleEndian(seed, key);
        _shield = new ShieldBuilder(context.Model)
            .UseSecret(context.Secret ?? ShieldSecrets.FromBytes(SHA256.HashData(seed)))
            .Configure(options => Configure(options, context))
            .Build();
        _caller = _shield.IdentifyCaller("lab");
        _shield.Overrides.Set(_caller, new CallerOverride { Posture = posture });
    }

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

    private static void Configure(ShieldOptions options, PolicyContext context)
    {
        context.Shield?.Invoke(options);
        OutputOptions output = options.Outputs.TryGetValue(context.Output, out OutputOptions? named) ? named
            : options.Outputs.Count == 1 ? options.Outputs.Values.First()
            : new OutputOptions();
        output.Kind = OutputKind.Probabilities;
        output.Classes = context.ClassCount;
        RequireNoInputs(options, context.Output, output);
        options.Outputs.Clear();
        options.Outputs[context.Output] = output;

        // What a caller may ask is the plan's matter, and there is only one caller.
        options.Admission = new AdmissionOptions
        {
            PerCaller = new LimitOptions { Queries = 1_000_000, Period = TimeSpan.FromSeconds(1), Burst = 1_000_000 },
        };
        options.Callers = new CallerOptions { Capacity = 64, Dossiers = 0, TenantCapacity = 1, NetworkCapacity = 1 };
    }

    /// <summary>Thieves look at answers alone, so noise that belongs to inputs cannot be made here.</summary>
    private static void RequireNoInputs(ShieldOptions options, string name, OutputOptions output)
    {
        HardeningOptions?[] all = [options.Hardening, options.Guarded, options.Restricted, output.Hardening, output.Guarded, output.Restricted];
        if (Array.Find(all, static hardening => hardening?.NoiseCell is NoiseCell.Input or NoiseCell.ExactInput) is { } found)
        {
            throw new OptionsValidationException(
                name, typeof(ShieldOptions), [$"NoiseCell is {found.NoiseCell}: the noise of output '{name}' belongs to inputs, and policies here release answers without them. Take NoiseCell out, or write Output, to measure the same noise by cells of answers."]);
        }
    }
}

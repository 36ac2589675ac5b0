using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace InferenceShield.Lab;

/// <summary>Tells plans apart: a stored cell counts only for the plan that it was run for.</summary>
/// <remarks>A policy is a function without a description, so it is told by what it answers to some rows.</remarks>
internal static class PlanDigest
{
    private const int ProbeRows = 64;

    public static string Compute(AuditPlan plan)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        // Another build may draw, train or release otherwise: its cells are not mixed with these.
        Add(hash, typeof(PlanDigest).Module.ModuleVersionId.ToString());
        foreach (ExtractionSetup setup in plan.Setups)
        {
            Add(hash, setup.Name);
            Add(hash, setup.Pool);
            Add(hash, setup.Test);
            Dataset probe = setup.Test.Slice(0, Math.Min(ProbeRows, setup.Test.Count));
            float[] clean = new float[probe.Count * setup.Target.ClassCount];
            setup.Target.Classify(probe.Values.Span, clean);
            Add(hash, clean);
            float[] released = new float[clean.Length];
            foreach (ReleasePolicy policy in plan.Policies)
            {
                policy.Create(plan.Seeds[0]).Apply(probe.Values.Span, clean, setup.Target.ClassCount, released);
                Add(hash, policy.Name);
                Add(hash, released);
            }
        }

        foreach (Attack attack in plan.Attacks)
        {
            SurrogateOptions surrogate = attack.Surrogate;
            Add(hash, string.Create(
                CultureInfo.InvariantCulture,
                $"{attack.Name}|{attack.Strategy.Name}|{attack.Recovery.Name}|{attack.Through is null}|{attack.Exact?.Name}|{string.Join(',', surrogate.Hidden)}|{surrogate with { Hidden = [] }}"));
        }

        Add(hash, string.Create(CultureInfo.InvariantCulture, $"{string.Join(',', plan.Budgets)}|{string.Join(',', plan.Seeds)}"));
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..32];
    }

    private static void Add(IncrementalHash hash, Dataset rows)
    {
        Add(hash, rows.Values.Span);
        Add(hash, string.Create(CultureInfo.InvariantCulture, $"{rows.Width}|{rows.ClassCount}"));
        byte[] labels = new byte[rows.Labels.Length * sizeof(int)];
        for (int row = 0; row < rows.Labels.Length; row++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(labels.AsSpan(row * sizeof(int)), rows.Labels.Span[row]);
        }

        hash.AppendData(labels);
    }

    private static void Add(IncrementalHash hash, ReadOnlySpan<float> values)
    {
        byte[] block = new byte[4096 * sizeof(float)];
        while (!values.IsEmpty)
        {
            int count = Math.Min(4096, values.Length);
            for (int i = 0; i < count; i++)
            {
                BinaryPrimitives.WriteSingleLittleEndian(block.AsSpan(i * sizeof(float)), values[i]);
            }

            hash.AppendData(block, 0, count * sizeof(float));
            values = values[count..];
        }
    }

    private static void Add(IncrementalHash hash, string text) => hash.AppendData(Encoding.UTF8.GetBytes(text + "\n"));
}

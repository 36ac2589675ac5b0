using System.Security.Cryptography;
using System.Text;
using InferenceShield.Statistics.Releases;

namespace InferenceShield.Statistics.Postures;

/// <summary>One way to release logits; some answers at once, or one.</summary>
/// <param name="Name">What it is called in the results.</param>
/// <param name="Apply">Logits in, answers out, row after row.</param>
/// <param name="Edges">Confidences that no answer may cross.</param>
internal sealed record PostureRelease(string Name, Releases.Release Apply, IReadOnlyList<double> Edges)
{
    private static readonly byte[] s_secret = SHA256.HashData(Encoding.UTF8.GetBytes("posture experiment"));

    /// <summary>The default of Normal: two decimals.</summary>
    public static PostureRelease Rounded(int classes, int decimals) => OfShield($"round {decimals}", classes, new HardeningOptions { Decimals = decimals });

    /// <summary>The default of Restricted.</summary>
    public static PostureRelease LabelOnly(int classes) => OfShield("label only", classes, new HardeningOptions { Release = Release.LabelOnly });

    public static PostureRelease Noise(int classes) => OfShield("keyed noise .2", classes, new HardeningOptions { KeyedNoiseBudget = 0.2, Decimals = 5 });

    /// <summary>The default of Guarded: eight bands and the runner-up, learned, with a customer's threshold of .9.</summary>
    public static PostureRelease Guarded(float[] benign, int classes) =>
        OfBands("bands8 + runner-up", ConfidenceBands.Learn(benign, classes, OutputKind.Logits, 8, [0.9]));

    /// <summary>Three bands and no runner-up: what Restricted releases where a score is contractual.</summary>
    public static PostureRelease ThreeBands(float[] benign, int classes) =>
        OfBands("bands3", ConfidenceBands.Learn(benign, classes, OutputKind.Logits, 1, [0.6, 0.9], namesRunnerUp: false));

    /// <summary>Softmax in single precision and nothing else.</summary>
    public static PostureRelease Clean(int classes) => new("clean", (logits, released) =>
    {
        for (int row = 0; row < logits.Length; row += classes)
        {
            double sum = 0;
            float largest = logits.Slice(row, classes).ToArray().Max();
            for (int i = row; i < row + classes; i++)
            {
                sum += Math.Exp(logits[i] - largest);
            }

            for (int i = row; i < row + classes; i++)
            {
                released[i] = (float)(Math.Exp(logits[i] - largest) / sum);
            }
        }
    }, []);

    public float[] All(float[] logits)
    {
        float[] released = new float[logits.Length];
        Apply(logits, released);
        return released;
    }

    private static PostureRelease OfBands(string name, ConfidenceBands bands) => new(name, (logits, released) =>
    {
        for (int row = 0; row < logits.Length; row += bands.Classes)
        {
            bands.Release(logits.Slice(row, bands.Classes), OutputKind.Logits, released.Slice(row, bands.Classes));
        }
    }, bands.Edges);

    private static PostureRelease OfShield(string name, int classes, HardeningOptions hardening)
    {
        Shield shield = new ShieldBuilder("posture experiment")
            .UseSecret(ShieldSecrets.FromBytes(s_secret))
            .AddOutput("logits", OutputKind.Logits, hardening)
            .Configure(options => options.Admission.PerCaller = new LimitOptions { Queries = 1_000_000, Period = TimeSpan.FromSeconds(1), Burst = 1_000_000 })
            .Build();
        CallerKey caller = shield.IdentifyCaller("experiment");
        return new PostureRelease(name, (logits, released) =>
        {
            int rows = logits.Length / classes;
            Admission admission = shield.Admit(caller, new byte[rows], rows);
            shield.Harden(in admission, logits, released, classes);
        }, []);
    }
}

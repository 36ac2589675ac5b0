using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace InferenceShield.Benchmarks.Fingerprints;

/// <summary>Near-duplicate fingerprints and input digests against what is used for them today, in one run.</summary>
public static class FingerprintRatios
{
    private static readonly int[] s_lengths = [784, 3072, 150_528];

    /// <summary>Measures everything and writes Markdown tables.</summary>
    public static void Run(TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);
        using ShieldSecret secret = new(SHA256.HashData("benchmark"u8));
        WriteFingerprints(output, secret);
        WriteMatches(output, secret);
    }

    private static void WriteFingerprints(TextWriter output, ShieldSecret secret)
    {
        output.WriteLine("| image | bytes | fingerprint us | SHA-256 per window | scalar rolling hash | B/op |");
        output.WriteLine("|---|---|---|---|---|---|");
        Fingerprinter fingerprinter = new(secret, new NearDuplicateOptions());
        foreach (int length in s_lengths)
        {
            foreach (string kind in TestImages.Kinds)
            {
                WriteFingerprint(output, kind, TestImages.Make(kind, length, length > 100_000 ? 8 : 64), fingerprinter);
            }
        }
    }

    private static void WriteFingerprint(TextWriter output, string kind, byte[][] images, Fingerprinter fingerprinter)
    {
        RollingFingerprint rolling = new(20, 50);
        ulong[] heap = new ulong[50];
        void Ours(int i) => fingerprinter.Compute(images[i & (images.Length - 1)].AsSpan());
        RatioTimer timer = new();
        timer.Add("fingerprint", Ours);
        timer.Add("rolling", i => rolling.Compute(images[i & (images.Length - 1)], 20, 50));
        timer.Add("sha", i => HashWindows(images[i & (images.Length - 1)], heap), slow: true);
        double[] ns = timer.Measure(images[0].Length > 100_000 ? 7 : 15);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {kind} | {images[0].Length:N0} | {ns[0] / 1000:F2} | {ns[2] / ns[0]:F0}x | {ns[1] / ns[0]:F1}x | {RatioTimer.AllocatedBytes(Ours, 64)} |"));
    }

    /// <summary>SHA-256 of every window, as published, without selection: only what cannot be avoided.</summary>
    private static ulong HashWindows(ReadOnlySpan<byte> image, ulong[] largest)
    {
        Span<byte> digest = stackalloc byte[32];
        for (int i = 0; i + 20 <= image.Length; i++)
        {
            SHA256.HashData(image.Slice(i, 20), digest);
            largest[0] = Math.Max(largest[0], BinaryPrimitives.ReadUInt64LittleEndian(digest));
        }

        return largest[0];
    }

    private static void WriteMatches(TextWriter output, ShieldSecret secret)
    {
        output.WriteLine();
        output.WriteLine("| compare and remember | bytes | capacity | us | B/op |");
        output.WriteLine("|---|---|---|---|---|");
        foreach (int capacity in (int[])[1_024, 65_536])
        {
            NearDuplicateIndex index = new(secret, new NearDuplicateOptions { Capacity = capacity });
            byte[][] images = TestImages.Make("random", 784, 4_096);
            CallerKey caller = new(1, 1);
            void Match(int i) => index.Match(images[i & 4095].AsSpan(), caller);
            RatioTimer timer = new();
            timer.Add("match", Match);
            double[] ns = timer.Measure(15);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| random | 784 | {capacity:N0} | {ns[0] / 1000:F2} | {RatioTimer.AllocatedBytes(Match, 256)} |"));
        }
    }
}

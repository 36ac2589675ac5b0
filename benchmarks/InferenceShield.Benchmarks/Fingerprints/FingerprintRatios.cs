using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using InferenceShield.Numerics;

namespace InferenceShield.Benchmarks.Fingerprints;

/// <summary>Near-duplicate fingerprints and input digests against what is used for them today, in one run.</summary>
public static class FingerprintRatios
{
    private const int WindowsPerCall = 256;

    private static readonly int[] s_lengths = [784, 3072, 150_528];

    /// <summary>Measures everything and writes Markdown tables.</summary>
    public static void Run(TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);
        using ShieldSecret secret = new(SHA256.HashData("benchmark"u8));
        WriteFingerprints(output, secret);
        WriteMatches(output, secret);
        WriteDigests(output);
        WriteCells(output, secret);
    }

    private static void WriteFingerprints(TextWriter output, ShieldSecret secret)
    {
        output.WriteLine("| image | bytes | fingerprint us | SHA-256 per window | scalar rolling hash | B/op |");
        output.WriteLine("|---|---|---|---|---|---|");
        Fingerprinter fingerprinter = new(secret, new NearDuplicateOptions());
        WriteFingerprint(output, "Fashion-MNIST", TestImages.Fashion(64), fingerprinter);
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
        ulong[] largest = new ulong[1];
        void Ours(int i) => fingerprinter.Compute(images[i & (images.Length - 1)].AsSpan());
        RatioTimer timer = new();
        timer.Add("fingerprint", Ours);
        timer.Add("rolling", i => rolling.Compute(images[i & (images.Length - 1)], 20, 50));
        timer.Add("sha", i => HashWindows(images[i & (images.Length - 1)], i, largest));
        double[] ns = timer.Measure(101);
        double sha = ns[2] / WindowsPerCall * (images[0].Length - 19);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {kind} | {images[0].Length:N0} | {ns[0] / 1000:F2} | {sha / ns[0]:F0}x | {ns[1] / ns[0]:F1}x | {RatioTimer.AllocatedBytes(Ours, 64)} |"));
    }

    /// <summary>SHA-256 of some windows, as published, without selection: only what cannot be avoided. The cost of a window
    /// does not depend on its content, so a whole image's follows from that of <see cref="WindowsPerCall"/>.</summary>
    private static void HashWindows(ReadOnlySpan<byte> image, int number, ulong[] largest)
    {
        Span<byte> digest = stackalloc byte[32];
        int first = number * WindowsPerCall % (image.Length - 20 - WindowsPerCall);
        for (int i = first; i < first + WindowsPerCall; i++)
        {
            SHA256.HashData(image.Slice(i, 20), digest);
            largest[0] = Math.Max(largest[0], BinaryPrimitives.ReadUInt64LittleEndian(digest));
        }
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
            double[] ns = timer.Measure(101);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| random | 784 | {capacity:N0} | {ns[0] / 1000:F2} | {RatioTimer.AllocatedBytes(Match, 256)} |"));
        }
    }

    private static void WriteDigests(TextWriter output)
    {
        output.WriteLine();
        output.WriteLine("| input digest of float32 rows | ns as bytes | ns as numbers | SHA-256 / bytes | SHA-256 / numbers | B/op |");
        output.WriteLine("|---|---|---|---|---|---|");
        InputDigester digester = new(42);
        InputSchema schema = new(new SipHashKey(new byte[16]), "input", InputElement.FloatingPoint32, []);
        foreach (int length in (int[])[64, 3_136, 150_528, 602_112])
        {
            byte[][] rows = [.. Enumerable.Range(0, 8).Select(i => FloatRow(length, i))];
            byte[] digest = new byte[32];
            void AsNumbers(int i) => digester.Digest(schema, rows[i & 7]);
            RatioTimer timer = new();
            timer.Add("bytes", i => digester.Digest(rows[i & 7]));
            timer.Add("numbers", AsNumbers);
            timer.Add("sha", i => SHA256.HashData(rows[i & 7], digest));
            double[] ns = timer.Measure(101);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {length:N0} | {ns[0]:F0} | {ns[1]:F0} | {ns[2] / ns[0]:F1}x | {ns[2] / ns[1]:F1}x | {RatioTimer.AllocatedBytes(AsNumbers, 64)} |"));
        }
    }

    private static byte[] FloatRow(int bytes, int seed)
    {
        Random random = new(seed);
        byte[] row = new byte[bytes];
        for (int i = 0; i < bytes; i += sizeof(float))
        {
            BinaryPrimitives.WriteSingleLittleEndian(row.AsSpan(i), random.NextSingle());
        }

        return row;
    }

    private static void WriteCells(TextWriter output, ShieldSecret secret)
    {
        output.WriteLine();
        output.WriteLine("| input cell | us | B/op |");
        output.WriteLine("|---|---|---|");
        WriteCell("16 features", new InputCellOptions { Length = 16 });
        WriteCell("784 features", new InputCellOptions { Length = 784 });
        WriteCell("28x28 image", new InputCellOptions { Length = 784, ImageWidth = 28, ImageHeight = 28 });
        WriteCell("3x224x224 image", new InputCellOptions { Length = 150_528, ImageWidth = 224, ImageHeight = 224, ImagePooling = 16 });

        void WriteCell(string name, InputCellOptions options)
        {
            InputCells cells = new(secret, options);
            Random random = new(1);
            float[][] rows = [.. Enumerable.Range(0, 8).Select(_ => Enumerable.Range(0, options.Length).Select(_ => random.NextSingle()).ToArray())];
            void Find(int i) => cells.Find(rows[i & 7]);
            RatioTimer timer = new();
            timer.Add(name, Find);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {timer.Measure(101)[0] / 1000:F2} | {RatioTimer.AllocatedBytes(Find, 64)} |"));
        }
    }
}

using System.IO.Compression;

namespace InferenceShield.Benchmarks.Fingerprints;

/// <summary>Seeded images of the kinds that make fingerprints cheap or dear.</summary>
internal static class TestImages
{
    public static readonly string[] Kinds = ["random", "walk", "strokes", "sparse", "periodic", "flat"];

    public static byte[][] Make(string kind, int length, int count)
    {
        Random random = new(HashCode(kind) + length);
        return [.. Enumerable.Range(0, count).Select(_ => Make(kind, length, random))];
    }

    /// <summary>The first images of the committed Fashion-MNIST subset.</summary>
    public static byte[][] Fashion(int count)
    {
        const int HeaderLength = 16;
        const int Pixels = 784;
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "InferenceShield.sln")))
        {
            folder = folder.Parent;
        }

        string root = folder?.FullName ?? throw new DirectoryNotFoundException("Run from a checkout: no folder above holds InferenceShield.sln.");
        using FileStream file = File.OpenRead(Path.Combine(root, "samples", "data", "t2k-images-idx3-ubyte.gz"));
        using GZipStream unpacked = new(file, CompressionMode.Decompress);
        byte[] all = new byte[HeaderLength + (count * Pixels)];
        unpacked.ReadExactly(all);
        return [.. Enumerable.Range(0, count).Select(i => all.AsSpan(HeaderLength + (i * Pixels), Pixels).ToArray())];
    }

    private static byte[] Make(string kind, int length, Random random)
    {
        byte[] image = new byte[length];
        switch (kind)
        {
            case "random":
                random.NextBytes(image);
                break;
            case "walk":
                int value = 128;
                for (int i = 0; i < length; i++)
                {
                    value = Math.Clamp(value + random.Next(-40, 41), 0, 255);
                    image[i] = (byte)value;
                }

                break;
            case "strokes":
                Strokes(image, random);
                break;
            case "sparse":
                for (int i = 0; i < length / 50; i++)
                {
                    image[random.Next(length)] = (byte)random.Next(256);
                }

                break;
            case "periodic":
                byte[] period = new byte[random.Next(3, 40)];
                random.NextBytes(period);
                for (int i = 0; i < length; i++)
                {
                    image[i] = period[i % period.Length];
                }

                break;
            default:
                Array.Fill(image, (byte)random.Next(256));
                break;
        }

        return image;
    }

    /// <summary>Thick soft lines on black, as a handwritten digit has.</summary>
    private static void Strokes(byte[] image, Random random)
    {
        int side = (int)Math.Sqrt(image.Length);
        int lines = Math.Max(3, side / 9);
        for (int line = 0; line < lines; line++)
        {
            double x = random.NextDouble() * side;
            double y = random.NextDouble() * side;
            double angle = random.NextDouble() * Math.PI * 2;
            double bend = (random.NextDouble() - .5) * .3;
            for (int i = 0; i < side / 2; i++)
            {
                angle += bend;
                x += Math.Cos(angle);
                y += Math.Sin(angle);
                for (int dx = -1; dx <= 1; dx++)
                {
                    for (int dy = -1; dy <= 1; dy++)
                    {
                        int px = (int)x + dx;
                        int py = (int)y + dy;
                        if (px >= 0 && px < side && py >= 0 && py < side)
                        {
                            int ink = dx == 0 && dy == 0 ? 255 : random.Next(40, 255);
                            image[(py * side) + px] = (byte)Math.Max(image[(py * side) + px], ink);
                        }
                    }
                }
            }
        }
    }

    private static int HashCode(string text) => text.Aggregate(17, (hash, c) => unchecked((hash * 31) + c)); // the same in every process
}

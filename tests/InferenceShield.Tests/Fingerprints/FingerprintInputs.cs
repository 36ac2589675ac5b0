using System.Security.Cryptography;
using System.Text;

namespace InferenceShield.Tests;

/// <summary>Seeded inputs and secrets for the tests of fingerprints.</summary>
internal static class FingerprintInputs
{
    public static readonly string[] ImageKinds = ["noise", "walk", "flat", "sparse", "periodic", "strokes", "halves"];

    public static ShieldSecret Secret(int number) => new(SHA256.HashData(Encoding.UTF8.GetBytes($"fingerprint test {number}")));

    public static byte[] Image(string kind, int length, Random random)
    {
        byte[] image = new byte[length];
        switch (kind)
        {
            case "noise":
                random.NextBytes(image);
                break;
            case "walk":
                int value = random.Next(256);
                for (int i = 0; i < length; i++)
                {
                    value = Math.Clamp(value + random.Next(-30, 31), 0, 255);
                    image[i] = (byte)value;
                }

                break;
            case "flat":
                Array.Fill(image, (byte)random.Next(256));
                break;
            case "sparse":
                for (int i = 0; i < (length + 49) / 50; i++)
                {
                    image[random.Next(length)] = (byte)random.Next(256);
                }

                break;
            case "periodic":
                byte[] period = new byte[random.Next(1, 60)];
                random.NextBytes(period);
                for (int i = 0; i < length; i++)
                {
                    image[i] = period[i % period.Length];
                }

                break;
            case "strokes":
                for (int at = random.Next(40); at < length; at += random.Next(1, 60))
                {
                    int end = Math.Min(length, at + random.Next(1, 9));
                    image.AsSpan(at, end - at).Fill((byte)random.Next(256));
                    at = end;
                }

                break;
            default:
                image.AsSpan(length / 2).Fill(255);
                break;
        }

        return image;
    }

    /// <summary>The same image with a few bytes changed.</summary>
    public static byte[] Vary(byte[] image, int changes, Random random)
    {
        byte[] varied = [.. image];
        int at = random.Next(Math.Max(1, image.Length - changes));
        for (int i = at; i < Math.Min(image.Length, at + changes); i++)
        {
            varied[i] = (byte)random.Next(256);
        }

        return varied;
    }

    /// <summary>A number that is normally distributed, with mean 0 and spread 1.</summary>
    public static double Gaussian(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}

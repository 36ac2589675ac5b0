using InferenceShield.Lab;

namespace InferenceShield.Tests;

/// <summary>Files that were damaged, or made to do damage: bits flipped, bytes replaced, taken out, repeated, put in, cut off; numbers made huge.</summary>
/// <remarks>Seeded: the same on every run.</remarks>
internal sealed class Mutations(ulong seed)
{
    private SeededRandom _random = new(seed, stream: 90);

    /// <summary>A whole number from 0, below a bound.</summary>
    public int Draw(int bound) => _random.NextInt32(bound);

    /// <summary>A file with one to four changes.</summary>
    /// <param name="file">What it is made of.</param>
    /// <param name="words">What may be put in; none for single bytes.</param>
    public byte[] Next(ReadOnlySpan<byte> file, params ReadOnlySpan<string> words)
    {
        List<byte> bytes = [.. file];
        for (int left = 1 + Draw(4); left > 0; left--)
        {
            Change(bytes, words);
        }

        return [.. bytes];
    }

    private void Change(List<byte> bytes, ReadOnlySpan<string> words)
    {
        int at = Draw(bytes.Count + 1);
        int rest = bytes.Count - at;
        switch (Draw(words.IsEmpty ? 7 : 9))
        {
            case 0 when rest > 0:
                bytes[at] ^= (byte)(1 << Draw(8));
                break;
            case 1 when rest > 0:
                bytes[at] = (byte)Draw(256);
                break;
            case 2:
                bytes.RemoveRange(at, Math.Min(rest, 1 + Draw(20)));
                break;
            case 3:
                bytes.RemoveRange(at, rest);
                break;
            case 4:
                bytes.InsertRange(at, bytes.GetRange(at, Math.Min(rest, 1 + Draw(40))));
                break;
            case 5 when rest >= 8:
                long huge = Draw(2) == 0 ? long.MaxValue : uint.MaxValue;
                for (int i = 0; i < 8; i++)
                {
                    bytes[at + i] = (byte)(huge >> (8 * i));
                }

                break;
            case > 6:
                bytes.InsertRange(at, System.Text.Encoding.UTF8.GetBytes(words[Draw(words.Length)]));
                break;
            default:
                bytes.Insert(at, (byte)Draw(256));
                break;
        }
    }
}

using InferenceShield.Lab;
namespace InferenceShield.Samples.Training;

/// <summary>Varies training images: mirrored half of the time, and moved by at most one pixel each way.</summary>
internal static class Augmentation
{
    private const int Side = FashionDataset.Side;

    /// <summary>Writes a variation of an image; what moves in from outside is black.</summary>
    public static void Vary(ReadOnlySpan<float> image, Span<float> varied, ref SeededRandom random)
    {
        bool mirror = random.NextInt32(2) == 1;
        int moveX = random.NextInt32(3) - 1;
        int moveY = random.NextInt32(3) - 1;
        varied.Clear();
        for (int y = Math.Max(0, -moveY); y < Math.Min(Side, Side - moveY); y++)
        {
            ReadOnlySpan<float> source = image.Slice((y + moveY) * Side, Side);
            Span<float> target = varied.Slice(y * Side, Side);
            source[Math.Max(0, moveX)..Math.Min(Side, Side + moveX)].CopyTo(target[Math.Max(0, -moveX)..]);
            if (mirror)
            {
                target.Reverse();
            }
        }
    }
}

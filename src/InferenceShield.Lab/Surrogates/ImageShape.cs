namespace InferenceShield.Lab;

/// <summary>The shape of a square image whose row of input lies as channel, row, column.</summary>
/// <param name="Channels">Channels, at least 1.</param>
/// <param name="Side">Rows and columns of pixels, at least 4 and a multiple of 4.</param>
public readonly record struct ImageShape(int Channels, int Side)
{
    /// <summary>Values in an image.</summary>
    public int Length => checked(Channels * Side * Side);
}

using System.Diagnostics;

namespace InferenceShield.Numerics;

/// <summary>A quantisation step of pixels, as the multiplication that divides bytes by it: (pixel x factor + addend) >> shift.</summary>
internal readonly struct PixelStep
{
    /// <param name="step">8 to 128: for each of these, sixteen bits are enough to be exact for all bytes.</param>
    public PixelStep(int step)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 8);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(step, 128);
        for (int shift = 15; shift >= 8; shift--)
        {
            for (int roundUp = 0; roundUp <= 1; roundUp++)
            {
                int factor = ((1 << shift) / step) + roundUp;
                foreach (int addend in (ReadOnlySpan<int>)[0, factor])
                {
                    if (IsExact(step, factor, addend, shift))
                    {
                        (Factor, Addend, Shift) = ((ushort)factor, (ushort)addend, shift);
                        return;
                    }
                }
            }
        }

        throw new UnreachableException();
    }

    public ushort Factor { get; }

    public ushort Addend { get; }

    /// <summary>8 to 15.</summary>
    public int Shift { get; }

    public byte Divide(uint pixel) => (byte)(((pixel * Factor) + Addend) >> Shift);

    private static bool IsExact(int step, int factor, int addend, int shift)
    {
        for (int pixel = 0; pixel <= 255; pixel++)
        {
            int product = (pixel * factor) + addend;
            if (product > ushort.MaxValue || product >> shift != pixel / step)
            {
                return false;
            }
        }

        return true;
    }
}

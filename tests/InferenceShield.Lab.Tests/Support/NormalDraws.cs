namespace InferenceShield.Lab.Tests;

/// <summary>Nearly normal numbers for made-up rows, by another way than the library's.</summary>
internal static class NormalDraws
{
    /// <summary>Half the sum of twelve uniform numbers in -1..1: mean 0, spread 1.</summary>
    public static float Next(ref SeededRandom random)
    {
        float sum = 0;
        for (int i = 0; i < 12; i++)
        {
            sum += random.NextSigned();
        }

        return sum / 2;
    }
}

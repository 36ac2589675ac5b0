namespace InferenceShield.Lab;

/// <summary>He's uniform initialisation, made for layers that a ReLU follows.</summary>
internal static class WeightInitializer
{
    public static void Fill(Span<float> weights, int fanIn, ref SeededRandom random)
    {
        float limit = MathF.Sqrt(6f / fanIn);
        foreach (ref float weight in weights)
        {
            weight = random.NextSigned() * limit;
        }
    }
}

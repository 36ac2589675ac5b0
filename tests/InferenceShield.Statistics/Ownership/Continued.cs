using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>A copy trained further: what fine-tuning is.</summary>
internal static class Continued
{
    /// <summary>The copy stays as it is; another with its weights is trained.</summary>
    public static Surrogate Train(Surrogate copy, ReadOnlySpan<float> rows, float[] targets, SurrogateOptions options, ulong seed)
    {
        Network network = new(copy.Network.Layers, seed);
        copy.Network.Parameters.CopyTo(network.Parameters, 0);
        Surrogate tuned = new(network, copy.Scaling, copy.Image);
        float[] prepared = new float[rows.Length];
        tuned.Prepare(rows, prepared);
        new SurrogateTraining(network, prepared, targets, options, seed, threads: 1).Run(default);
        return tuned;
    }
}

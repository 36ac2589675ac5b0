namespace InferenceShield.Lab;

/// <summary>What a surrogate is made of.</summary>
public enum SurrogateKind
{
    /// <summary>One layer: softmax regression.</summary>
    Linear,

    /// <summary>Hidden layers with ReLU between.</summary>
    Mlp,
}

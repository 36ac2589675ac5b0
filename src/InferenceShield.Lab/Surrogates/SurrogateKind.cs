namespace InferenceShield.Lab;

/// <summary>What a surrogate is made of.</summary>
public enum SurrogateKind
{
    /// <summary>One layer: softmax regression.</summary>
    Linear,

    /// <summary>Hidden layers with ReLU between.</summary>
    Mlp,

    /// <summary>Two 3x3 convolutions of 16 and 32 channels, each with 2x2 pooling and ReLU, then hidden layers. For images.</summary>
    Cnn,
}

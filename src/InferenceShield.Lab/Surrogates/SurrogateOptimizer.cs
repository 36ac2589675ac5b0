namespace InferenceShield.Lab;

/// <summary>How a surrogate's weights move.</summary>
public enum SurrogateOptimizer
{
    /// <summary>Adam (Kingma and Ba, 2015); with weight decay AdamW (Loshchilov and Hutter, 2019).</summary>
    Adam,

    /// <summary>Gradient descent with a momentum of .9.</summary>
    Momentum,
}

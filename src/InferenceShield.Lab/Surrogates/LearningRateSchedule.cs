namespace InferenceShield.Lab;

/// <summary>How the learning rate changes over the steps of a training.</summary>
public enum LearningRateSchedule
{
    /// <summary>Falls from its full height to zero along half a cosine.</summary>
    Cosine,

    /// <summary>Stays as it is.</summary>
    Constant,
}

namespace InferenceShield.Lab;

/// <summary>What a camera, a scanner or a pipeline of an honest caller does to inputs.</summary>
internal enum InputChangeKind
{
    None = 0,

    /// <summary>Images: moved by whole pixels.</summary>
    Move,

    /// <summary>Images: multiplied.</summary>
    Brightness,

    /// <summary>Images: a Gaussian blur.</summary>
    Blur,

    /// <summary>Images and tables: Gaussian noise, other on every query.</summary>
    Noise,

    /// <summary>Images: a power.</summary>
    Gamma,

    /// <summary>Images and tables: rounded to steps.</summary>
    Rounding,

    /// <summary>Images: greyed towards a floor.</summary>
    Lift,

    /// <summary>Images: left and right change sides.</summary>
    Mirror,

    /// <summary>Tables: every feature moved by a distance of its own.</summary>
    Offset,

    /// <summary>Tables: distances from the mean multiplied.</summary>
    Gain,
}

namespace InferenceShield;

/// <summary>The promised share of honest callers that are ever alarmed, in one epoch.</summary>
public enum DetectionLevel
{
    /// <summary>One in a hundred.</summary>
    Promise = 0,

    /// <summary>One in a thousand.</summary>
    Strict,
}

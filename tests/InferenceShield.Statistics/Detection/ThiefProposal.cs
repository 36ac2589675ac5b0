namespace InferenceShield.Statistics.Detection;

/// <summary>What a thief asks, if he may choose.</summary>
internal enum ThiefProposal
{
    /// <summary>Convex pairs of his pool.</summary>
    Mix = 0,

    /// <summary>Rows asked before, moved along the sign of his copy's gradient.</summary>
    Jacobian,

    /// <summary>Rows of his pool of which his copy is least sure.</summary>
    Active,
}

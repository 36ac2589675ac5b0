namespace InferenceShield;

/// <summary>What becomes of the probability of the classes that a top-k release leaves out.</summary>
public enum TopKRemainder
{
    /// <summary>The others are 0, and the k that are kept are scaled up to a sum of 1: their ratios stay, their confidence rises.</summary>
    Zero = 0,

    /// <summary>The k keep their probabilities, and what is left is shared evenly among all others: confidence stays as it was.</summary>
    Shared = 1,
}

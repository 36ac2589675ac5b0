namespace InferenceShield;

/// <summary>What the keyed bit of a mark in a label is a function of.</summary>
public enum MarkKeying
{
    /// <summary>The unordered pair of labels and the sum of their probabilities to one decimal. Near-duplicates share it, so that a vote over
    /// them keeps the mark; needs nothing of the input.</summary>
    Cell,

    /// <summary>The exact input. Every input has a bit of its own, which makes p-values exact; a vote over near-duplicates removes it.</summary>
    ExactInput,
}

namespace InferenceShield.Tool;

/// <summary>Numbers of a file: rows of one width.</summary>
/// <param name="Values">All rows, one after another.</param>
/// <param name="Rows">How many.</param>
/// <param name="Width">Values in a row.</param>
/// <param name="AreBytes">Whether they were whole numbers of 8 bits, as pixels are.</param>
internal sealed record ArrayFile(float[] Values, int Rows, int Width, bool AreBytes);

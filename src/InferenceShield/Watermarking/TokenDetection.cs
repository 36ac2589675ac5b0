namespace InferenceShield;

/// <summary>What a token mark's detector found in a text.</summary>
/// <param name="Tokens">Tokens that were scored: those with enough before them, without repetitions.</param>
/// <param name="Score">Of a green list, the share of them that is green; of a tournament, the weighted mean of their bits. 0 to 1.</param>
/// <param name="Expected">The same of a text written without the key.</param>
/// <param name="Z">The score's distance from that in standard deviations; 0 of no tokens.</param>
/// <param name="PValue">The chance of such a score, or a greater one, without the key; 1 of no tokens. 0 below what a double can tell.</param>
/// <param name="Start">Where the scored part of the text begins: its first token's index.</param>
/// <param name="End">One after the last token of that part.</param>
public readonly record struct TokenDetection(int Tokens, double Score, double Expected, double Z, double PValue, int Start, int End);

namespace InferenceShield;

/// <summary>What a thief who asked so much could copy, as measured.</summary>
/// <param name="Queries">Queries asked.</param>
/// <param name="Odometer">Benign mass of the cells that they visited, 0 to 1: the least of several seeds.</param>
/// <param name="Agreement">Share of inputs on which copy and model gave the same label, 0 to 1: the mean over seeds.</param>
/// <param name="Low">Lower end of the interval that holds the true mean with a probability of 95 %; the mean itself for one seed.</param>
/// <param name="High">Upper end.</param>
/// <param name="Most">The most of any seed.</param>
public readonly record struct OdometerPoint(int Queries, double Odometer, double Agreement, double Low, double High, double Most);

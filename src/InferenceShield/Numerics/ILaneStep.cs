using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>What <see cref="LaneSums"/> does to every pair of elements, with vectors and without: the same bits, so nothing fused.</summary>
internal interface ILaneStep
{
    /// <summary>The element to write, and the one to add up.</summary>
    Vector512<double> Apply(Vector512<double> left, Vector512<double> right, out Vector512<double> summand);

    /// <summary>The portable twin.</summary>
    double Apply(double left, double right, out double summand);
}

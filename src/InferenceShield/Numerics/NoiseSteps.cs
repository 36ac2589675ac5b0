using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace InferenceShield.Numerics;

/// <summary>The steps that put noise on a distribution, for <see cref="LaneSums"/>.</summary>
internal static class NoiseSteps
{
    /// <summary>right - mean; adds up its size.</summary>
    public readonly struct Centre(double mean) : ILaneStep
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector512<double> Apply(Vector512<double> left, Vector512<double> right, out Vector512<double> summand)
        {
            Vector512<double> centred = right - Vector512.Create(mean);
            summand = Vector512.Abs(centred);
            return centred;
        }

        public double Apply(double left, double right, out double summand)
        {
            double centred = right - mean;
            summand = Math.Abs(centred);
            return centred;
        }
    }

    /// <summary>left + scale right, between 0 and a cap; adds it up.</summary>
    public readonly struct AddAndClip(double scale, double cap) : ILaneStep
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector512<double> Apply(Vector512<double> left, Vector512<double> right, out Vector512<double> summand)
        {
            Vector512<double> moved = left + (right * Vector512.Create(scale));
            moved &= Vector512.GreaterThan(moved, Vector512<double>.Zero);
            Vector512<double> most = Vector512.Create(cap);
            return summand = Vector512.ConditionalSelect(Vector512.LessThan(moved, most), moved, most);
        }

        public double Apply(double left, double right, out double summand)
        {
            double moved = left + (right * scale);
            moved = moved > 0 ? moved : 0;
            return summand = moved < cap ? moved : cap;
        }
    }

    /// <summary>right times a factor; adds up how far that is from left.</summary>
    public readonly struct Normalize(double factor) : ILaneStep
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector512<double> Apply(Vector512<double> left, Vector512<double> right, out Vector512<double> summand)
        {
            Vector512<double> normalized = right * Vector512.Create(factor);
            summand = Vector512.Abs(normalized - left);
            return normalized;
        }

        public double Apply(double left, double right, out double summand)
        {
            double normalized = right * factor;
            summand = Math.Abs(normalized - left);
            return normalized;
        }
    }

    /// <summary>From left a share of the way to right, and no more than a cap; adds nothing up.</summary>
    public readonly struct Blend(double share, double cap) : ILaneStep
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector512<double> Apply(Vector512<double> left, Vector512<double> right, out Vector512<double> summand)
        {
            summand = Vector512<double>.Zero;
            Vector512<double> blended = left + ((right - left) * Vector512.Create(share));
            Vector512<double> most = Vector512.Create(cap);
            return Vector512.ConditionalSelect(Vector512.LessThan(blended, most), blended, most);
        }

        public double Apply(double left, double right, out double summand)
        {
            summand = 0;
            double blended = left + ((right - left) * share);
            return blended < cap ? blended : cap;
        }
    }
}

using InferenceShield.Numerics;

namespace InferenceShield.Lab;

/// <summary>The tests of the marks that a request names.</summary>
internal static class MarkTests
{
    /// <summary>Makes them.</summary>
    /// <returns>The tests, and what is left out and why.</returns>
    public static (IReadOnlyList<OwnershipTest> Tests, IReadOnlyList<string> Missing) Create(VerificationRequest request, Dataset queries, float[] clean)
    {
        List<OwnershipTest> tests = [];
        List<string> missing = [];
        int classes = request.Target.ClassCount;
        if (request.Marks.NearTie is { } nearTie)
        {
            if (nearTie.Margin is not { } margin)
            {
                throw new ArgumentException("The margin of the near-tie mark is not filled in. Give that of the posture: .1 for a normal caller, .2 for a guarded or restricted one.");
            }

            tests.Add(new NearTieTest(OutputKind.Probabilities, clean, classes, margin, nearTie.Keying, default, nearTie.ExemptClasses));
        }

        return (tests, missing);
    }
}

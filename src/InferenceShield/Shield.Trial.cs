using System.Buffers.Binary;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <content>Two policies at once.</content>
public sealed partial class Shield
{
    /// <summary>2^-53: makes 53 bits a number from 0 to 1.</summary>
    private const double Unit = 1.0 / (1L << 53);

    /// <summary>A caller's leak odometer, 0 to 1; null where nothing is detected.</summary>
    internal Func<CallerKey, double>? OdometerOf { get; set; }

    /// <summary>What the policy of <see cref="ShieldOptions.Trial"/> costs and leaks, beside the other one.</summary>
    /// <param name="output">The output's index: see <see cref="GetOutputIndex"/>.</param>
    /// <param name="posture">Of which posture's answers the cost is told.</param>
    /// <returns><see langword="null"/> without a trial.</returns>
    /// <remarks>Thread-safe, for reports: reads every record of the caller table, some milliseconds for 100,000. Utility is counted since the
    /// shield was built: that of the policy includes answers from before the trial began. Odometers are compared in the mean over callers
    /// with an interval of 95 % (normal, Welch's for the difference).</remarks>
    /// <exception cref="ArgumentOutOfRangeException">No such output, or no such posture.</exception>
    public TrialReport? GetTrialReport(int output = 0, Posture posture = Posture.Normal)
    {
        ShieldPlan plan = _plan;
        OutputOf(plan, output);
        RequirePosture(posture);
        if (plan.Trial is not { } share)
        {
            return null;
        }

        TrialComparison comparison = default;
        foreach ((CallerKey caller, int slot) in _admission.Callers.Enumerate())
        {
            if (_admission.Callers[slot].Asked > 0)
            {
                comparison.Add(IsInTrial(plan, caller), OdometerOf?.Invoke(caller) ?? 0);
            }
        }

        return comparison.ToReport(
            share, OdometerOf is not null,
            _utility[output].Read(posture), AnswersOf(_utility[output]), _trialUtility[output].Read(posture), AnswersOf(_trialUtility[output]));

        static long AnswersOf(UtilityLedger ledger)
        {
            (long released, long observed) = ledger.CountRows();
            return released + observed;
        }
    }

    /// <summary>Whether a caller is in a plan's trial. A function of secret, model and caller; with a larger share nobody leaves it.</summary>
    internal bool IsInTrial(ShieldPlan plan, CallerKey caller)
    {
        Span<byte> key = stackalloc byte[2 * sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(key, caller.Low);
        BinaryPrimitives.WriteUInt64LittleEndian(key[sizeof(ulong)..], caller.High);
        return (SipHash13.Hash(_keys.Trial, key).Low >> 11) * Unit < plan.Trial;
    }

    private UtilityLedger UtilityOf(int output, bool inTrial) => (inTrial ? _trialUtility : _utility)[output];
}

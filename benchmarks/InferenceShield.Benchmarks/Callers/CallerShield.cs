using System.Runtime.CompilerServices;
using InferenceShield.Benchmarks.Support;

namespace InferenceShield.Benchmarks.Callers;

/// <summary>A shield that knows all callers, and its inner parts.</summary>
internal sealed class CallerShield : IDisposable
{
    public CallerShield(string[] names, Action<ShieldOptions>? configure = null)
    {
        Shield = BenchmarkShield.Build("probabilities", OutputKind.Probabilities, BenchmarkShield.Widest(), options =>
        {
            options.Callers.Capacity = Math.Max(1000, names.Length * 5 / 4); // all find room
            configure?.Invoke(options);
        });
        Control = ControlOf(Shield);
        Plan = PlanOf(Shield);
        Clock = ClockOf(Shield);
        Keys = Array.ConvertAll(names, Shield.IdentifyCaller);
        Handles = Array.ConvertAll(Keys, key => Shield.GetHandle(key));
        foreach (CallerHandle handle in Handles)
        {
            Control.Decide(Plan, handle, 1, 0, countsRefusal: true);
        }
    }

    public Shield Shield { get; }

    public AdmissionControl Control { get; }

    public ShieldPlan Plan { get; }

    public ShieldClock Clock { get; }

    public CallerKey[] Keys { get; }

    public CallerHandle[] Handles { get; set; }

    /// <summary>Lets a caller begin again with its whole burst.</summary>
    /// <remarks>A single caller in a tight loop asks more than the highest rate that can be configured, a million queries a second.
    /// Once in <see cref="CallerGroups.Calls"/> calls; with more callers there is no need.</remarks>
    public void RestIfAlone()
    {
        if (Keys.Length == 1)
        {
            Volatile.Write(ref Control.Callers[Control.Callers.Find(Keys[0])].Arrival, 0);
        }
    }

    public void RestModel() => Volatile.Write(ref ModelOf(Control)[0].Arrival, 0);

    /// <summary>Fails if something else was measured than should have been.</summary>
    public void CheckAllKnown()
    {
        ShieldStatistics statistics = Shield.GetStatistics();
        if (statistics.Callers != Keys.Length || statistics.TableFull != 0 || statistics.Refused != 0)
        {
            throw new InvalidOperationException($"{statistics.Callers} callers, {statistics.TableFull} without a record, {statistics.Refused} refused.");
        }
    }

    public void Dispose() => Shield.Dispose();

    // Private fields, so that the parts can be timed as the shield has put them together.
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_admission")]
    private static extern ref AdmissionControl ControlOf(Shield shield);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_clock")]
    private static extern ref ShieldClock ClockOf(Shield shield);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_plan")]
    private static extern ref ShieldPlan PlanOf(Shield shield);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_model")]
    private static extern ref CallerRecord[] ModelOf(AdmissionControl control);
}

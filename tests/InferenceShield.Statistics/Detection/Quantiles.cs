using System.Globalization;

namespace InferenceShield.Statistics.Detection;

/// <summary>Quantiles of queries to an alarm, where some callers are never alarmed.</summary>
internal static class Quantiles
{
    /// <summary>The smallest count by which a share of the callers was alarmed; "never" where fewer ever were.</summary>
    public static string Of(IReadOnlyList<int?> alarms, double share)
    {
        int[] sorted = [.. alarms.Where(alarm => alarm is not null).Select(alarm => alarm!.Value).Order()];
        int place = (int)Math.Ceiling(share * alarms.Count) - 1;
        return place < sorted.Length ? sorted[Math.Max(0, place)].ToString(CultureInfo.InvariantCulture) : "never";
    }

    /// <summary>How many of the callers were alarmed, 0 to 1.</summary>
    public static double Share(IReadOnlyList<int?> alarms) => (double)alarms.Count(alarm => alarm is not null) / alarms.Count;
}

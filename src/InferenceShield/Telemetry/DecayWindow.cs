using System.Numerics;
using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <summary>A sliding window by exponential decay: what is <c>age</c> old weighs exp(-age/window).</summary>
/// <remarks>
/// <para>Time counts in units of 1/256 window since the clock's 0. Each event keeps the unit it fell in, however often
/// the count is updated, so errors do not add up: a weight is off by at most a factor exp(1/256), 0.4 %. What is older
/// than <see cref="OldestUnits"/> units (256 windows; weight 1e-111) weighs 0.</para>
/// <para>A decayed count and its time share one word, so that one compare-and-swap updates both. From the top: exponent + 1
/// (6 bits), mantissa, unit. The unit has as many bits as the largest 64-bit clock reading needs, which is 36 for a
/// window of a minute and 20 for one of 30 days: it cannot wrap, and no sweep has to look for stale words. The
/// mantissa has the rest, so whole counts are exact up to 2^23 in a minute (140 000 a second) and 2^39 in 30 days
/// (212 000 a second). Beyond that a count is rounded up or down by chance, in proportion, so that it stays right on
/// average, with a standard error below 0.1 % for a minute or more (0.4 % for a second); plain rounding would lose every
/// single increment from there on.</para>
/// <para>A word of 0 is an empty count; no other word is one, as a count is at least 1 at its own time.</para>
/// </remarks>
internal readonly struct DecayWindow
{
    /// <summary>Units in a window.</summary>
    public const int UnitsPerWindow = 256;

    /// <summary>From this age on, in units, nothing is left.</summary>
    public const int OldestUnits = 256 * UnitsPerWindow;

    private const int ExponentBits = 6;
    private const ulong DoubleOne = 0x3FF0_0000_0000_0000;
    private const ulong Bias = DoubleOne - (1UL << DoubleMantissaBits);
    private const int DoubleMantissaBits = 52;
    private const double MostCount = 1L << 62;

    private static readonly double[] s_units = Powers(1.0 / UnitsPerWindow);
    private static readonly double[] s_windows = Powers(1.0);

    private readonly ulong _reciprocal;
    private readonly int _unitBits;
    private readonly int _droppedBits;

    /// <summary>Prepares a window.</summary>
    /// <param name="length"><see cref="Shortest"/> to <see cref="Longest"/>.</param>
    public DecayWindow(TimeSpan length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, Shortest);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Longest);
        Length = length;
        _reciprocal = ulong.MaxValue / (ulong)(length.Ticks * TimeSpan.NanosecondsPerTick / UnitsPerWindow) + 1;
        _unitBits = BitOperations.Log2((ulong)UnitOf(long.MaxValue)) + 1;
        _droppedBits = DoubleMantissaBits - (64 - ExponentBits - _unitBits);
    }

    public static TimeSpan Shortest => TimeSpan.FromSeconds(1);

    public static TimeSpan Longest => TimeSpan.FromDays(366);

    public TimeSpan Length { get; }

    /// <summary>The unit a time falls in: never decreasing with it. By a reciprocal, so a unit begins early by up to
    /// now / 2^64 of its length (0.5 % after three years), for all threads alike.</summary>
    /// <param name="now">Nanoseconds; below 0 counts as 0.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long UnitOf(long now) => (long)Math.BigMul((ulong)Math.Max(now, 0), _reciprocal, out _);

    /// <summary>What is left of 1 after an age in units: 0 or more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Decay(long age) => age < OldestUnits
        ? s_units[(byte)age] * s_windows[(byte)(age >> 8)]
        : 0;

    /// <summary>The word after an event.</summary>
    /// <param name="word">The word before it.</param>
    /// <param name="unit">When the event was. It may be older than the word, then it is decayed to the word's time: the
    /// order in which threads come does not matter.</param>
    /// <param name="amount">How much it adds: 1 or more.</param>
    /// <param name="chance">Any number that differs from call to call; decides a rounding.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Add(ulong word, long unit, double amount, ulong chance)
    {
        double count = amount;
        if (word != 0)
        {
            long wordUnit = UnitIn(word);
            long age = unit - wordUnit;
            if (age >= 0)
            {
                count += CountIn(word) * Decay(age);
            }
            else
            {
                count = count * Decay(-age) + CountIn(word);
                unit = wordUnit;
            }
        }

        // Adding less than one step of the last bit kept rounds up with the probability of what is cut off, and leaves a
        // count that fits as it is. One multiplication would not do: roundings change the word, and would fall into step
        // with it. The constants are those of Stafford's variant 13 (splitmix64).
        ulong hash = (word + chance) * 0xBF58_476D_1CE4_E5B9;
        hash = (hash ^ (hash >> 32)) * 0x94D0_49BB_1331_11EB;
        ulong dither = hash >> (64 - _droppedBits);
        ulong bits = (BitConverter.DoubleToUInt64Bits(Math.Min(count, MostCount)) - Bias + dither) >> _droppedBits;
        return (bits << _unitBits) | (ulong)unit;
    }

    /// <summary>The count in a word as of a unit; one before the word's own reads as at the word's.</summary>
    public double Read(ulong word, long unit) => word == 0 ? 0 : CountIn(word) * Decay(Math.Max(0, unit - UnitIn(word)));

    private static double[] Powers(double step)
    {
        double[] powers = new double[256];
        for (int i = 0; i < powers.Length; i++)
        {
            powers[i] = Math.Exp(-i * step);
        }

        return powers;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long UnitIn(ulong word) => (long)(word & ((1UL << _unitBits) - 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private double CountIn(ulong word) => BitConverter.UInt64BitsToDouble(((word >> _unitBits) << _droppedBits) + Bias);
}

using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <summary>What is kept of an alarm: enough to say later, in words, why it was raised. 44 bytes; all zero: none.</summary>
internal struct CallerAlarm
{
    public const int MostReasons = 3;

    /// <summary>In how many epochs the threshold was passed; 0: no alarm.</summary>
    public ushort Epochs;

    public byte Statistic;

    public bool IsExtrapolated;

    public bool IsAdvisory;

    /// <summary>Codes of <see cref="VerdictWords"/>, the weightiest first; 0 for none.</summary>
    public ReasonCodes Codes;

    /// <summary>The epoch in which it was raised first, and the latest one in which it was again.</summary>
    public int Epoch;

    public int LatestEpoch;

    public int Queries;

    public float Value;

    public float Threshold;

    public float Promise;

    public ReasonAmounts Amounts;

    [InlineArray(MostReasons)]
    public struct ReasonCodes
    {
        private byte _first;
    }

    [InlineArray(MostReasons)]
    public struct ReasonAmounts
    {
        private float _first;
    }
}

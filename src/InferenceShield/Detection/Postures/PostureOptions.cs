namespace InferenceShield;

/// <summary>What follows from verdicts, odometers and campaigns.</summary>
public sealed class PostureOptions
{
    /// <summary>Harden every row as in every posture and release the one answer, so that the time it takes does not tell the posture.</summary>
    /// <value>The default, <see langword="null"/>: where postures can change by themselves, which takes a calibration. True where operators set
    /// postures by hand and that may not show either. Rows of more than 4,096 numbers are hardened once whatever this says: their time
    /// tells postures apart. The answer cache of a session rests meanwhile: which answers it holds would tell.</value>
    public bool? EqualWork { get; set; }
}

namespace InferenceShield;

/// <summary>One caller that something was noticed about: the evidence, and the posture that follows from it.</summary>
/// <remarks>Not thread-safe. All times are nanoseconds that only grow: see <see cref="PostureEngine"/>. Up at once, after a delay; down by single steps, each
/// after a minimum dwell and after the decay time without evidence that asks for the posture, never below what still stands.</remarks>
internal sealed class PostureCase
{
    /// <summary>Ticks for which what stands is taken to stand after it was last seen: ten scans of all callers, in case some find the caller busy. Not
    /// time, of which a machine that slept makes a leap.</summary>
    public const long StandingTicks = 600;

    /// <summary>Family x level.</summary>
    private const int AlarmKinds = 4;

    private readonly long[] _evidenceAt = new long[(int)Posture.Blocked + 1];
    private readonly int[] _seen = [-1, -1, -1, -1];
    private readonly int[] _forgiven = [-1, -1, -1, -1];
    private bool _isFirst = true;
    private long _dueAt;
    private int _dueQueries;
    private Posture _standing;

    public PostureCase(CallerKey caller, long now, long tick)
    {
        Caller = caller;
        Since = now;
        ReadAt = tick;
        Array.Fill(_evidenceAt, now);
    }

    public CallerKey Caller { get; }

    /// <summary>Empty if unknown.</summary>
    public CallerKey Tenant { get; private set; }

    /// <summary>What the evidence has led to.</summary>
    public Posture Posture { get; private set; }

    /// <summary>What it leads to after the delay; Normal for nothing new.</summary>
    public Posture Pending { get; private set; }

    public Posture Severity => Pending > Posture ? Pending : Posture;

    /// <summary>What the caller's record says: nothing unless the shield acts on this caller.</summary>
    public Posture Applied { get; set; }

    /// <summary>When the posture was reached.</summary>
    public long Since { get; private set; }

    /// <summary>When by the wall clock; null for never.</summary>
    public DateTimeOffset? SinceAt { get; set; }

    /// <summary>Why the posture was reached.</summary>
    public string Reason { get; private set; } = "";

    public string PendingReason { get; private set; } = "";

    public int Epoch { get; private set; }

    /// <summary>Its queries when it was last read; -1 if it never was.</summary>
    public int LatestQueries { get; private set; } = -1;

    /// <summary>Whether it can be forgotten as long as the posture is Normal: no alarm in this epoch, nothing that stands.</summary>
    public bool IsQuiet { get; private set; }

    /// <summary>The tick in which it was last read.</summary>
    public long ReadAt { get; private set; }

    public long EvidenceAt => _evidenceAt[1];

    /// <summary>0 for none.</summary>
    public long Campaign { get; set; }

    /// <summary>The odometer band that was reported last.</summary>
    public double Band { get; set; }

    /// <summary>When a record is tried for again, after there was no room.</summary>
    public long RetryAt { get; set; }

    /// <summary>The kind of an alarm: one number for each that an epoch can raise once.</summary>
    public static int KindOf(DetectionVerdict verdict) => (2 * (int)verdict.Family) + (int)verdict.Level;

    /// <summary>Whether one of its alarms was raised, or again, in an epoch or later. Older ones stay on the record and count no more.</summary>
    public static bool HasAlarm(in CallerReading reading, int epoch) => Array.Exists(reading.Verdicts, verdict => verdict.LatestEpoch >= epoch);

    /// <summary>Begins to take in what was read of the caller.</summary>
    /// <returns>Whether the caller has asked since the last time.</returns>
    public bool Begin(in CallerReading reading, long tick)
    {
        _isFirst = LatestQueries < 0;
        if (reading.Epoch < Epoch || (reading.Epoch == Epoch && reading.Queries < LatestQueries))
        {
            Array.Fill(_seen, -1); // its state went to somebody else, and it got another one
            Array.Fill(_forgiven, -1);
        }

        bool asked = reading.Epoch != Epoch || reading.Queries != LatestQueries;
        Tenant = reading.Tenant;
        Epoch = reading.Epoch;
        LatestQueries = reading.Queries;
        ReadAt = tick;
        IsQuiet = !HasAlarm(in reading, reading.Epoch);
        return asked;
    }

    /// <summary>Takes in an alarm.</summary>
    /// <param name="verdict">The alarm.</param>
    /// <param name="since">The epoch from which on alarms are news.</param>
    /// <returns>Whether it is new: not one of an earlier epoch, of a caller that nothing was remembered of.</returns>
    public bool See(DetectionVerdict verdict, int since)
    {
        ref int seen = ref _seen[KindOf(verdict)];
        bool isNew = seen != verdict.LatestEpoch && !(_isFirst && verdict.LatestEpoch < since);
        seen = verdict.LatestEpoch;
        return isNew;
    }

    /// <summary>Whether an operator has taken the alarm back.</summary>
    public bool IsForgiven(DetectionVerdict verdict) => _forgiven[KindOf(verdict)] == verdict.LatestEpoch;

    /// <summary>Sets what stands, whatever happens: limits that are exceeded now.</summary>
    public void Stand(Posture posture)
    {
        _standing = posture;
        IsQuiet &= posture == Posture.Normal;
    }

    /// <summary>Evidence that asks for a posture.</summary>
    /// <param name="posture">Normal for evidence that asks for nothing.</param>
    /// <param name="reason">What it is.</param>
    /// <param name="now">When.</param>
    /// <param name="queries">The caller's queries then, in its epoch.</param>
    /// <param name="delay">Before it is acted on: queries or nanoseconds.</param>
    public void Demand(Posture posture, string reason, long now, int queries, (int Queries, long Time) delay)
    {
        for (int level = 1; level <= (int)posture; level++)
        {
            _evidenceAt[level] = now;
        }

        if (posture > Severity)
        {
            Pending = posture;
            PendingReason = reason;
            _dueAt = now + delay.Time;
            _dueQueries = queries + delay.Queries;
            DueEpoch = Epoch;
        }
    }

    /// <summary>The epoch that the delay's queries are counted in.</summary>
    public int DueEpoch { get; private set; }

    /// <summary>Goes up, if the delay is over.</summary>
    /// <param name="now">When.</param>
    /// <param name="epoch">The caller's.</param>
    /// <param name="queries">The caller's, in this epoch.</param>
    public bool TryRise(long now, int epoch, int queries)
    {
        if (Pending <= Posture || (now < _dueAt && epoch == DueEpoch && queries < _dueQueries))
        {
            return false;
        }

        Posture = Pending;
        Reason = PendingReason;
        Since = now;
        Drop();
        return true;
    }

    /// <summary>Goes down by one step, if it is time.</summary>
    public bool TryFall(PostureRules rules, long now, long tick)
    {
        Posture standing = tick - ReadAt <= StandingTicks ? _standing : Posture.Normal;
        if (Posture == Posture.Normal || Pending > Posture || Posture <= standing
            || now - Since < rules.Dwell || now - Math.Max(Since, _evidenceAt[(int)Posture]) < rules.Decay)
        {
            return false;
        }

        Posture--;
        Since = now;
        return true;
    }

    /// <summary>Back to Normal at once; the evidence so far counts no more. What an operator forgives is not held against the caller again in this epoch.</summary>
    public void Clear(long now, string reason)
    {
        Reason = reason;
        Array.Copy(_seen, _forgiven, AlarmKinds);
        Campaign = 0;
        Forget(now);
    }

    /// <summary>Back to Normal at once: postures are off.</summary>
    public void Forget(long now)
    {
        Drop();
        if (Posture != Posture.Normal)
        {
            Posture = Posture.Normal;
            Since = now;
        }

        _standing = Posture.Normal;
    }

    private void Drop()
    {
        Pending = Posture.Normal;
        PendingReason = "";
    }
}

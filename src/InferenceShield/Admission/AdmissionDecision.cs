namespace InferenceShield;

/// <summary>What admission control decided.</summary>
/// <remarks>Reason, level, posture and the two flags are one word, which is one store on the hot path.</remarks>
internal readonly record struct AdmissionDecision
{
    private const int LevelShift = 8;
    private const int PostureShift = 16;
    private const uint NoRoom = 1u << 24;
    private const uint Helps = 1u << 25;
    private const uint Unmarked = 1u << 26;

    private readonly uint _what;

    /// <param name="reason">Why.</param>
    /// <param name="level">Whose limit.</param>
    /// <param name="posture">How the caller is being treated.</param>
    /// <param name="wait">Nanoseconds until the same call is within the limits.</param>
    /// <param name="slot">The caller's slot.</param>
    /// <param name="dossier">The number of the caller's dossier; -1 if it has none.</param>
    public AdmissionDecision(AdmissionReason reason, AdmissionLevel level, Posture posture, long wait, int slot, int dossier)
    {
        _what = (uint)reason | ((uint)level << LevelShift) | ((uint)posture << PostureShift)
            | (reason is AdmissionReason.Blocked or AdmissionReason.BatchTooLarge ? 0 : Helps);
        Wait = wait;
        Slot = slot;
        Dossier = dossier;
    }

    public AdmissionReason Reason => (AdmissionReason)(byte)_what;

    public AdmissionLevel Level => (AdmissionLevel)(byte)(_what >> LevelShift);

    public Posture Posture => (Posture)(byte)(_what >> PostureShift);

    public long Wait { get; }

    public int Slot { get; }

    public int Dossier { get; }

    /// <summary>Whether the caller, its tenant or its network had no room for a record of its own.</summary>
    public bool HadNoRoom
    {
        get => (_what & NoRoom) != 0;
        init => _what = value ? _what | NoRoom : _what & ~NoRoom;
    }

    /// <summary>Whether the caller's answers carry no mark.</summary>
    public bool IsUnmarked
    {
        get => (_what & Unmarked) != 0;
        init => _what = value ? _what | Unmarked : _what & ~Unmarked;
    }

    /// <summary>Whether the wait is of any use.</summary>
    public bool WaitingHelps
    {
        get => (_what & Helps) != 0;
        init => _what = value ? _what | Helps : _what & ~Helps;
    }

    public bool IsWithinLimits => Reason == AdmissionReason.WithinLimits;

    /// <summary>A caller without marks may ask.</summary>
    public static AdmissionDecision Admitted(int slot, int dossier, Posture posture) =>
        new(AdmissionReason.WithinLimits, AdmissionLevel.Caller, posture, 0, slot, dossier);
}

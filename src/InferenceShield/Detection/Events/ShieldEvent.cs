namespace InferenceShield;

/// <summary>Something that an operator wants to know. Immutable; names no caller but by pseudonym, and no input.</summary>
public sealed record ShieldEvent
{
    /// <summary>What happened.</summary>
    public required ShieldEventKind Kind { get; init; }

    /// <summary>The shield's model.</summary>
    public required string Model { get; init; }

    /// <summary>When, by the shield's clock.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Whom it is about; empty if nobody in particular.</summary>
    public CallerKey Caller { get; init; }

    /// <summary>The caller's tenant; empty if unknown.</summary>
    public CallerKey Tenant { get; init; }

    /// <summary>The alarm, for events about one.</summary>
    public DetectionVerdict? Verdict { get; init; }

    /// <summary>The campaign, for events about one.</summary>
    public CampaignReport? Campaign { get; init; }

    /// <summary>The posture before, for changes of posture.</summary>
    public Posture? From { get; init; }

    /// <summary>The posture after, for changes of posture.</summary>
    public Posture? To { get; init; }

    /// <summary>Whether the shield acted, or only says what it would have done.</summary>
    public bool Acted { get; init; }

    /// <summary>Why, in words.</summary>
    public required string Reason { get; init; }

    /// <summary>Equal events that were left out since the last one, within the cool-down.</summary>
    public long Suppressed { get; init; }
}

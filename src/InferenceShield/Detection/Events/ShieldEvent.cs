using System.Text.Json;
using System.Text.Json.Serialization;

namespace InferenceShield;

/// <summary>Something that an operator wants to know. Immutable; names no caller but by pseudonym, and no input.</summary>
/// <remarks>
/// <para>As JSON (<see cref="ToJson"/>) one object on one line, for a SIEM. Always there: <c>kind</c> (the name of a
/// <see cref="ShieldEventKind"/>), <c>model</c>, <c>at</c> (ISO 8601 with offset), <c>acted</c>, <c>reason</c>, <c>suppressed</c>. Where they
/// apply: <c>caller</c> and <c>tenant</c> ("caller:" and 32 hexadecimal digits; logs show the first eight), <c>from</c> and <c>to</c> (names of
/// postures), <c>odometer</c> (0 to 1), <c>verdict</c> (<c>family</c>, <c>level</c>, <c>statistic</c>, <c>queries</c>, <c>value</c>,
/// <c>threshold</c>, <c>promise</c>, <c>isExtrapolated</c>, <c>isAdvisory</c>, <c>epoch</c>, <c>reasons</c>), <c>campaign</c> (<c>id</c>,
/// <c>callers</c>, <c>size</c>, <c>threshold</c>, <c>queries</c>, <c>odometer</c>, <c>totalQueries</c>, <c>reason</c>). Numbers that are none
/// are "NaN", "Infinity" or "-Infinity".</para>
/// <para>Not for callers: whoever sees events sees what gave him away.</para>
/// </remarks>
public sealed record ShieldEvent
{
    /// <summary>What happened.</summary>
    public required ShieldEventKind Kind { get; init; }

    /// <summary>The shield's model.</summary>
    public required string Model { get; init; }

    /// <summary>When, by the shield's clock.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Whom it is about; empty if nobody in particular.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    [JsonConverter(typeof(CallerKeyJsonConverter))]
    public CallerKey Caller { get; init; }

    /// <summary>The caller's tenant; empty if unknown.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    [JsonConverter(typeof(CallerKeyJsonConverter))]
    public CallerKey Tenant { get; init; }

    /// <summary>The alarm, for events about one.</summary>
    public DetectionVerdict? Verdict { get; init; }

    /// <summary>The campaign, for events about one.</summary>
    public CampaignReport? Campaign { get; init; }

    /// <summary>The posture before, for changes of posture.</summary>
    public Posture? From { get; init; }

    /// <summary>The posture after, for changes of posture.</summary>
    public Posture? To { get; init; }

    /// <summary>Benign mass of the cells visited, 0 to 1, for events about a leak odometer.</summary>
    public double? Odometer { get; init; }

    /// <summary>Whether the shield acted, or only says what it would have done.</summary>
    public bool Acted { get; init; }

    /// <summary>Why, in words.</summary>
    public required string Reason { get; init; }

    /// <summary>Equal events that were left out since the last one, within the cool-down.</summary>
    public long Suppressed { get; init; }

    /// <summary>An event from what <see cref="ToJson"/> gave.</summary>
    /// <exception cref="JsonException">It is no event.</exception>
    public static ShieldEvent FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return JsonSerializer.Deserialize(json, ShieldEventJsonContext.Default.ShieldEvent) ?? throw new JsonException("The text is null, not an event.");
    }

    /// <summary>The event as one line of JSON: see the remarks.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ShieldEventJsonContext.Default.ShieldEvent);
}

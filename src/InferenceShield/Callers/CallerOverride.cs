namespace InferenceShield;

/// <summary>What an operator has decided about one caller, instead of what the options say.</summary>
public sealed class CallerOverride
{
    /// <summary>No limit of the caller's own, its tenant's or its network's applies; the model's still does.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool Unlimited { get; set; }

    /// <summary>The caller's own limit.</summary>
    /// <value>The default, <see langword="null"/>, leaves that of the options in force. Ignored for an unlimited caller.</value>
    public LimitOptions? Limit { get; set; }

    /// <summary>The caller's posture. <see cref="InferenceShield.Posture.Blocked"/> refuses it, unless
    /// <see cref="AdmissionOptions.Blocked"/> says that blocked callers are answered; <see cref="CallerOverrides.Revoke"/> always does.</summary>
    /// <value>The default, <see langword="null"/>, leaves it to the shield: to the rules of <see cref="PostureOptions"/>.</value>
    public Posture? Posture { get; set; }

    /// <summary>Gives the caller no automatic posture, whatever is noticed about it. What would have been done is reported all the same.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool Exempt { get; set; }

    /// <summary>Keeps a dossier of the caller, however little it asks.</summary>
    /// <value>The default is <see langword="false"/>: callers get a dossier by how much they ask, or by a posture other than Normal.</value>
    public bool Watched { get; set; }

    /// <summary>Gives the caller answers without marks: of the operator's own tests, say, or of a use where labels must not be moved.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool Unmarked { get; set; }

    /// <summary>Refuses a blocked caller whatever the options say. Set by <see cref="CallerOverrides.Revoke"/>; a copy keeps it.</summary>
    internal bool Revoked { get; init; }
}

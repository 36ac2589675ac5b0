namespace InferenceShield;

/// <summary>A caller looked up once, with the tenant it belongs to and the network it comes from, for many calls.</summary>
/// <remarks>Made by <see cref="Shield.GetHandle"/>, for that shield; keep it with the connection or principal, or make one for each
/// request where nothing keeps it: it takes no record until it asks. Thread-safe. Should the
/// caller's record have been given to somebody else meanwhile, the next call finds or makes another one.</remarks>
public sealed class CallerHandle
{
    private readonly Groups? _groups; // apart, as few have any: a handle is then one cache line
    private CallerSlots _slots = new();

    internal CallerHandle(Shield owner, CallerKey caller, CallerKey tenant, CallerKey network)
    {
        Owner = owner;
        Caller = caller;
        _groups = tenant.IsEmpty && network.IsEmpty ? null : new Groups(tenant, network);
    }

    /// <summary>Who asks.</summary>
    public CallerKey Caller { get; }

    /// <summary>The tenant the caller belongs to; empty if none.</summary>
    public CallerKey Tenant => _groups?.Tenant ?? default;

    /// <summary>The network the caller comes from; empty if none.</summary>
    public CallerKey Network => _groups?.Network ?? default;

    internal Shield Owner { get; }

    internal bool HasGroups => _groups is not null;

    internal ref CallerSlots Slots => ref _slots;

    /// <summary>The caller's pseudonym.</summary>
    public override string ToString() => Caller.ToString();

    private sealed record Groups(CallerKey Tenant, CallerKey Network);
}

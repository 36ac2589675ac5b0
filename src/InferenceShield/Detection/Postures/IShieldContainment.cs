namespace InferenceShield;

/// <summary>What the host can do about a caller besides what the shield does. Never called unless <see cref="PostureOptions.RevokeFrom"/> or
/// <see cref="PostureOptions.RotateFrom"/> says so.</summary>
/// <remarks>Called one after the other by one background task, never by a query. What throws or takes longer than 10 seconds is tried once more, and counted.
/// An honest caller can be hit at the promised rate of false alarms: what is done here should be possible to undo.</remarks>
public interface IShieldContainment
{
    /// <summary>Takes the caller's credential away.</summary>
    /// <param name="transition">Whose, and why.</param>
    /// <param name="cancellationToken">Cancelled when it has taken too long, or the shield is disposed.</param>
    ValueTask RevokeAsync(ShieldEvent transition, CancellationToken cancellationToken);

    /// <summary>Gives the caller another credential in place of one that may be in wrong hands.</summary>
    /// <param name="transition">Whose, and why.</param>
    /// <param name="cancellationToken">Cancelled when it has taken too long, or the shield is disposed.</param>
    ValueTask RotateAsync(ShieldEvent transition, CancellationToken cancellationToken);
}

namespace InferenceShield;

/// <summary>Where a shield's secret comes from: a file, the environment, a key vault of the host's.</summary>
/// <remarks>See <see cref="ShieldSecrets"/> for those that exist. Asked once, when a shield is built; all replicas that
/// should give the same answers need the same secret.</remarks>
public interface IShieldSecretProvider
{
    /// <summary>The secret in force. The shield derives its keys from it and disposes it.</summary>
    /// <exception cref="ShieldSecretException">There is none, or it is not usable; the message says what to do and holds no part of it.</exception>
    ShieldSecret GetSecret();
}

namespace InferenceShield;

/// <summary>Something that knows why a shield is not at its best. All registered ones feed the health check.</summary>
/// <remarks>Thread-safe, quick, no input or output.</remarks>
public interface IShieldHealthContributor
{
    /// <summary>One sentence for each thing that is wrong; empty when all is well.</summary>
    IEnumerable<string> GetWarnings();
}

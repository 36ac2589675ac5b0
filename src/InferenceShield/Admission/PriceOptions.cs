namespace InferenceShield;

/// <summary>What a call costs, in units of the operator's choice. A call costs PerCall + rows x (PerQuery + outputs x PerOutput).</summary>
public sealed class PriceOptions
{
    /// <summary>For the call itself.</summary>
    /// <value>0 to 1,000,000; the default is 0.</value>
    public int PerCall { get; set; }

    /// <summary>For each query (row).</summary>
    /// <value>0 to 1,000,000; the default is 1.</value>
    public int PerQuery { get; set; } = 1;

    /// <summary>For each released output of each query.</summary>
    /// <value>0 to 1,000,000; the default is 0.</value>
    public int PerOutput { get; set; }
}

namespace InferenceShield;

/// <summary>How many callers, tenants and networks a shield remembers one by one. All memory is taken at start.</summary>
/// <remarks>A table that is full gives records that are as good as fresh to newcomers: of the 128 in which a newcomer may lie, the one that has been
/// so for longest. Where there is
/// none, newcomers share one record: callers with the rate of <see cref="AdmissionOptions.Overflow"/>, tenants and networks with
/// the limit of one. Those already known keep their own. Callers with a charge that is not worn off, an override, a dossier or a posture
/// are never given up, whatever names arrive.</remarks>
public sealed class CallerOptions
{
    /// <summary>Callers with a record of their own. Fixed while the shield lives.</summary>
    /// <value>1 to 20,000,000; the default is 100,000. Each takes 204 bytes.</value>
    public int Capacity { get; set; } = 100_000;

    /// <summary>Callers with a dossier besides: those that were answered most, and those an operator watches. Fixed while the shield lives.</summary>
    /// <value>0 to 100,000; the default is 1,000. Each takes about 5,000 bytes.</value>
    public int Dossiers { get; set; } = 1_000;

    /// <summary>Tenants with a record of their own. Fixed while the shield lives.</summary>
    /// <value>1 to 20,000,000; the default is 1,000. Each takes 204 bytes.</value>
    public int TenantCapacity { get; set; } = 1_000;

    /// <summary>Networks with a record of their own. Fixed while the shield lives.</summary>
    /// <value>1 to 20,000,000; the default is 10,000. Each takes 204 bytes.</value>
    public int NetworkCapacity { get; set; } = 10_000;
}

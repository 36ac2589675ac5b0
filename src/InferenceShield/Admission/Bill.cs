namespace InferenceShield;

/// <summary>The limits that one call has to keep, each with the record its state is in: charged all together or not at all.</summary>
internal ref struct Bill
{
    public Limit? Caller;
    public Limit? Tenant;
    public Limit? Network;
    public Limit? Model;
    public Limit? Global;
    public ref CallerRecord CallerRecord;
    public ref CallerRecord TenantRecord;
    public ref CallerRecord NetworkRecord;
    public ref CallerRecord ModelRecord;
    public ref CallerRecord GlobalRecord;

    /// <summary>The most queries that all limits could ever admit at once.</summary>
    public readonly int Burst =>
        Math.Min(Math.Min(Math.Min(BurstOf(Caller), BurstOf(Tenant)), Math.Min(BurstOf(Network), BurstOf(Model))), BurstOf(Global));

    /// <summary>Nanoseconds until all limits admit the charge; 0 if they do now.</summary>
    /// <param name="charge">How much.</param>
    /// <param name="reason">Which limit has to be waited for longest.</param>
    /// <param name="level">Whose it is.</param>
    public readonly long WaitFor(in Charge charge, out AdmissionReason reason, out AdmissionLevel level)
    {
        long wait = 0;
        reason = AdmissionReason.WithinLimits;
        level = AdmissionLevel.Caller;
        Longest(Caller, ref CallerRecord, in charge, AdmissionLevel.Caller, ref wait, ref reason, ref level);
        Longest(Tenant, ref TenantRecord, in charge, AdmissionLevel.Tenant, ref wait, ref reason, ref level);
        Longest(Network, ref NetworkRecord, in charge, AdmissionLevel.Network, ref wait, ref reason, ref level);
        Longest(Model, ref ModelRecord, in charge, AdmissionLevel.Model, ref wait, ref reason, ref level);
        Longest(Global, ref GlobalRecord, in charge, AdmissionLevel.Global, ref wait, ref reason, ref level);
        return wait;
    }

    /// <summary>Charges all limits, or none.</summary>
    public readonly bool TryCharge(in Charge charge)
    {
        if (Caller is not null && !Caller.TryCharge(ref CallerRecord, in charge))
        {
            return false;
        }

        if (Tenant is not null && !Tenant.TryCharge(ref TenantRecord, in charge))
        {
            Caller?.Refund(ref CallerRecord, in charge);
            return false;
        }

        if (Network is not null && !Network.TryCharge(ref NetworkRecord, in charge))
        {
            Caller?.Refund(ref CallerRecord, in charge);
            Tenant?.Refund(ref TenantRecord, in charge);
            return false;
        }

        if (Model is not null && !Model.TryCharge(ref ModelRecord, in charge))
        {
            Caller?.Refund(ref CallerRecord, in charge);
            Tenant?.Refund(ref TenantRecord, in charge);
            Network?.Refund(ref NetworkRecord, in charge);
            return false;
        }

        if (Global is not null && !Global.TryCharge(ref GlobalRecord, in charge))
        {
            Caller?.Refund(ref CallerRecord, in charge);
            Tenant?.Refund(ref TenantRecord, in charge);
            Network?.Refund(ref NetworkRecord, in charge);
            Model?.Refund(ref ModelRecord, in charge);
            return false;
        }

        return true;
    }

    /// <summary>Takes back what <see cref="TryCharge"/> charged.</summary>
    public readonly void Refund(in Charge charge)
    {
        Caller?.Refund(ref CallerRecord, in charge);
        Tenant?.Refund(ref TenantRecord, in charge);
        Network?.Refund(ref NetworkRecord, in charge);
        Model?.Refund(ref ModelRecord, in charge);
        Global?.Refund(ref GlobalRecord, in charge);
    }

    private static int BurstOf(Limit? limit) => limit?.Rate.Burst ?? RateOptions.MostBurst;

    private static void Longest(
        Limit? limit, ref CallerRecord record, in Charge charge, AdmissionLevel at, ref long wait, ref AdmissionReason reason, ref AdmissionLevel level)
    {
        if (limit is null)
        {
            return;
        }

        long own = limit.WaitFor(ref record, in charge, out AdmissionReason why);
        if (own > wait)
        {
            (wait, reason, level) = (own, why, at);
        }
    }
}

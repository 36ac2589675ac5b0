namespace InferenceShield;

/// <summary>A compiled <see cref="LimitOptions"/>: a rate and up to four quotas on one record.</summary>
internal sealed record Limit
{
    public Limit(LimitOptions options)
        : this((RateOptions)options)
    {
        DailyQueries = new Quota(options.DailyQueries ?? 0);
        MonthlyQueries = new Quota(options.MonthlyQueries ?? 0);
        DailyCost = new Quota(options.DailyCost ?? 0);
        MonthlyCost = new Quota(options.MonthlyCost ?? 0);
        HasQuotas = DailyQueries.IsSet || MonthlyQueries.IsSet || DailyCost.IsSet || MonthlyCost.IsSet;
    }

    public Limit(RateOptions options)
    {
        Rate = new Gcra(options);
        Period = options.Period;
    }

    /// <summary>The same burst and quotas at a share of the rate.</summary>
    public static Limit Throttled(LimitOptions options, double share) => new(new LimitOptions
    {
        Queries = options.Queries,
        Period = options.Period / share,
        Burst = options.Burst,
        DailyQueries = options.DailyQueries,
        MonthlyQueries = options.MonthlyQueries,
        DailyCost = options.DailyCost,
        MonthlyCost = options.MonthlyCost,
    });

    public Gcra Rate { get; }

    public TimeSpan Period { get; }

    public Quota DailyQueries { get; }

    public Quota MonthlyQueries { get; }

    public Quota DailyCost { get; }

    public Quota MonthlyCost { get; }

    public bool HasQuotas { get; }

    /// <summary>Whether any wait would be enough for so much at once.</summary>
    public bool CanEverAdmit(in Charge charge) =>
        charge.Rows <= Rate.Burst
        && DailyQueries.CanHold(charge.Rows) && MonthlyQueries.CanHold(charge.Rows)
        && DailyCost.CanHold(charge.Cost) && MonthlyCost.CanHold(charge.Cost);

    /// <summary>Whether this much could be admitted now, without charging it.</summary>
    /// <param name="record">Whose state.</param>
    /// <param name="charge">How much.</param>
    /// <param name="reason">The limit that has to be waited for longest.</param>
    /// <returns>Nanoseconds to wait for all limits; 0 if none.</returns>
    public long WaitFor(ref CallerRecord record, in Charge charge, out AdmissionReason reason)
    {
        long wait = Rate.WaitFor(Volatile.Read(ref record.Arrival), charge.Now, charge.Rows);
        reason = wait > 0 ? AdmissionReason.Rate : AdmissionReason.WithinLimits;
        if (HasQuotas)
        {
            Check(DailyQueries, ref record.DailyQueries, charge.DayEnd, charge.Rows, AdmissionReason.DailyQueries, charge.Now, ref wait, ref reason);
            Check(DailyCost, ref record.DailyCost, charge.DayEnd, charge.Cost, AdmissionReason.DailyCost, charge.Now, ref wait, ref reason);
            Check(MonthlyQueries, ref record.MonthlyQueries, charge.MonthEnd, charge.Rows, AdmissionReason.MonthlyQueries, charge.Now, ref wait, ref reason);
            Check(MonthlyCost, ref record.MonthlyCost, charge.MonthEnd, charge.Cost, AdmissionReason.MonthlyCost, charge.Now, ref wait, ref reason);
        }

        return wait;
    }

    /// <summary>Charges every limit of the record, or none.</summary>
    public bool TryCharge(ref CallerRecord record, in Charge charge)
    {
        if (!Rate.TryCharge(ref record.Arrival, charge.Now, charge.Rows, out _))
        {
            return false;
        }

        if (!HasQuotas)
        {
            return true;
        }

        if (DailyQueries.TryCharge(ref record.DailyQueries, charge.DayEnd, charge.Rows))
        {
            if (DailyCost.TryCharge(ref record.DailyCost, charge.DayEnd, charge.Cost))
            {
                if (MonthlyQueries.TryCharge(ref record.MonthlyQueries, charge.MonthEnd, charge.Rows))
                {
                    if (MonthlyCost.TryCharge(ref record.MonthlyCost, charge.MonthEnd, charge.Cost))
                    {
                        return true;
                    }

                    MonthlyQueries.Refund(ref record.MonthlyQueries, charge.MonthEnd, charge.Rows);
                }

                DailyCost.Refund(ref record.DailyCost, charge.DayEnd, charge.Cost);
            }

            DailyQueries.Refund(ref record.DailyQueries, charge.DayEnd, charge.Rows);
        }

        Rate.Refund(ref record.Arrival, charge.Rows, charge.Now, charge.Clock);
        return false;
    }

    /// <summary>Takes back what <see cref="TryCharge"/> charged.</summary>
    public void Refund(ref CallerRecord record, in Charge charge)
    {
        Rate.Refund(ref record.Arrival, charge.Rows, charge.Now, charge.Clock);
        DailyQueries.Refund(ref record.DailyQueries, charge.DayEnd, charge.Rows);
        DailyCost.Refund(ref record.DailyCost, charge.DayEnd, charge.Cost);
        MonthlyQueries.Refund(ref record.MonthlyQueries, charge.MonthEnd, charge.Rows);
        MonthlyCost.Refund(ref record.MonthlyCost, charge.MonthEnd, charge.Cost);
    }

    private static void Check(
        Quota quota, ref ulong word, long windowEnd, long amount, AdmissionReason exceeded, long now, ref long wait, ref AdmissionReason reason)
    {
        if (!quota.Allows(Volatile.Read(ref word), windowEnd, amount) && windowEnd - now > wait)
        {
            wait = windowEnd - now;
            reason = exceeded;
        }
    }
}

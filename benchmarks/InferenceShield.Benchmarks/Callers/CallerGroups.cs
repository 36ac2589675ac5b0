using InferenceShield.Benchmarks.Ratios;

namespace InferenceShield.Benchmarks.Callers;

/// <summary>Limits and lookups by caller, against what .NET has.</summary>
internal static class CallerGroups
{
    /// <summary>Calls in one operation: most take a few nanoseconds.</summary>
    public const int Calls = 256;

    private const string LimitNotes =
        """
        All: keys of 36 characters in the same random order, limits too wide to refuse, leases disposed, every key asked before.
        GetTokenBucketLimiter gives AutoReplenishment = true to the partitioned limiter's own timer, so the two first rows do the same;
        it makes a closure at every call, the third row does not. The shield's rows count calls and queries by caller besides; those
        marked public check their arguments, read the coarse clock, count for the shield and make an Admission. Admit also looks for
        repeats, and notes the digest in the dossier of a caller that has one: with 1 and 1,000 keys all have, with 100,000 few.
        """;

    private const string LookupNotes =
        """
        All read one word of what they find. A handle holds the slot where the caller was last seen, and the table checks that it is
        still the caller's; a key is a keyed hash made before; a name is hashed (SipHash-1-3) first.
        """;

    private const string GroupNotes =
        """
        1,000 callers of 50 tenants in 200 networks, one model. The chained limiters have a rate each and no quotas, and do not take
        back what the first ones charged before a later one refused. The shield's quotas: queries and cost, by day and month, at all
        four levels; it charges all or nothing.
        """;

    /// <summary>Makes the groups one after another, so that only one is in memory.</summary>
    public static IEnumerable<RatioGroup> MakeAll()
    {
        foreach (int keys in (int[])[1, 1000, 100_000])
        {
            yield return MakeLimits(keys);
        }

        yield return MakeSingle();
        foreach (int keys in (int[])[1000, 100_000])
        {
            yield return MakeLookup(keys);
        }

        yield return MakeGroups();
    }

    private static RatioGroup MakeLimits(int keys)
    {
        CallerLimits suite = new(keys);
        return new RatioGroup($"A limit by caller, {keys:N0} {(keys == 1 ? "key" : "keys")}", suite,
        [
            Make("PartitionedRateLimiter, GetTokenBucketLimiter, AutoReplenishment = false", suite.TokenBucketByHand),
            Make("the same, AutoReplenishment = true", suite.TokenBucketByTimer),
            Make("PartitionedRateLimiter, RateLimitPartition.Get: no closure", suite.TokenBucketLean),
            Make("by handle: AdmissionControl.Decide, clock passed", suite.DecideByHandle, 7, 10),
            Make("by key made before: the same", suite.DecideByKey),
            Make("by name: IdentifyCaller, coarse clock, Decide", suite.DecideByName, 1.8, 2.5),
            Make("public, by handle: ShieldRateLimiter.AttemptAcquire", suite.AttemptAcquire),
            Make("public, by handle: ShieldPartitionedRateLimiter.AttemptAcquire", suite.AttemptAcquirePartitioned),
            Make("public, by handle: Shield.Admit, one digest", suite.AdmitByHandle),
            Make("public, by handle: the same, no dossiers kept", suite.AdmitByHandleWithoutDossiers),
        ], LimitNotes);
    }

    private static RatioGroup MakeSingle()
    {
        SingleLimit suite = new();
        return new RatioGroup("One limit, without a table", suite,
        [
            Make("TokenBucketRateLimiter.AttemptAcquire, AutoReplenishment = false (reads no clock)", suite.TokenBucket),
            Make("Gcra.TryCharge, clock passed", suite.CellRate, 2.5, 3.3),
            Make("Gcra.TryCharge, coarse clock read", suite.CellRateCoarse, 1.1, 1.3),
        ]);
    }

    private static RatioGroup MakeLookup(int keys)
    {
        CallerLookup suite = new(keys);
        return new RatioGroup($"Lookup, {keys:N0} keys", suite,
        [
            Make("ConcurrentDictionary<string, T>.TryGetValue", suite.DictionaryByName),
            Make("ConcurrentDictionary<CallerKey, T>.TryGetValue, key made before", suite.DictionaryByKey),
            Make("by handle: CallerTable.IsOwner", suite.TableByHandle, 2.2, 2.8),
            Make("by key made before: CallerTable.Find", suite.TableByKey, 2.2, 2.8),
            Make("by name: IdentifyCaller, CallerTable.Find", suite.TableByName),
        ], LookupNotes);
    }

    private static RatioGroup MakeGroups()
    {
        GroupLimits suite = new();
        return new RatioGroup("Caller, tenant, network and model at once", suite,
        [
            Make("four PartitionedRateLimiters, CreateChained", suite.Chained),
            Make("by handle: Decide, four rates, clock passed", suite.Decide),
            Make("by handle: Decide, four rates, 16 quotas, clock passed", suite.DecideWithQuotas),
            Make("public, by handle: Shield.Admit, four rates, 16 quotas, one digest", suite.AdmitWithQuotas),
        ], GroupNotes);
    }

    /// <param name="name">Its row.</param>
    /// <param name="operation">Asks <see cref="Calls"/> times.</param>
    /// <param name="faster">How many times faster than the baseline it should be.</param>
    /// <param name="stretch">How many times faster would be good.</param>
    private static Candidate Make(string name, Action operation, double? faster = null, double? stretch = null) =>
        new(name, operation, 1 / faster, 1 / stretch, Calls);
}

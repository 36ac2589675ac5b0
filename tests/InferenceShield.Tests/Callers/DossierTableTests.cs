namespace InferenceShield.Tests;

public sealed class DossierTableTests
{
    private const long Second = 1_000_000_000;
    private const long Week = 7 * 24 * 3600 * Second;

    private readonly CallerTable _callers = new(1_000);

    [Fact]
    public void The_floor_is_least_asked_while_there_is_room_and_a_quarter_more_than_the_weakest_when_full()
    {
        DossierTable dossiers = DossierStress.MakeDossiers(3);
        Assert.Equal(DossierTable.LeastAsked, dossiers.Floor);
        foreach (int i in new[] { 1, 2, 3 })
        {
            Assert.True(Open(dossiers, i, asked: 1_000 * i) >= 0);
        }

        Assert.Equal(3, dossiers.Count);
        Assert.Equal(DossierTable.LeastAsked, dossiers.Floor);
        Assert.Equal(-1, Open(dossiers, 4, asked: 1_250));
        Assert.Equal(1_251, dossiers.Floor);
    }

    [Fact]
    public void The_weakest_goes_for_one_that_asked_a_quarter_more_and_for_none_that_asked_less()
    {
        DossierTable dossiers = DossierStress.MakeDossiers(3);
        int[] numbers = [.. new[] { 1, 2, 3 }.Select(i => Open(dossiers, i, asked: 1_000 * i))];
        Assert.Equal(-1, Open(dossiers, 4, asked: 1_250));
        Assert.Equal(numbers[0], Open(dossiers, 5, asked: 1_251));
        Assert.Equal([2, 3, 5], Owners(dossiers));
        Assert.Equal(-1, _callers[SlotOf(1)].Dossier);
        Assert.Null(dossiers.Find(numbers[0], Key(1)));
        Assert.Equal(0UL, _callers[SlotOf(1)].Standing);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Watched_and_suspected_callers_are_never_displaced_and_get_one_however_little_they_ask(bool watched)
    {
        DossierTable dossiers = DossierStress.MakeDossiers(2);
        Open(dossiers, 1, asked: 100);
        Open(dossiers, 2, asked: 100_000);
        Pin(3, watched);
        Assert.Equal(0, Open(dossiers, 3, asked: 1));
        Assert.Equal([2, 3], Owners(dossiers));
        Assert.Equal(1, Open(dossiers, 4, asked: 1_000_000));
        Assert.Equal([3, 4], Owners(dossiers));
        Pin(5, watched);
        Open(dossiers, 5, asked: 1);
        Assert.Equal([3, 5], Owners(dossiers));

        // All pinned: there is none for anybody, until one is let go.
        Pin(6, watched);
        Assert.Equal(-1, Open(dossiers, 6, asked: 1));
        Assert.Equal(-1, Open(dossiers, 7, asked: 1L << 40));
        _callers[SlotOf(3)].SetStanding(0, 0xffff);
        Assert.Equal(-1, Open(dossiers, 8, asked: 0));
        Assert.Equal(0, Open(dossiers, 7, asked: 1));
        Assert.Equal([5, 7], Owners(dossiers));
    }

    [Fact]
    public void What_a_silent_holder_asked_counts_half_after_a_week_and_a_note_makes_it_count_again()
    {
        DossierTable dossiers = DossierStress.MakeDossiers(1);
        int number = Open(dossiers, 1, asked: 8_000);
        dossiers.Find(number, Key(1))!.Note(new InputDigest(1, 1), Week);
        dossiers.Refresh(_callers, Week);
        Assert.Equal(10_001, dossiers.Floor);
        dossiers.Refresh(_callers, 2 * Week);
        Assert.Equal(5_001, dossiers.Floor);
        dossiers.Refresh(_callers, 4 * Week);
        Assert.Equal(1_251, dossiers.Floor);
        Assert.Equal(-1, Open(dossiers, 2, asked: 1_250, now: 4 * Week));
        Assert.Equal(0, Open(dossiers, 3, asked: 1_251, now: 4 * Week));
        Assert.Equal([3], Owners(dossiers));
    }

    [Fact]
    public void The_floor_falls_by_a_refresh_but_not_below_the_least()
    {
        DossierTable dossiers = DossierStress.MakeDossiers(1);
        Open(dossiers, 1, asked: 1_000_000);
        Open(dossiers, 2, asked: 100);
        Assert.Equal(1_250_001, dossiers.Floor);
        dossiers.Refresh(_callers, 1_000 * Week);
        Assert.Equal(DossierTable.LeastAsked, dossiers.Floor);
    }

    [Fact]
    public void A_table_for_nobody_has_no_dossiers_and_no_floor_that_can_be_reached()
    {
        DossierTable dossiers = DossierStress.MakeDossiers(0);
        Assert.Equal(long.MaxValue, dossiers.Floor);
        Pin(1, watched: true);
        Assert.Equal(-1, Open(dossiers, 1, asked: 1L << 40));
        dossiers.Refresh(_callers, Week);
        Assert.Equal(long.MaxValue, dossiers.Floor);
        Assert.Empty(dossiers.Enumerate());
    }

    [Fact]
    public void A_displaced_callers_later_notes_reach_nobody_and_its_dossier_begins_empty_for_the_next()
    {
        DossierTable dossiers = DossierStress.MakeDossiers(1);
        int number = Open(dossiers, 1, asked: 100);
        for (ulong query = 0; query < 500; query++)
        {
            Digest(dossiers, number, caller: 1, query);
        }

        Assert.InRange(dossiers.Find(number, Key(1))!.DistinctQueries.Estimate(), 400, 600);
        Assert.Equal(number, Open(dossiers, 2, asked: 1_000, now: Second));
        Assert.Equal(0, dossiers.Find(number, Key(2))!.DistinctQueries.Estimate());
        Assert.Equal(Second, dossiers.Find(number, Key(2))!.Since);
        Digest(dossiers, number, caller: 1, query: 1_000);
        Assert.Equal(0, dossiers.Find(number, Key(2))!.DistinctQueries.Estimate());
    }

    [Fact]
    public void A_caller_that_lost_its_record_opens_no_dossier_in_its_old_one()
    {
        DossierTable dossiers = DossierStress.MakeDossiers(1);
        CallerTable callers = new(1);
        int slot = callers.FindOrAdd(Key(1), now: 1);
        callers[slot].Counters.CountAdmitted(1_000, 1_000);
        Assert.Equal(slot, callers.FindOrAdd(Key(2), now: 2));
        Assert.Equal(-1, dossiers.TryOpen(callers, slot, Key(1), now: 2));
        Assert.Equal(0UL, callers[slot].Standing);
        Assert.Empty(dossiers.Enumerate());
        callers[slot].Counters.CountAdmitted(100, 100);
        Assert.Equal(0, dossiers.TryOpen(callers, slot, Key(2), now: 2));
    }

    [Fact]
    public void A_record_with_a_dossier_stays_its_callers()
    {
        DossierTable dossiers = DossierStress.MakeDossiers(1);
        CallerTable callers = new(1);
        int slot = callers.FindOrAdd(Key(1), now: 1);
        Assert.Equal(0, dossiers.TryOpen(callers, slot, Key(1), now: 1));
        Assert.Equal(callers.OverflowSlot, callers.FindOrAdd(Key(2), 1_000 * Week));
        Assert.True(callers.IsOwner(slot, Key(1)));
    }

    [Fact]
    public void What_a_returning_caller_asked_before_is_a_lower_bound_that_no_flood_of_other_names_can_raise()
    {
        ManualTimeProvider clock = new();
        using Shield shield = TestShield.Build(
            configure: options =>
            {
                TestShield.SetLimits(options, queries: 1_000_000, TimeSpan.FromSeconds(1), burst: 1_000);
                options.Callers.Capacity = 256;
                options.Callers.Dossiers = 2;
            },
            clock: clock);

        // Two that hold the dossiers, so that the others' records can be given away.
        foreach (string holder in new[] { "holder 1", "holder 2" })
        {
            shield.AdmitRows(1_000, holder);
            clock.Advance(TimeSpan.FromSeconds(1));
            shield.AdmitRows(1_000, holder);
        }

        CallerKey large = shield.IdentifyCaller("large");
        CallerKey small = shield.IdentifyCaller("small");
        shield.AdmitRows(900, "large");
        shield.AdmitRows(2, "small");
        clock.Advance(TimeSpan.FromSeconds(1));
        for (int i = 0; i < 20_000; i++)
        {
            shield.AdmitRows(1, $"flood {i}");
            clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.False(shield.TryGetCaller(large, out _));
        Assert.False(shield.TryGetCaller(small, out _));
        shield.Overrides.Set(large, new CallerOverride { Watched = true });
        shield.Overrides.Set(small, new CallerOverride { Watched = true });
        long largeBefore = shield.TryGetDossier(large)!.AskedBefore;
        long smallBefore = shield.TryGetDossier(small)!.AskedBefore;
        Assert.InRange(largeBefore, 1, 900);
        Assert.InRange(smallBefore, 0, 2);
        Assert.All(Enumerable.Range(30_000, 50), i =>
        {
            CallerKey stranger = shield.IdentifyCaller($"flood {i}");
            shield.Overrides.Set(stranger, new CallerOverride { Watched = true });
            Assert.Equal(0, shield.TryGetDossier(stranger)?.AskedBefore ?? 0);
        });
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 4)]
    public void Threads_that_fight_for_dossiers_leave_each_with_its_owner(int seed, int threads) =>
        Assert.True(DossierStress.Run(seed, threads, rounds: 1_000) > 50);

    private static CallerKey Key(int caller) => new((ulong)caller + 100, (ulong)caller * 0x9E37_79B9_7F4A_7C15);

    private static void Digest(DossierTable dossiers, int number, int caller, ulong query) =>
        dossiers.Find(number, Key(caller))?.Note(new InputDigest(query * 0x9E37_79B9_7F4A_7C15, 1), 0);

    private static int[] Owners(DossierTable dossiers) =>
        [.. dossiers.Enumerate().Select(dossier => dossier.TryGetOwner(out CallerKey owner, out _) ? (int)owner.Low - 100 : -1).Order()];

    private int SlotOf(int caller) => _callers.FindOrAdd(Key(caller), now: -1);

    private void Pin(int caller, bool watched)
    {
        ref CallerRecord record = ref _callers[SlotOf(caller)];
        if (watched)
        {
            record.SetStanding((ulong)CallerFlags.Watched << CallerRecord.FlagsShift, (ulong)CallerFlags.Watched << CallerRecord.FlagsShift);
        }
        else
        {
            record.SetStanding((ulong)Posture.Guarded, 0xff);
        }
    }

    private int Open(DossierTable dossiers, int caller, long asked, long now = 0)
    {
        int slot = SlotOf(caller);
        long more = asked - _callers[slot].Asked;
        while (more > 0)
        {
            int rows = (int)Math.Min(more, int.MaxValue);
            _callers[slot].Counters.CountAdmitted(rows, rows);
            more -= rows;
        }

        return dossiers.TryOpen(_callers, slot, Key(caller), now);
    }
}

using Microsoft.Extensions.Configuration;

namespace InferenceShield.Tests;

public sealed class PostureOptionsTests
{
    [Fact]
    public void The_defaults_are_valid_and_the_ends_of_every_range_are_allowed()
    {
        Assert.Empty(Validate(_ => { }));
        Assert.Empty(Validate(options =>
        {
            (options.QuotaShare, options.Throttle, options.DelayQueries, options.DelayTime) = (.01, .01, 10_000, TimeSpan.FromHours(1));
            (options.Dwell, options.Decay) = (TimeSpan.FromDays(31), TimeSpan.FromDays(366));
            options.CallerOdometer = [new OdometerBand { Limit = double.Epsilon }, new OdometerBand { Limit = 1, Posture = Posture.Blocked }];
        }));
        Assert.Empty(Validate(options =>
            (options.QuotaShare, options.Throttle, options.DelayQueries, options.DelayTime, options.Dwell, options.Decay) = (1, 1, 0, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero)));
    }

    [Fact]
    public void Every_fault_names_its_key_and_what_is_allowed_and_no_tenant()
    {
        IReadOnlyList<string> faults = Validate(options =>
        {
            options.Mode = (PostureMode)3;
            options.FullAlarm = (Posture)4;
            options.RevokeFrom = Posture.Normal;
            options.QuotaShare = double.NaN;
            options.Throttle = 0;
            options.DelayQueries = -1;
            options.DelayTime = TimeSpan.FromHours(2);
            options.Dwell = TimeSpan.FromTicks(-1);
            options.Decay = TimeSpan.FromDays(367);
            options.CallerOdometer = [new OdometerBand { Limit = 0 }];
            options.TenantOdometer = [new OdometerBand { Limit = .5, Posture = Posture.Restricted }, new OdometerBand { Limit = .6 }];
            options.CampaignOdometer = [.. Enumerable.Range(1, 9).Select(i => new OdometerBand { Limit = i / 10.0 })];
            options.AllowedTenants = ["fine", new string('x', 1025)];
        });
        Assert.Equal(
            [
                "Postures:Mode is 3; allowed: Act, Observe or Off.",
                "Postures:FullAlarm is 4; allowed: Normal, Guarded, Restricted or Blocked.",
                "Postures:RevokeFrom is Normal; allowed: Guarded, Restricted or Blocked; leave it out for never.",
                "Postures:CallerOdometer:0:Limit is 0; allowed: above 0, up to 1.",
                "Postures:TenantOdometer:1 has a lower limit or posture than the band before, or the same limit. Write the bands by rising limits, each at least as stern as the one before.",
                "Postures:CampaignOdometer is 9 bands; allowed: up to 8.",
                "Postures:QuotaShare is NaN; allowed: 0.01 to 1.",
                "Postures:Throttle is 0; allowed: 0.01 to 1.",
                "Postures:DelayQueries is -1; allowed: 0 to 10,000.",
                "Postures:Dwell is -00:00:00.0000001; allowed: 00:00:00 to 31.00:00:00.",
                "Postures:Decay is 367.00:00:00; allowed: 00:00:00 to 366.00:00:00.",
                "Postures:DelayTime is 02:00:00; allowed: 00:00:00 to 01:00:00.",
                "Postures:AllowedTenants:1 is no name; allowed: 1 to 1,024 bytes of text that is not blank.",
            ],
            faults);
        Assert.Contains("Throttle", Assert.Single(Validate(options => options.Throttle = .01, limit => (limit.Queries, limit.Period, limit.Burst) = (1, TimeSpan.FromDays(1), 10))), StringComparison.Ordinal);
    }

    [Fact]
    public void They_are_read_from_configuration_lists_in_place_of_those_before()
    {
        ShieldOptions options = new();
        options.Postures.CallerOdometer.Add(new OdometerBand { Limit = .1 });
        options.Postures.AllowedTenants.Add("old");
        IConfigurationRoot configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["S:Postures:Mode"] = "observe",
            ["S:Postures:OutputAlarm"] = "Blocked",
            ["S:Postures:CallerOdometer:0:Limit"] = "0.5",
            ["S:Postures:CallerOdometer:1:Limit"] = "0.8",
            ["S:Postures:CallerOdometer:1:Posture"] = "Restricted",
            ["S:Postures:AllowedTenants:0"] = "new",
            ["S:Postures:RevokeFrom"] = "Blocked",
            ["S:Postures:Decay"] = "3.00:00:00",
            ["S:Postures:FullAlarm"] = "Gaurded",
            ["S:Postures:CallerOdometer:0:Limits"] = "1",
        }).Build();
        ShieldOptionsReader.Read(configuration.GetSection("S"), options);
        Assert.Equal(2, options.ReadingFaults.Count);
        Assert.Contains(options.ReadingFaults, fault => fault.Contains("Normal, Guarded, Restricted, Blocked", StringComparison.Ordinal));
        PostureOptions read = options.Postures;
        Assert.Equal((PostureMode.Observe, Posture.Blocked, Posture.Guarded, Posture.Blocked, TimeSpan.FromDays(3)), (read.Mode, read.OutputAlarm, read.FullAlarm, read.RevokeFrom, read.Decay));
        Assert.Equal([(.5, Posture.Guarded), (.8, Posture.Restricted)], read.CallerOdometer.Select(band => (band.Limit, band.Posture)));
        Assert.Equal(["new"], read.AllowedTenants);
    }

    [Fact]
    public void Rules_are_the_same_only_if_all_of_them_are()
    {
        Action<PostureOptions>[] changes =
        [
            one => one.Mode = PostureMode.Observe, one => one.Mode = PostureMode.Off, one => one.FullAlarm = Posture.Normal, one => one.RepeatedFullAlarm = Posture.Normal,
            one => one.OutputAlarm = Posture.Normal, one => one.AdvisoryAlarm = Posture.Guarded, one => one.Campaign = Posture.Normal, one => one.CampaignWithOutputAlarm = Posture.Normal,
            one => one.CallerOdometer.Add(new OdometerBand { Limit = .5 }), one => one.TenantOdometer.Add(new OdometerBand { Limit = .5 }),
            one => one.CampaignOdometer.Add(new OdometerBand { Limit = .5 }), one => one.QuotaShare = .5, one => one.QuotaPosture = Posture.Restricted,
            one => one.Dwell = TimeSpan.Zero, one => one.Decay = TimeSpan.Zero, one => one.DelayQueries = 1, one => one.DelayTime = TimeSpan.Zero,
            one => one.RevokeFrom = Posture.Blocked, one => one.RotateFrom = Posture.Blocked, one => one.AllowedTenants.Add("tenant"),
        ];
        using Shield shield = TestShield.Build();
        PostureRules Rules(Action<PostureOptions>? change)
        {
            PostureOptions options = new();
            change?.Invoke(options);
            return new PostureRules(options, enforces: true, shield.IdentifyCaller);
        }

        Assert.True(Rules(null).HasSameContent(Rules(null)));
        Assert.All(changes, change => Assert.False(Rules(null).HasSameContent(Rules(change))));
        Assert.All(changes, change => Assert.True(Rules(change).HasSameContent(Rules(change))));
    }

    private static IReadOnlyList<string> Validate(Action<PostureOptions> change, Action<LimitOptions>? limit = null)
    {
        ShieldOptions options = TestShield.Options();
        change(options.Postures);
        limit?.Invoke(options.Admission.PerCaller);
        return [.. ShieldOptionsValidator.Validate(options, "", serving: null).Where(fault => fault.StartsWith("Postures", StringComparison.Ordinal))];
    }
}

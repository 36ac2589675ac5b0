using System.Globalization;
using System.Text;

namespace InferenceShield;

/// <content>What follows from verdicts.</content>
internal sealed partial class ShieldOptionsValidator
{
    private const int MostBands = 8;
    private const int MostAllowedTenants = 10_000;

    private void CheckPostureRules(PostureOptions options, LimitOptions? perCaller)
    {
        if (!Enum.IsDefined(options.Mode))
        {
            Fault("Postures:Mode", options.Mode, "Act, Observe or Off");
        }

        CheckPosture("Postures:FullAlarm", options.FullAlarm);
        CheckPosture("Postures:RepeatedFullAlarm", options.RepeatedFullAlarm);
        CheckPosture("Postures:OutputAlarm", options.OutputAlarm);
        CheckPosture("Postures:AdvisoryAlarm", options.AdvisoryAlarm);
        CheckPosture("Postures:Campaign", options.Campaign);
        CheckPosture("Postures:CampaignWithOutputAlarm", options.CampaignWithOutputAlarm);
        CheckPosture("Postures:QuotaPosture", options.QuotaPosture);
        CheckFrom("Postures:RevokeFrom", options.RevokeFrom);
        CheckFrom("Postures:RotateFrom", options.RotateFrom);
        CheckBands("Postures:CallerOdometer", options.CallerOdometer);
        CheckBands("Postures:TenantOdometer", options.TenantOdometer);
        CheckBands("Postures:CampaignOdometer", options.CampaignOdometer);
        Range("Postures:QuotaShare", options.QuotaShare ?? 1, .01, 1);
        Range("Postures:Throttle", options.Throttle ?? 1, .01, 1);
        Range("Postures:DelayQueries", options.DelayQueries, 0, 10_000);
        CheckTime("Postures:Dwell", options.Dwell, TimeSpan.FromDays(31), "00:00:00 to 31.00:00:00");
        CheckTime("Postures:Decay", options.Decay, TimeSpan.FromDays(366), "00:00:00 to 366.00:00:00");
        CheckTime("Postures:DelayTime", options.DelayTime, TimeSpan.FromHours(1), "00:00:00 to 01:00:00");
        CheckAllowedTenants(options.AllowedTenants);
        if (options.Throttle is >= .01 and <= 1 and double share && perCaller is { Queries: >= 1 } rate
            && rate.Period.TotalSeconds / rate.Queries * rate.Burst / share > s_longestRefill.TotalSeconds)
        {
            _faults.Add(string.Create(CultureInfo.InvariantCulture,
                $"{_prefix}Postures:Throttle is {share}: Admission:PerCaller then takes more than {s_longestRefill.TotalDays:N0} days to refill (Burst x Period / Queries / Throttle). Raise it or lower the burst."));
        }
    }

    private void CheckPosture(string key, Posture posture)
    {
        if (!Enum.IsDefined(posture))
        {
            Fault(key, posture, "Normal, Guarded, Restricted or Blocked");
        }
    }

    private void CheckFrom(string key, Posture? posture)
    {
        if (posture is { } from && (!Enum.IsDefined(from) || from == Posture.Normal))
        {
            Fault(key, from, "Guarded, Restricted or Blocked; leave it out for never");
        }
    }

    private void CheckTime(string key, TimeSpan time, TimeSpan longest, string allowed)
    {
        if (time < TimeSpan.Zero || time > longest)
        {
            Fault(key, time, allowed);
        }
    }

    private void CheckBands(string key, IList<OdometerBand> bands)
    {
        if (!Required(key, bands))
        {
            return;
        }

        if (bands.Count > MostBands)
        {
            Fault(key, $"{bands.Count} bands", $"up to {MostBands}");
        }

        OdometerBand? before = null;
        for (int i = 0; i < Math.Min(bands.Count, MostBands); i++)
        {
            string band = string.Create(CultureInfo.InvariantCulture, $"{key}:{i}");
            if (!Required(band, bands[i]))
            {
                continue;
            }

            CheckPosture(band + ":Posture", bands[i].Posture);
            if (!(bands[i].Limit > 0 && bands[i].Limit <= 1))
            {
                Fault(band + ":Limit", bands[i].Limit, "above 0, up to 1");
            }

            if (before is not null && (!(bands[i].Limit > before.Limit) || bands[i].Posture < before.Posture))
            {
                _faults.Add($"{_prefix}{band} has a lower limit or posture than the band before, or the same limit. Write the bands by rising limits, each at least as stern as the one before.");
            }

            before = bands[i];
        }
    }

    /// <summary>Names are the host's secrets: a fault says which one it is by its place.</summary>
    private void CheckAllowedTenants(IList<string> names)
    {
        if (!Required("Postures:AllowedTenants", names))
        {
            return;
        }

        if (names.Count > MostAllowedTenants)
        {
            Fault("Postures:AllowedTenants", $"{names.Count:N0} names", $"up to {MostAllowedTenants:N0}");
        }

        for (int i = 0; i < Math.Min(names.Count, MostAllowedTenants); i++)
        {
            if (string.IsNullOrWhiteSpace(names[i]) || !IsText(names[i]))
            {
                _faults.Add(string.Create(CultureInfo.InvariantCulture,
                    $"{_prefix}Postures:AllowedTenants:{i} is no name; allowed: 1 to {Shield.MaximumCallerNameLength:N0} bytes of text that is not blank."));
            }
        }
    }

    private static bool IsText(string name)
    {
        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetByteCount(name) <= Shield.MaximumCallerNameLength;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }
}

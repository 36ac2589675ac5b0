using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;

namespace InferenceShield;

/// <summary>Reads options from configuration, key by key, so that every key that cannot be read is named and not only the first.</summary>
/// <remarks>Stricter than the binder, which passes over a value where keys are expected, keys where a value is expected, and
/// empty values and empty marks, and takes "Enforce,ObserveOnly" for one enumeration value: each would leave a shield laxer than written.
/// JSON's null and {} are one to the configuration, so a mark that is null is on, too.</remarks>
internal static partial class ShieldOptionsReader
{
    private static readonly string[] s_bands = [nameof(PostureOptions.CallerOdometer), nameof(PostureOptions.TenantOdometer), nameof(PostureOptions.CampaignOdometer)]; // before Keys, which needs it

    /// <summary>Every key there is; * stands for an output's name, and for the place in a list. A test compares it with the properties.</summary>
    public static readonly string[] Keys =
    [
        "Mode",
        "Callers:Capacity",
        "Callers:Dossiers",
        "Callers:TenantCapacity",
        "Callers:NetworkCapacity",
        "Admission:MaxRowsPerCall",
        "Admission:Blocked",
        "Admission:BlockedDelay",
        "Admission:Price:PerCall",
        "Admission:Price:PerQuery",
        "Admission:Price:PerOutput",
        .. LimitKeys("Admission:PerCaller"),
        .. LimitKeys("Admission:PerTenant"),
        .. LimitKeys("Admission:PerNetwork"),
        .. LimitKeys("Admission:PerModel"),
        .. RateKeys("Admission:Overflow"),
        .. PostureHardening.Keys.SelectMany(HardeningKeys),
        "Detection:CalibrationFile",
        "Detection:OdometerCurveFile",
        "Detection:Callers",
        "Detection:RecordTo",
        "Detection:RecordShare",
        "Detection:RecordBytes",
        .. PostureKeys("Postures"),
        "Postures:EqualWork",
        "Trial:Share",
        .. PostureHardening.Keys.SelectMany(key => HardeningKeys("Trial:" + key)),
        "InputSpaceFile",
        "Evidence:File",
        "Evidence:KeepInputs",
        "Evidence:Share",
        "Evidence:MostPerCaller",
        "Evidence:MostBytes",
        "Evidence:Retention",
        "Events:Capacity",
        "Events:CoolDown",
        "Utility:Thresholds:*",
        "Utility:SampleOneIn",
        "Outputs:*:Kind",
        "Outputs:*:Classes",
        "Outputs:*:TenantTransform",
        "Outputs:*:Thresholds:*",
        .. PostureHardening.Keys.SelectMany(key => HardeningKeys("Outputs:*:" + key)),
    ];

    private static readonly HashSet<string> s_keys = new(Keys, StringComparer.OrdinalIgnoreCase);

    private static readonly HashSet<string> s_lists = new([nameof(HardeningOptions.BandEdges), nameof(OutputOptions.Thresholds), nameof(PostureOptions.AllowedTenants), nameof(NearTieMarkOptions.ExemptClasses)], StringComparer.OrdinalIgnoreCase);

    public static void Read(IConfigurationSection section, ShieldOptions options)
    {
        List<KeyValuePair<string, string?>> readable = [];
        if (!string.IsNullOrEmpty(section.Value))
        {
            options.ReadingFaults.Add($"{section.Path} is '{section.Value}'; it takes keys of its own, not a value.");
        }

        foreach (KeyValuePair<string, string?> pair in Leaves(section))
        {
            if (pair.Value!.Length == 0 && TakesKeys(PatternOf(pair.Key)))
            {
                continue; // some sources give sections an empty value of their own
            }

            if (FindFault(section.Path, pair.Key, pair.Value) is { } fault)
            {
                options.ReadingFaults.Add(fault);
            }
            else
            {
                readable.Add(pair);
            }
        }

        AddMarks(section, readable, options);
        ForgetLists(readable, options);
        Only(readable).Bind(options);
    }

    /// <summary>Adds a key to each mark that is there, and to each Watermark, so that the binder makes the object though it has no values: a mark
    /// that is written with its defaults, as {}, is one that is on.</summary>
    private static void AddMarks(IConfigurationSection section, List<KeyValuePair<string, string?>> readable, ShieldOptions options)
    {
        foreach ((string key, _) in section.AsEnumerable(makePathsRelative: true).Where(pair => string.IsNullOrEmpty(pair.Value)))
        {
            string pattern = PatternOf(key);
            string[] parts = pattern.Split(':');
            int watermark = Array.FindIndex(parts, part => string.Equals(part, nameof(HardeningOptions.Watermark), StringComparison.OrdinalIgnoreCase));
            if (watermark < 0)
            {
                continue;
            }

            if (!TakesKeys(pattern))
            {
                if (!s_keys.Contains(pattern) && !section.GetSection(key).GetChildren().Any() && section.GetSection(key).Value is null)
                {
                    options.ReadingFaults.Add(Unknown($"{section.Path}:{key}", pattern));
                }
            }
            else if (parts.Length - watermark <= 2)
            {
                readable.Add(new(key + ":IsThere", bool.TrueString)); // no property, so the binder passes over it
            }
        }
    }

    private static string Unknown(string path, string pattern) => $"{path} is not known: there is no '{FirstUnknown(pattern)}'. Is it misspelt?";

    /// <summary>The keys that hold a value, below a section.</summary>
    public static IEnumerable<KeyValuePair<string, string?>> Leaves(IConfigurationSection section) =>
        section.AsEnumerable(makePathsRelative: true).Where(pair => pair.Key.Length > 0 && pair.Value is not null);

    private static string? FindFault(string sectionPath, string key, string value)
    {
        string path = $"{sectionPath}:{key}";
        string pattern = PatternOf(key);
        if (!s_keys.Contains(pattern))
        {
            return TakesKeys(pattern)
                ? $"{path} is '{value}'; it takes keys of its own, not a value."
                : Unknown(path, pattern);
        }

        if (value.Length == 0)
        {
            return $"{path} is empty. Leave it out for the default.";
        }

        if (FindNameFault(path, key, value) is { } fault)
        {
            return fault;
        }

        try
        {
            Only([new(key, value)]).Bind(new ShieldOptions());
        }
        catch (InvalidOperationException exception)
        {
            return $"{path} is '{value}', which cannot be read: {exception.Message}";
        }

        return FindPeriodFault(path, value);
    }

    /// <summary>Before the binder is asked, which does not say what is allowed.</summary>
    private static string? FindNameFault(string path, string key, string value) => key[(key.LastIndexOf(':') + 1)..].ToUpperInvariant() switch
    {
        "MODE" when Is(key, 0, "Postures") => FindEnumFault<PostureMode>(path, value),
        "MODE" => FindEnumFault<ShieldMode>(path, value),
        "KIND" => FindEnumFault<OutputKind>(path, value),
        "BLOCKED" => FindEnumFault<BlockedTreatment>(path, value),
        "RELEASE" => FindEnumFault<Release>(path, value),
        "TOPKREMAINDER" => FindEnumFault<TopKRemainder>(path, value),
        "KEYEDNOISEKIND" => FindEnumFault<NoiseKind>(path, value),
        "FULLALARM" or "REPEATEDFULLALARM" or "OUTPUTALARM" or "ADVISORYALARM" or "CAMPAIGN" or "CAMPAIGNWITHOUTPUTALARM" or "QUOTAPOSTURE"
            or "REVOKEFROM" or "ROTATEFROM" or "POSTURE" => FindEnumFault<Posture>(path, value),
        "KEYING" => FindEnumFault<MarkKeying>(path, value),
        "NOISECELL" => FindEnumFault<NoiseCell>(path, value),
        _ => null,
    };

    /// <summary>"24:00:00" and "24" are 24 days to TimeSpan: a limit 24 times as lax, or strict, as was meant.</summary>
    public static string? FindPeriodFault(string path, string? value)
    {
        if (!path.EndsWith(":Period", StringComparison.OrdinalIgnoreCase) || !AmbiguousPeriod().IsMatch(value ?? ""))
        {
            return null;
        }

        return $"{path} is '{value}', which would be read as so many days. Write days.hours:minutes:seconds: 1.00:00:00 for a day, 01:00:00 for an hour.";
    }

    [GeneratedRegex("^\\s*([0-9]+|(2[4-9]|[3-9][0-9]|[0-9]{3,}):[0-9:.]*)\\s*$")]
    private static partial Regex AmbiguousPeriod();

    private static string PatternOf(string key)
    {
        string[] parts = key.Split(':');
        if (parts is [_, _, ..] && string.Equals(parts[0], "Outputs", StringComparison.OrdinalIgnoreCase))
        {
            parts = ["Outputs", "*", .. parts[2..]];
        }

        if (parts is [.., var list, var place] && s_lists.Contains(list)
            && int.TryParse(place, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out _))
        {
            parts[^1] = "*";
        }
        else if (parts is [var section, var bands, var number, _] && string.Equals(section, "Postures", StringComparison.OrdinalIgnoreCase) && s_bands.Contains(bands, StringComparer.OrdinalIgnoreCase)
            && int.TryParse(number, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out _))
        {
            parts[2] = "*";
        }

        return string.Join(':', parts);
    }

    /// <summary>Takes away the lists that are read: the binder would add to them.</summary>
    private static void ForgetLists(IEnumerable<KeyValuePair<string, string?>> readable, ShieldOptions options)
    {
        ForgetPostureLists(readable, options.Postures);
        foreach (string pattern in readable.Select(pair => pair.Key).Where(key => PatternOf(key) is [.., ':', '*'] && !Is(key, 0, "Postures")))
        {
            string[] parts = pattern.Split(':');
            bool isOwn = parts.Length > 3;
            OutputOptions? output = isOwn ? options.Outputs.FirstOrDefault(output => string.Equals(output.Key, parts[1], StringComparison.OrdinalIgnoreCase)).Value : null;
            if (string.Equals(parts[^2], nameof(OutputOptions.Thresholds), StringComparison.OrdinalIgnoreCase))
            {
                ForgetThresholds(isOwn, output, options);
                continue;
            }

            bool isTrial = string.Equals(parts[0], nameof(ShieldOptions.Trial), StringComparison.OrdinalIgnoreCase);
            bool isShared = PostureHardening.Keys.Contains(parts[0], StringComparer.OrdinalIgnoreCase);
            HardeningOptions?[] postures = isTrial ? PostureHardening.OwnOf(options.Trial) : isShared ? PostureHardening.SharedOf(options) : output is null ? [] : PostureHardening.OwnOf(output);
            string postureKey = parts[isShared ? 0 : isTrial ? 1 : 2];
            int posture = Array.FindIndex(PostureHardening.Keys, key => string.Equals(key, postureKey, StringComparison.OrdinalIgnoreCase));
            if (posture < postures.Length && postures[posture] is { } hardening)
            {
                ForgetList(hardening, parts[^2], parts[^3]);
            }
        }
    }

    private static void ForgetList(HardeningOptions hardening, string list, string owner)
    {
        if (string.Equals(list, nameof(HardeningOptions.BandEdges), StringComparison.OrdinalIgnoreCase))
        {
            hardening.BandEdges = null;
        }
        else if (string.Equals(owner, nameof(WatermarkOptions.NearTie), StringComparison.OrdinalIgnoreCase) && hardening.Watermark?.NearTie is { } nearTie)
        {
            nearTie.ExemptClasses = null;
        }
        else if (string.Equals(owner, nameof(WatermarkOptions.Triggers), StringComparison.OrdinalIgnoreCase) && hardening.Watermark?.Triggers is { } triggers)
        {
            triggers.ExemptClasses = null;
        }
        else if (string.Equals(owner, nameof(WatermarkOptions.Traps), StringComparison.OrdinalIgnoreCase) && hardening.Watermark?.Traps is { } traps)
        {
            traps.ExemptClasses = null;
        }
    }

    private static void ForgetPostureLists(IEnumerable<KeyValuePair<string, string?>> readable, PostureOptions options)
    {
        string[] keys = [.. readable.Select(pair => pair.Key).Where(key => Is(key, 0, "Postures"))];
        options.CallerOdometer = Array.Exists(keys, key => Is(key, 1, nameof(options.CallerOdometer))) ? [] : options.CallerOdometer;
        options.TenantOdometer = Array.Exists(keys, key => Is(key, 1, nameof(options.TenantOdometer))) ? [] : options.TenantOdometer;
        options.CampaignOdometer = Array.Exists(keys, key => Is(key, 1, nameof(options.CampaignOdometer))) ? [] : options.CampaignOdometer;
        options.AllowedTenants = Array.Exists(keys, key => Is(key, 1, nameof(options.AllowedTenants))) ? [] : options.AllowedTenants;
    }

    private static bool Is(string key, int place, string name) => string.Equals(key.Split(':')[place], name, StringComparison.OrdinalIgnoreCase);

    private static void ForgetThresholds(bool isOwn, OutputOptions? output, ShieldOptions options)
    {
        if (!isOwn)
        {
            options.Utility.Thresholds = null;
        }
        else if (output is not null)
        {
            output.Thresholds = null;
        }
    }

    private static bool TakesKeys(string pattern) =>
        Keys.Any(known => known.StartsWith(pattern + ":", StringComparison.OrdinalIgnoreCase));

    /// <summary>The first part of a key that no known key has in that place.</summary>
    private static string FirstUnknown(string pattern)
    {
        string[] parts = pattern.Split(':');
        for (int length = 1; length < parts.Length; length++)
        {
            string start = string.Join(':', parts[..length]);
            if (!Keys.Any(known => known.StartsWith(start + ":", StringComparison.OrdinalIgnoreCase)))
            {
                return s_keys.Contains(start) ? parts[length] : parts[length - 1];
            }
        }

        return parts[^1];
    }

    /// <summary>One name, not a number and not several: "Logits,Regression" would be read as another kind altogether.</summary>
    private static string? FindEnumFault<T>(string path, string value)
        where T : struct, Enum =>
        Enum.GetNames<T>().Contains(value, StringComparer.OrdinalIgnoreCase)
            ? null
            : $"{path} is '{value}'; allowed is one of: {string.Join(", ", Enum.GetNames<T>().Where(name => name != nameof(OutputKind.None)))}.";

    private static IConfigurationRoot Only(IEnumerable<KeyValuePair<string, string?>> pairs) =>
        new ConfigurationBuilder().AddInMemoryCollection(pairs).Build();

    private static string[] RateKeys(string path) => [path + ":Queries", path + ":Period", path + ":Burst"];

    private static string[] LimitKeys(string path) =>
    [
        .. RateKeys(path), path + ":DailyQueries", path + ":MonthlyQueries", path + ":DailyCost", path + ":MonthlyCost",
    ];

    private static string[] PostureKeys(string path) =>
    [
        path + ":Mode", path + ":FullAlarm", path + ":RepeatedFullAlarm", path + ":OutputAlarm", path + ":AdvisoryAlarm", path + ":Campaign",
        path + ":CampaignWithOutputAlarm", .. s_bands.SelectMany(bands => new[] { $"{path}:{bands}:*:Limit", $"{path}:{bands}:*:Posture" }),
        path + ":QuotaShare", path + ":QuotaPosture", path + ":Dwell", path + ":Decay", path + ":DelayQueries", path + ":DelayTime", path + ":Throttle",
        path + ":RevokeFrom", path + ":RotateFrom", path + ":AllowedTenants:*",
    ];

    private static string[] WatermarkKeys(string path) =>
    [
        path + ":NearTie:Margin", path + ":NearTie:Keying", path + ":NearTie:ExemptClasses:*", path + ":Cosine:Strength", path + ":Cosine:Frequency", path + ":Cosine:Payload",
        path + ":Permutation:Keying", path + ":Triggers:Rate", path + ":Triggers:InputStep", path + ":Triggers:ExemptClasses:*",
        path + ":Traps:ExemptClasses:*", path + ":Direction:CosineBudget", path + ":Direction:Directions",
        path + ":GreenList:Share", path + ":GreenList:Bias", path + ":GreenList:Context", path + ":GreenList:SelfHash",
        path + ":Tournament:Layers", path + ":Tournament:Context",
    ];

    private static string[] HardeningKeys(string path) =>
    [
        path + ":Release", path + ":Decimals", path + ":TopK", path + ":BandFile", path + ":BandEdges:*", path + ":LeastInformationBudget",
        path + ":CodebookFile", path + ":KeyedNoiseBudget", path + ":Temperature", path + ":SignificantDigits",
        path + ":TopKRemainder", path + ":ProbabilityDigits", path + ":ConfidenceCap", path + ":KeyedNoiseKind",
        path + ":ReverseSigmoid:Beta", path + ":ReverseSigmoid:Gamma", path + ":AdaptiveMisinformation:Tau", path + ":AdaptiveMisinformation:Nu",
        path + ":QuantisationStep", path + ":CosineBudget", path + ":NoiseCell", path + ":ConfidenceCutoff",
        .. WatermarkKeys(path + ":Watermark"),
    ];
}

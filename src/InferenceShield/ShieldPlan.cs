using System.Collections.Frozen;
using Microsoft.Extensions.Options;

namespace InferenceShield;

/// <summary>Validated options, compiled once into what the hot path reads. Immutable; holds no state and no secret.</summary>
internal sealed class ShieldPlan
{
    private readonly FrozenDictionary<string, int> _outputIndex;
    private readonly long _costPerCall;
    private readonly long _costPerRow;

    private readonly OutputPlan[][] _postures;
    private readonly OutputPlan[][] _trialPostures;

    private ShieldPlan(Shield owner, ShieldOptions options, int version, ReleaseFiles files, OutputPlan[][] postures, OutputPlan[][] trialPostures, DetectionCalibration? detection, OdometerCurve? curve, InputSpace? space, MarkInputReader markInputs)
    {
        MarkInputs = markInputs;
        Files = files;
        Detection = detection;
        Curve = curve;
        Space = space;
        _postures = postures;
        _trialPostures = trialPostures;
        Trial = options.Trial?.Share;
        EqualWork = options.Postures.EqualWork ?? options.Detection.CalibrationFile is not null;
        Owner = owner;
        Version = version;
        Enforces = options.Mode == ShieldMode.Enforce;
        CallerCapacity = options.Callers.Capacity;
        TenantCapacity = options.Callers.TenantCapacity;
        NetworkCapacity = options.Callers.NetworkCapacity;
        Dossiers = options.Callers.Dossiers;
        WatchedCallers = options.Detection.Callers;
        Recording = new DetectionOptions { RecordTo = options.Detection.RecordTo, RecordShare = options.Detection.RecordShare, RecordBytes = options.Detection.RecordBytes };
        Evidence = options.Evidence.Clone();
        AdmissionOptions admission = options.Admission;
        Caller = new Limit(admission.PerCaller);
        CallerRate = Caller.Rate;
        Throttled = options.Postures.Throttle is { } share ? Limit.Throttled(admission.PerCaller, share) : null;
        PostureRules = new PostureRules(options.Postures, Enforces, owner.IdentifyCaller);
        Tenant = admission.PerTenant is null ? null : new Limit(admission.PerTenant);
        Network = admission.PerNetwork is null ? null : new Limit(admission.PerNetwork);
        Model = admission.PerModel is null ? null : new Limit(admission.PerModel);
        Overflow = new Limit(admission.Overflow);
        HasQuotas = Caller.HasQuotas || Tenant is { HasQuotas: true } || Network is { HasQuotas: true } || Model is { HasQuotas: true };
        HasCallerRateOnly = Model is null && !HasQuotas;
        RefusesBlocked = admission.Blocked == BlockedTreatment.Refuse;
        OrdinaryStanding = (uint)(Throttled is not null ? Posture.Guarded : RefusesBlocked ? Posture.Restricted : Posture.Blocked);
        BlockedDelay = RefusesBlocked ? TimeSpan.Zero : admission.BlockedDelay;
        MaxRows = admission.MaxRowsPerCall ?? Caller.Rate.Burst;
        _costPerCall = admission.Price.PerCall;
        _costPerRow = admission.Price.PerQuery + ((long)admission.Price.PerOutput * options.Outputs.Count);

        HasUnitPrice = CostOf(1) == 1;
        IsPlain = HasCallerRateOnly && HasUnitPrice;
        CountedOutput = CountedOf(Outputs);
        NeedsContext = Array.Exists(Outputs, output => output.NeedsContext);
        NeedsTenant = Array.Exists(Outputs, output => output.HasTenantTransform);
        NeedsMarkInput = Array.Exists(Outputs, output => output.MarkNeed is not null);
        _outputIndex = Outputs.Select((output, index) => KeyValuePair.Create(output.Name, index)).ToFrozenDictionary(StringComparer.Ordinal);
    }

    public Shield Owner { get; }

    /// <summary>1 for the first plan of a shield, one more for each reload.</summary>
    public int Version { get; }

    public bool Enforces { get; }

    public int CallerCapacity { get; }

    public int TenantCapacity { get; }

    public int NetworkCapacity { get; }

    public int Dossiers { get; }

    /// <summary>Callers that detection watches at the same time.</summary>
    public int WatchedCallers { get; }

    /// <summary>What is recorded for calibration, and where to; of the options only those that say so.</summary>
    public DetectionOptions Recording { get; }

    /// <summary>What is kept of marked queries.</summary>
    public EvidenceOptions Evidence { get; }

    public Limit Caller { get; }

    /// <summary>The rate of <see cref="Caller"/>, here for the hot path.</summary>
    public readonly Gcra CallerRate;

    /// <summary>The limit of callers that are restricted automatically; null if it is <see cref="Caller"/>.</summary>
    public Limit? Throttled { get; }

    public PostureRules PostureRules { get; }

    public Limit? Tenant { get; }

    public Limit? Network { get; }

    public Limit? Model { get; }

    public Limit Overflow { get; }

    public bool HasQuotas { get; }

    /// <summary>Whether a caller without tenant and network has nothing to keep but its own rate.</summary>
    public bool HasCallerRateOnly { get; }

    /// <summary>Whether callers in <see cref="Posture.Blocked"/> are refused, or answered as restricted ones.</summary>
    public bool RefusesBlocked { get; }

    public TimeSpan BlockedDelay { get; }

    /// <summary>Whether, besides, one query costs one unit.</summary>
    public bool IsPlain { get; }

    public int MaxRows { get; }

    /// <summary>Whether an output is turned by its tenant's transform.</summary>
    public bool NeedsTenant { get; }

    /// <summary>Whether some output carries a mark of tokens in some posture, so that calls have to give the tokens before.</summary>
    public bool NeedsContext { get; }

    /// <summary>Whether a mark of an output belongs to inputs.</summary>
    public bool NeedsMarkInput { get; }

    /// <summary>Reads what marks need of inputs.</summary>
    public MarkInputReader MarkInputs { get; }

    /// <summary>The files that its outputs are released by.</summary>
    public ReleaseFiles Files { get; }

    /// <summary>Of a normal caller. Names and kinds are the same in every posture.</summary>
    public OutputPlan[] Outputs => _postures[0];

    /// <summary>The output whose answers the histories count: the first distribution, else the first that is hardened; -1 for none.</summary>
    public int CountedOutput { get; }

    /// <summary>What honest traffic looks like; null without detection.</summary>
    public DetectionCalibration? Detection { get; }

    /// <summary>What a reading of the odometer means; null if nobody has measured it.</summary>
    public OdometerCurve? Curve { get; }

    /// <summary>Where benign inputs lie; null if no file is given.</summary>
    public InputSpace? Space { get; }

    /// <exception cref="OptionsValidationException">Every fault of the options, not only the first; if there is none, of the
    /// files that they name.</exception>
    public static ShieldPlan Compile(
        Shield owner, ShieldOptions options, string prefix, ReleaseFileKey key, ShieldPlan? serving, DetectionKey? detectionKey = null, MarkKey? marks = null)
    {
        RequireValid(owner.Name, options, prefix, serving);
        ReleaseFiles files = new(owner.Name, key, serving?.Files);
        DetectionCalibration? detection = options.Detection.CalibrationFile is { } path && detectionKey is not null
            ? files.LoadCalibration($"{prefix}Detection:CalibrationFile", path, detectionKey)
            : null;
        OdometerCurve? curve = options.Detection.OdometerCurveFile is { } curvePath ? files.LoadCurve($"{prefix}Detection:OdometerCurveFile", curvePath) : null;
        InputSpace? space = options.InputSpaceFile is { } spacePath ? files.LoadInputSpace($"{prefix}InputSpaceFile", spacePath) : null;
        if (space is not null && owner.InputLength > 0 && owner.InputLength != space.InputLength)
        {
            files.Faults.Add($"{prefix}InputSpaceFile is '{options.InputSpaceFile}': It was learned of rows of {space.InputLength} numbers; the model's have {owner.InputLength}. Calibrate with this model's inputs.");
        }

        InputMarks? inputs = InputMarks.Of(marks, space, OutputCompiler.MarksOf(options));
        (OutputPlan[][] postures, OutputPlan[][] trialPostures) = OutputCompiler.Compile(options, prefix, files, marks, inputs);
        if (detection is not null && FindMisfit(detection.Profile, postures[0]) is { } misfit)
        {
            files.Faults.Add($"{prefix}Detection:CalibrationFile is '{options.Detection.CalibrationFile}': {misfit}");
        }

        return files.Faults.Count == 0
            ? new ShieldPlan(owner, options, (serving?.Version ?? 0) + 1, files, postures, trialPostures, detection, curve, space, new MarkInputReader(marks!, inputs, InputStepOf(options)))
            : throw new OptionsValidationException(owner.Name, typeof(ShieldOptions), files.Faults);
    }

    /// <summary>The step of all triggers, which the validator has seen to be one; 0 without triggers.</summary>
    private static double InputStepOf(ShieldOptions options) =>
        OutputCompiler.MarksOf(options).Select(watermark => watermark.Triggers?.InputStep ?? 0).FirstOrDefault(step => step > 0);

    private static int CountedOf(OutputPlan[] outputs)
    {
        int labelled = Array.FindIndex(outputs, output => output.HasLabel);
        return labelled >= 0 ? labelled : Array.FindIndex(outputs, output => output.Kind != OutputKind.State);
    }

    /// <summary>Why answers cannot be measured as the calibration's were; null if they can.</summary>
    private static string? FindMisfit(DetectionProfile profile, OutputPlan[] outputs)
    {
        int counted = CountedOf(outputs);
        if (counted < 0)
        {
            return "There is no output with answers to measure; all are State.";
        }

        OutputPlan output = outputs[counted];
        return output.Kind == profile.OutputKind && (output.Classes == 0 || output.Classes == profile.ScoreLength)
            ? null
            : $"It was made of {profile.ScoreLength} {profile.OutputKind}; output '{output.Name}', which detection sees, has {(output.Classes == 0 ? "" : $"{output.Classes} ")}{output.Kind}. Calibrate with that output.";
    }

    /// <summary>Checks everything but the files.</summary>
    /// <exception cref="OptionsValidationException">Every fault of the options.</exception>
    public static void RequireValid(string name, ShieldOptions options, string prefix, ShieldPlan? serving)
    {
        IReadOnlyList<string> faults = ShieldOptionsValidator.Validate(options, prefix, serving);
        if (faults.Count > 0)
        {
            throw new OptionsValidationException(name, typeof(ShieldOptions), faults);
        }
    }

    /// <summary>Whether one query costs one unit: then cost and queries are one count.</summary>
    public bool HasUnitPrice { get; }

    /// <summary>The share of callers in a trial; null without one.</summary>
    public double? Trial { get; }

    /// <summary>Whether every row is hardened as in every posture, so that its time does not tell which one it is.</summary>
    public bool EqualWork { get; }

    /// <summary>The greatest standing of a caller that is decided about as everybody: a posture that is answered by the same limit, and no mark.</summary>
    public uint OrdinaryStanding { get; }

    /// <summary>How an output is released to a caller so treated.</summary>
    public OutputPlan OutputFor(int output, Posture posture, bool inTrial = false) =>
        (inTrial ? _trialPostures : _postures)[Math.Min((int)posture, PostureHardening.Count - 1)][output];

    public long CostOf(int rows) => _costPerCall + (rows * _costPerRow);

    public int FindOutput(string name) => _outputIndex.GetValueOrDefault(name, -1);

    public string DescribeOutputs() => string.Join(", ", Outputs.Select(output => $"{output.Name} ({output.Kind})"));

    /// <summary>Whether another plan does the same: one change of a file raises several change notices.</summary>
    public bool HasSameContent(ShieldPlan other) =>
        Enforces == other.Enforces && Caller == other.Caller && Tenant == other.Tenant && Network == other.Network
        && Model == other.Model && Overflow == other.Overflow && _costPerCall == other._costPerCall && _costPerRow == other._costPerRow
        && PostureRules.HasSameContent(other.PostureRules) && Throttled == other.Throttled
        && RefusesBlocked == other.RefusesBlocked && BlockedDelay == other.BlockedDelay && MaxRows == other.MaxRows
        && EqualWork == other.EqualWork && Trial == other.Trial && ReferenceEquals(Detection, other.Detection) && ReferenceEquals(Curve, other.Curve) && ReferenceEquals(Space, other.Space)
        && HaveSameContent(_postures, other._postures) && HaveSameContent(_trialPostures, other._trialPostures);

    private static bool HaveSameContent(OutputPlan[][] postures, OutputPlan[][] others) =>
        postures.SelectMany(outputs => outputs).SequenceEqual(others.SelectMany(outputs => outputs));

    /// <summary>Whether nothing that is owed has to be restated.</summary>
    public bool HasSameRates(ShieldPlan other) =>
        Caller.Rate == other.Caller.Rate && Throttled?.Rate == other.Throttled?.Rate && Overflow.Rate == other.Overflow.Rate && Tenant?.Rate == other.Tenant?.Rate
        && Network?.Rate == other.Network?.Rate && Model?.Rate == other.Model?.Rate;

    public bool HasSameOutputs(ShieldOptions options) =>
        options.Outputs.Count == Outputs.Length
        && options.Outputs.All(output => FindOutput(output.Key) is >= 0 and int index && Outputs[index].Kind == output.Value.Kind);
}

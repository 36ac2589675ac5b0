using System.Collections.Frozen;
using Microsoft.Extensions.Options;

namespace InferenceShield;

/// <summary>Validated options, compiled once into what the hot path reads. Immutable; holds no state and no secret.</summary>
internal sealed class ShieldPlan
{
    private readonly FrozenDictionary<string, int> _outputIndex;

    private ShieldPlan(Shield owner, ShieldOptions options, int version)
    {
        Owner = owner;
        Version = version;
        Enforces = options.Mode == ShieldMode.Enforce;
        CallerCapacity = options.Callers.Capacity;
        Caller = new Gcra(options.Admission.PerCaller);
        Overflow = new Gcra(options.Admission.Overflow);
        OverflowPeriod = options.Admission.Overflow.Period;
        MaxRows = options.Admission.MaxRowsPerCall ?? Caller.Burst;

        // Ordered by name: the order of a dictionary from configuration is not one to rely on.
        Outputs = [.. options.Outputs.OrderBy(output => output.Key, StringComparer.Ordinal)
            .Select(output => new OutputPlan(output.Key, output.Value.Kind, output.Value.Hardening ?? options.Hardening))];
        _outputIndex = Outputs.Select((output, index) => KeyValuePair.Create(output.Name, index)).ToFrozenDictionary(StringComparer.Ordinal);
    }

    public Shield Owner { get; }

    /// <summary>1 for the first plan of a shield, one more for each reload.</summary>
    public int Version { get; }

    public bool Enforces { get; }

    public int CallerCapacity { get; }

    public Gcra Caller { get; }

    public Gcra Overflow { get; }

    public TimeSpan OverflowPeriod { get; }

    public int MaxRows { get; }

    public OutputPlan[] Outputs { get; }

    /// <exception cref="OptionsValidationException">Every fault of the options, not only the first.</exception>
    public static ShieldPlan Compile(Shield owner, ShieldOptions options, string prefix, ShieldPlan? serving)
    {
        IReadOnlyList<string> faults = ShieldOptionsValidator.Validate(options, prefix, serving);
        return faults.Count == 0
            ? new ShieldPlan(owner, options, (serving?.Version ?? 0) + 1)
            : throw new OptionsValidationException(owner.Name, typeof(ShieldOptions), faults);
    }

    public int FindOutput(string name) => _outputIndex.GetValueOrDefault(name, -1);

    public string DescribeOutputs() => string.Join(", ", Outputs.Select(output => $"{output.Name} ({output.Kind})"));

    /// <summary>Whether another plan does the same: one change of a file raises several change notices.</summary>
    public bool HasSameContent(ShieldPlan other) =>
        Enforces == other.Enforces && Caller.Equals(other.Caller) && Overflow.Equals(other.Overflow)
        && OverflowPeriod == other.OverflowPeriod && MaxRows == other.MaxRows && Outputs.SequenceEqual(other.Outputs);

    public bool HasSameOutputs(ShieldOptions options) =>
        options.Outputs.Count == Outputs.Length
        && options.Outputs.All(output => FindOutput(output.Key) is >= 0 and int index && Outputs[index].Kind == output.Value.Kind);
}

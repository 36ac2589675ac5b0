namespace InferenceShield;

/// <summary>Working memory of <see cref="LeastInformation"/>: a place for every class in each of the three.</summary>
internal readonly ref struct LeastInformationScratch
{
    public LeastInformationScratch(Span<double> values, Span<double> costs, Span<int> classes)
    {
        Values = values;
        Costs = costs;
        Classes = classes;
    }

    public Span<double> Values { get; }

    public Span<double> Costs { get; }

    public Span<int> Classes { get; }
}

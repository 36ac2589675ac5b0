namespace InferenceShield;

/// <summary>How one output is released, compiled.</summary>
internal sealed record OutputPlan
{
    public OutputPlan(string name, OutputKind kind, HardeningOptions hardening)
    {
        Name = name;
        Kind = kind;
        InverseTemperature = 1 / hardening.Temperature;
        NoiseBudget = hardening.KeyedNoiseBudget;
        TopK = hardening.TopK ?? 0;
        LabelOnly = hardening.LabelOnly || TopK == 1;
        GridUnits = (int)Math.Round(Math.Pow(10, hardening.Decimals));
        GridStep = 1.0 / GridUnits;
        SignificantDigits = hardening.SignificantDigits;
        IsRoundingOnly = !LabelOnly && TopK == 0 && NoiseBudget == 0 && InverseTemperature == 1;
    }

    public string Name { get; }

    /// <summary>Whether nothing but rounding is done to the distribution.</summary>
    public bool IsRoundingOnly { get; }

    public OutputKind Kind { get; }

    public bool IsDistribution => Kind is OutputKind.Logits or OutputKind.Probabilities;

    public double InverseTemperature { get; }

    public double NoiseBudget { get; }

    /// <summary>0 for all classes.</summary>
    public int TopK { get; }

    public bool LabelOnly { get; }

    /// <summary>Grid steps between 0 and 1: 10 to the decimals.</summary>
    public int GridUnits { get; }

    /// <summary>One grid step. As a float, steps times this is the same as steps by <see cref="GridUnits"/>, for every number of
    /// steps of every grid; a test goes through them all.</summary>
    public double GridStep { get; }

    public int SignificantDigits { get; }
}

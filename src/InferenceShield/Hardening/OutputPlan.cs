namespace InferenceShield;

/// <summary>How one output is released in one posture, compiled.</summary>
internal sealed record OutputPlan
{
    /// <param name="name">The output's name.</param>
    /// <param name="kind">What its numbers are.</param>
    /// <param name="hardening">See <see cref="PostureHardening.Of"/>; what is not filled in is as for a normal caller.</param>
    /// <param name="classes">The numbers in a row, if declared; else 0.</param>
    /// <param name="bands">For <see cref="Release.Bands"/>.</param>
    /// <param name="codebook">For <see cref="HardeningOptions.CodebookFile"/>.</param>
    public OutputPlan(
        string name, OutputKind kind, HardeningOptions hardening, int classes = 0, BandSource? bands = null, AnswerCodebook? codebook = null)
    {
        Name = name;
        Kind = kind;
        Classes = classes;
        InverseTemperature = 1 / hardening.Temperature;
        TopK = hardening.TopK ?? 0;
        Release = TopK == 1 ? Release.LabelOnly : hardening.Release ?? Release.Rounding;
        Bands = bands;
        Codebook = codebook;
        (Perturbation, Budget) = hardening switch
        {
            { LeastInformationBudget: > 0 and double budget } => (Perturbation.LeastInformation, budget),
            { KeyedNoiseBudget: > 0 and double budget } => (Perturbation.KeyedNoise, budget),
            _ => (codebook is null ? Perturbation.None : Perturbation.Codebook, 0),
        };
        GridUnits = (int)Math.Round(Math.Pow(10, hardening.Decimals));
        GridStep = 1.0 / GridUnits;
        SignificantDigits = hardening.SignificantDigits ?? 3;
        IsPlain = Perturbation == Perturbation.None && TopK == 0 && Release == Release.Rounding;
        IsRoundingOnly = IsPlain && InverseTemperature == 1;
    }

    public string Name { get; }

    /// <summary>Whether it is plain and at the model's own temperature.</summary>
    public bool IsRoundingOnly { get; }

    public OutputKind Kind { get; }

    /// <summary>The numbers in a row; 0 if not declared.</summary>
    public int Classes { get; }

    public bool IsDistribution => Kind is OutputKind.Logits or OutputKind.Probabilities;

    /// <summary>Whether probabilities are rounded and nothing else is done to them.</summary>
    public bool IsPlain { get; }

    public double InverseTemperature { get; }

    public Perturbation Perturbation { get; }

    /// <summary>Of the perturbation, in L1; 0 if it has none.</summary>
    public double Budget { get; }

    public Release Release { get; }

    /// <summary>0 for all classes.</summary>
    public int TopK { get; }

    public BandSource? Bands { get; }

    /// <summary>Compared by reference: a file that has not changed is not read again, see <see cref="ReleaseFiles"/>.</summary>
    public AnswerCodebook? Codebook { get; }

    /// <summary>Grid steps between 0 and 1: 10 to the decimals.</summary>
    public int GridUnits { get; }

    /// <summary>One grid step. As a float, steps times this is the same as steps by <see cref="GridUnits"/>, for every number of
    /// steps of every grid; a test goes through them all.</summary>
    public double GridStep { get; }

    public int SignificantDigits { get; }
}

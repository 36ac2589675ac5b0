namespace InferenceShield;

/// <summary>How one output is released in one posture, compiled.</summary>
internal sealed record OutputPlan
{
    /// <summary>Tokens that are released unless the options say how many: what serving interfaces give at the most.</summary>
    public const int UsualTokens = 5;

    /// <param name="name">The output's name.</param>
    /// <param name="kind">What its numbers are.</param>
    /// <param name="hardening">See <see cref="PostureHardening.Of"/>; what is not filled in is as for a normal caller.</param>
    /// <param name="classes">The numbers in a row, if declared; else 0.</param>
    /// <param name="bands">For <see cref="Release.Bands"/>.</param>
    /// <param name="codebook">For <see cref="HardeningOptions.CodebookFile"/>.</param>
    /// <param name="inputCell">What has to be known of inputs in some posture; Output for nothing.</param>
    /// <param name="tenantTransform">Whether embeddings are turned by their tenant's transform.</param>
    /// <param name="thresholds">Of independent scores; none means .5.</param>
    public OutputPlan(
        string name, OutputKind kind, HardeningOptions hardening, int classes = 0, BandSource? bands = null, AnswerCodebook? codebook = null,
        NoiseCell inputCell = NoiseCell.Output, bool tenantTransform = false, params ReadOnlySpan<float> thresholds)
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
            { ReverseSigmoid: not null } => (Perturbation.ReverseSigmoid, 0),
            { AdaptiveMisinformation: not null } => (Perturbation.AdaptiveMisinformation, 0),
            _ => (codebook is null ? Perturbation.None : Perturbation.Codebook, 0),
        };
        GridUnits = (int)Math.Round(Math.Pow(10, hardening.Decimals));
        GridStep = 1.0 / GridUnits;
        SignificantDigits = hardening.SignificantDigits ?? 3;
        NoiseKind = hardening.KeyedNoiseKind;
        (Beta, Gamma) = hardening.ReverseSigmoid is { } sigmoid ? (sigmoid.Beta, sigmoid.Gamma) : default;
        (Tau, Nu) = hardening.AdaptiveMisinformation is { } misinformation ? (misinformation.Tau, misinformation.Nu) : default;
        NoiseCell = hardening.NoiseCell ?? NoiseCell.Output;
        InputCell = inputCell;
        HasTenantTransform = tenantTransform;
        ConfidenceCutoff = hardening.ConfidenceCutoff ?? 0;
        ConfidenceCap = hardening.ConfidenceCap ?? 1;
        TopKRemainder = hardening.TopKRemainder;
        ProbabilityDigits = hardening.ProbabilityDigits ?? 0;
        QuantisationStep = hardening.QuantisationStep ?? 0;
        IsPlain = Perturbation == Perturbation.None && TopK == 0 && ConfidenceCap == 1 && ConfidenceCutoff == 0 && ProbabilityDigits == 0 && Release == Release.Rounding;
        Scores = kind is OutputKind.SigmoidLogits or OutputKind.SigmoidProbabilities
            ? new ScorePlan(kind == OutputKind.SigmoidLogits, ScoreDecimals(Release, hardening.Decimals), thresholds)
            : null;
        Embedding = kind == OutputKind.Embedding ? new EmbeddingPlan(hardening.CosineBudget ?? 0, SignificantDigits) : null;
        Tokens = kind == OutputKind.TokenLogits ? new TokenLogitsPlan(TokensOf(Release, hardening.TopK), TokenDecimals(Release, hardening.Decimals)) : null;
        IsRoundingOnly = IsPlain && InverseTemperature == 1;
        NeedsLeadingFewOnly = kind == OutputKind.Logits && Perturbation == Perturbation.None && Release == Release.Rounding && InverseTemperature == 1 && ConfidenceCap == 1
            && TopK is > 1 and <= LeadingFew.Most && TopKRemainder == TopKRemainder.Zero && ProbabilityDigits == 0;
        NeedsLeaderOnly = Perturbation == Perturbation.None
            && (Release == Release.LabelOnly || (Release == Release.Bands && InverseTemperature == 1 && ConfidenceCap == 1 && ConfidenceCutoff == 0));
        NeedsMore = Tokens is not null || InputCell != NoiseCell.Output || HasTenantTransform;
    }

    public string Name { get; }

    /// <summary>What marks answers; null for nothing.</summary>
    public MarkPlan? Marks { get; init; }

    /// <summary>The option of a mark that needs inputs in some posture, below Watermark; null if there is none. The same in every posture,
    /// whether this one has the mark or not.</summary>
    public string? MarkNeed
    {
        get;
        init
        {
            field = value;
            NeedsMore |= value is not null;
        }
    }

    /// <summary>Whether it is plain and at the model's own temperature.</summary>
    public bool IsRoundingOnly { get; }

    /// <summary>Whether of the distribution only the leading class counts, and which class comes second.</summary>
    public bool NeedsLeaderOnly { get; }

    /// <summary>Whether only the few classes that are kept count.</summary>
    public bool NeedsLeadingFewOnly { get; }

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

    public NoiseKind NoiseKind { get; }

    /// <summary>What keyed noise is a function of in this posture.</summary>
    public NoiseCell NoiseCell { get; }

    /// <summary>What has to be known of the inputs of a call: the same in every posture, whether this one uses it or not.</summary>
    public NoiseCell InputCell { get; }

    public bool HasTenantTransform { get; }

    /// <summary>Whether a call has to be checked for more than its shape.</summary>
    public bool NeedsMore { get; private init; }

    /// <summary>Of a reverse sigmoid.</summary>
    public double Beta { get; }

    /// <summary>See <see cref="Beta"/>.</summary>
    public double Gamma { get; }

    /// <summary>Of adaptive misinformation.</summary>
    public double Tau { get; }

    /// <summary>See <see cref="Tau"/>.</summary>
    public double Nu { get; }

    /// <summary>0 for none.</summary>
    public double ConfidenceCutoff { get; }

    /// <summary>1 for none.</summary>
    public double ConfidenceCap { get; }

    public TopKRemainder TopKRemainder { get; }

    /// <summary>0 for decimals.</summary>
    public int ProbabilityDigits { get; }

    /// <summary>Of regression values; 0 for significant digits.</summary>
    public double QuantisationStep { get; }

    /// <summary>Whether a row of it has one leading class.</summary>
    public bool HasLabel => IsDistribution || Kind == OutputKind.TokenLogits;

    /// <summary>For independent scores; else null.</summary>
    public ScorePlan? Scores { get; }

    /// <summary>For an embedding; else null.</summary>
    public EmbeddingPlan? Embedding { get; }

    /// <summary>For token logits; else null.</summary>
    public TokenLogitsPlan? Tokens { get; }

    /// <summary>Whether keyed noise is drawn for an output so released.</summary>
    public static bool HasNoise(OutputKind kind, HardeningOptions hardening) => kind switch
    {
        OutputKind.Logits or OutputKind.Probabilities => hardening.KeyedNoiseBudget > 0,
        OutputKind.Regression => hardening.QuantisationStep is not null,
        OutputKind.Embedding => hardening.CosineBudget > 0,
        _ => false,
    };

    /// <summary>Bands have no meaning for a score by itself: one decimal is as coarse.</summary>
    private static int ScoreDecimals(Release release, int decimals) => release switch
    {
        Release.Rounding => decimals,
        Release.Bands => 1,
        _ => 0,
    };

    private static int TokensOf(Release release, int? topK) => release == Release.LabelOnly ? 1 : Math.Min(topK ?? UsualTokens, TokenLogitsPlan.MostTokens);

    private static int TokenDecimals(Release release, int decimals) => release == Release.Rounding ? decimals : 1;
}

namespace InferenceShield.Lab;

/// <summary>What a suspect is tested with: the target, the marks and their key, and the queries.</summary>
/// <remarks>Nothing in it is changed, and nothing disposed of.</remarks>
public sealed record VerificationRequest
{
    /// <summary>Beside an exact p-value.</summary>
    internal const int DefaultKeys = 1000;

    /// <summary>Where the p-value is a rank among them.</summary>
    internal const int DefaultRankKeys = 20_000;

    /// <summary>The protected model, without a shield: its clean scores say which answers were marked, and how.</summary>
    public required IClassifier Target { get; init; }

    /// <summary>The key of its marks.</summary>
    public required MarkKey Key { get; init; }

    /// <summary>The marks of the posture that answered the queries, as they were committed to.</summary>
    public required WatermarkOptions Marks { get; init; }

    /// <summary>
    /// Inputs that the thief is likely to have asked: those of the evidence list or of the operator's own log. Others of the same kind tell only of marks that
    /// are keyed by cell. Labels are not looked at, and repeated rows are asked once.
    /// </summary>
    public required Dataset Queries { get; init; }

    /// <summary>Further inputs, of which up to 200 that carry no mark, and that the target is sure of, only show which class of the suspect is which.</summary>
    /// <value>The default, <see langword="null"/>, is such rows of <see cref="Queries"/>: a list of marked queries has hardly any.</value>
    public Dataset? Probes { get; init; }

    /// <summary>Where benign inputs lie, for marks that are placed in inputs.</summary>
    /// <value>The default, <see langword="null"/>, leaves their tests out.</value>
    public InputSpace? InputSpace { get; init; }

    /// <summary>For each class of the suspect the target's, or -1 for none.</summary>
    /// <value>The default, <see langword="null"/>, takes them in order, or as confident answers that carry no mark agree best.</value>
    public IReadOnlyList<int>? ClassMap { get; init; }

    /// <summary>Models that are known to be independent.</summary>
    /// <value>None by default.</value>
    public IReadOnlyList<VerificationControl> Controls { get; init; } = [];

    /// <summary>Results of tests that other means gave, such as a fingerprint, to be combined with these.</summary>
    /// <value>None by default.</value>
    public IReadOnlyList<OwnershipTestResult> FurtherTests { get; init; } = [];

    /// <summary>The id of the commitment that the key opened.</summary>
    /// <value>The default is none, and the report says so.</value>
    public string Commitment { get; init; } = "";

    /// <summary>The ids of your other commitments to marks of the same model. Each is a key that may have been tried, so that p is multiplied by one more than their number.</summary>
    /// <value>None by default.</value>
    public IReadOnlyList<string> OtherCommitments { get; init; } = [];

    /// <summary>What <see cref="EvidenceDigest.Bind"/> gave for the list that <see cref="Queries"/> are from, all of it.</summary>
    /// <value>The default is <see langword="null"/>, and the report says that queries could have been chosen.</value>
    public EvidenceBinding? Binding { get; init; }

    /// <summary>Keys that nobody marked anything with, which every test is calibrated on.</summary>
    /// <value>300 to 100,000; the default, <see langword="null"/>, is 1,000 beside an exact p-value and 20,000 where the p-value is a rank among them: fewer than
    /// 10,000 cannot give .0001, which a verdict takes. Control models have 1,000 then.</value>
    public int? RandomKeys { get; init; }

    /// <summary>The p-value that a plan says the needed queries for. Whether answers suffice for a verdict is judged at .0001, the verdict's own.</summary>
    /// <value>1e-100 to .01; the default is 1e-6.</value>
    public double WantedPValue { get; init; } = 1e-6;

    /// <summary>The share of marked answers that a copy is expected to repeat.</summary>
    /// <value>Above .5 and below 1; the default is .7: well-regularised copies showed .68 to .75, standard ones .85 to .99.</value>
    public double ExpectedMatch { get; init; } = 0.7;

    /// <summary>The most queries that are asked; those that count are drawn with <see cref="Seed"/>.</summary>
    /// <value>From 1; the default, <see langword="null"/>, is all that count and up to 200 more to compare classes by.</value>
    public int? MostQueries { get; init; }

    /// <summary>Rows that are asked at once.</summary>
    /// <value>1 to 4,096; the default is 32.</value>
    public int RowsPerCall { get; init; } = 32;

    /// <summary>The longest wait that a suspect which throttles may ask for; a longer one ends the asking, with what there is.</summary>
    /// <value>The default is 2 minutes.</value>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The file that keeps answers as they come.</summary>
    /// <value>The default, <see langword="null"/>, keeps them in memory.</value>
    public string? AnswersFile { get; init; }

    /// <summary>Whether to go on with the answers in that file; else it is set aside.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool Resume { get; init; }

    /// <summary>Random keys, and which queries are asked, follow from it.</summary>
    /// <value>The default is 1. With a commitment, take what it binds you to.</value>
    public ulong Seed { get; init; } = 1;

    /// <summary>Tells the time of the report.</summary>
    /// <value>The default is the system's.</value>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Random keys of the suspect's p-values.</summary>
    internal int KeysOf(PValueMethod method) => RandomKeys ?? (method == PValueMethod.RandomKeys ? DefaultRankKeys : DefaultKeys);

    /// <summary>Random keys of the controls' p-values.</summary>
    internal int ControlKeys => RandomKeys ?? DefaultKeys;

    /// <exception cref="ArgumentException">Something does not fit the target, or is out of its range.</exception>
    internal void Validate()
    {
        Require(Queries.Width == Target.InputLength, $"Queries have {Queries.Width} values a row; the target takes {Target.InputLength}. Give inputs of the target's shape.");
        Require(Probes is null || Probes.Width == Target.InputLength, $"{nameof(Probes)} have {Probes?.Width} values a row; the target takes {Target.InputLength}. Give inputs of the target's shape.");
        Require(Queries.Count > 0, $"There are {Queries.Count} queries. Give inputs that the thief is likely to have asked.");
        Require(RandomKeys is null or (>= KeyCalibration.FewestKeys and <= KeyCalibration.MostKeys), $"{nameof(RandomKeys)} is {RandomKeys}; allowed are {KeyCalibration.FewestKeys} to {KeyCalibration.MostKeys}.");
        Require(WantedPValue is >= 1e-100 and <= 0.01, $"{nameof(WantedPValue)} is {WantedPValue}; allowed are 1e-100 to .01.");
        Require(ExpectedMatch is > 0.5 and < 1, $"{nameof(ExpectedMatch)} is {ExpectedMatch}; allowed are numbers above .5 and below 1.");
        Require(MostQueries is null or >= 1, $"{nameof(MostQueries)} is {MostQueries}; allowed are numbers from 1 on.");
        Require(RowsPerCall is >= 1 and <= 4096, $"{nameof(RowsPerCall)} is {RowsPerCall}; allowed are 1 to 4096.");
        Require(LongestWait >= TimeSpan.Zero, $"{nameof(LongestWait)} is below zero.");
        Require(AnswersFile is not null || !Resume, $"{nameof(Resume)} needs {nameof(AnswersFile)}.");
        foreach (VerificationControl control in Controls)
        {
            Require(
                control.Model.InputLength == Target.InputLength && control.Model.ClassCount == Target.ClassCount,
                $"Control '{control.Name}' takes {control.Model.InputLength} values and has {control.Model.ClassCount} classes; the target takes {Target.InputLength} and has {Target.ClassCount}.");
        }
    }

    private static void Require(bool holds, FormattableString otherwise)
    {
        if (!holds)
        {
            throw new ArgumentException(otherwise.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}

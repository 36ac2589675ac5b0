namespace InferenceShield.Lab;

/// <summary>What a suspect's embeddings are tested with: the target, its direction mark and key, and the queries.</summary>
/// <remarks>Nothing in it is changed, and nothing disposed of. What is not said here is as in <see cref="VerificationRequest"/>.</remarks>
public sealed record EmbeddingVerificationRequest
{
    /// <summary>The protected model, without a shield: answers with its clean embeddings.</summary>
    public required IOracle Target { get; init; }

    /// <summary>The key of its marks.</summary>
    public required MarkKey Key { get; init; }

    /// <summary>The mark of the posture that answered, as it was committed to.</summary>
    public required DirectionMarkOptions Mark { get; init; }

    /// <summary>Inputs like those that the target is asked. A copy that was trained carries the mark on inputs that nobody asked, too. Labels are not looked at, and repeated rows are
    /// asked once.</summary>
    /// <value>At least four for each dimension of the larger of both embeddings, and four more.</value>
    public required Dataset Queries { get; init; }

    /// <summary>Models that are known to be independent.</summary>
    /// <value>None by default.</value>
    public IReadOnlyList<EmbeddingControl> Controls { get; init; } = [];

    /// <summary>The id of the commitment that the key opened.</summary>
    /// <value>The default is none, and the report says so.</value>
    public string Commitment { get; init; } = "";

    /// <summary>The ids of your other commitments to marks of the same model. Each is a key that may have been tried, so that p is multiplied by one more than their number.</summary>
    /// <value>None by default. A p that is multiplied needs more than the default of <see cref="RandomKeys"/> for a verdict.</value>
    public IReadOnlyList<string> OtherCommitments { get; init; } = [];

    /// <summary>What <see cref="EvidenceDigest.Bind"/> gave for the list that <see cref="Queries"/> are from, all of it.</summary>
    /// <value>The default is <see langword="null"/>, and the report says that queries could have been chosen.</value>
    public EvidenceBinding? Binding { get; init; }

    /// <summary>Keys that nobody marked anything with, among which the owner's is ranked.</summary>
    /// <value>300 to 100,000; the default, <see langword="null"/>, is 20,000, and 1,000 for controls. Fewer than 10,000 cannot give .0001, which a verdict takes.</value>
    public int? RandomKeys { get; init; }

    /// <summary>The p-value that a plan says the needed queries for.</summary>
    /// <value>1e-100 to .01; the default is .0001: a rank among 20,000 keys is not below .00005.</value>
    public double WantedPValue { get; init; } = VerdictRules.Copying;

    /// <summary>The most queries that are asked, drawn with <see cref="Seed"/>.</summary>
    /// <value>From 1; the default, <see langword="null"/>, is all.</value>
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

    /// <summary>Random keys of the suspect's p-value.</summary>
    internal int Keys => RandomKeys ?? VerificationRequest.DefaultRankKeys;

    /// <summary>Random keys of the controls' p-values.</summary>
    internal int ControlKeys => RandomKeys ?? VerificationRequest.DefaultKeys;

    /// <exception cref="ArgumentException">Something does not fit the target, or is out of its range.</exception>
    internal void Validate()
    {
        Require(Queries.Width == Target.InputLength, $"Queries have {Queries.Width} values a row; the target takes {Target.InputLength}. Give inputs of the target's shape.");
        Require(Target.AnswerLength >= 2, $"The target answers with {Target.AnswerLength} number a row; an embedding has 2 or more. Name its output.");
        Require(Mark is { Directions: >= 1 and <= DirectionMark.Most, CosineBudget: >= 0.0001 and <= 0.1 },
            $"The mark has {Mark.Directions} directions and a cosine budget of {Mark.CosineBudget}; a shield has 1 to {DirectionMark.Most} and .0001 to .1. Give the options that answers were marked with.");
        Require(RandomKeys is null or (>= 300 and <= 100_000), $"{nameof(RandomKeys)} is {RandomKeys}; allowed are 300 to 100000.");
        Require(WantedPValue is >= 1e-100 and <= 0.01, $"{nameof(WantedPValue)} is {WantedPValue}; allowed are 1e-100 to .01.");
        Require(MostQueries is null or >= 1, $"{nameof(MostQueries)} is {MostQueries}; allowed are numbers from 1 on.");
        Require(RowsPerCall is >= 1 and <= 4096, $"{nameof(RowsPerCall)} is {RowsPerCall}; allowed are 1 to 4096.");
        Require(LongestWait >= TimeSpan.Zero, $"{nameof(LongestWait)} is below zero.");
        Require(AnswersFile is not null || !Resume, $"{nameof(Resume)} needs {nameof(AnswersFile)}.");
        foreach (EmbeddingControl control in Controls)
        {
            RequireModel($"Control '{control.Name}'", control.Model);
        }
    }

    /// <exception cref="ArgumentException">The model's shapes do not fit.</exception>
    internal void RequireModel(string name, IOracle model)
    {
        Require(model.InputLength == Target.InputLength, $"{name} takes rows of {model.InputLength} values; the target takes {Target.InputLength}. Only a model with the target's inputs can be tested.");
        Require(model.AnswerLength >= 2, $"{name} answers with {model.AnswerLength} number a row; an embedding has 2 or more. Labels say nothing of a mark in embeddings.");
    }

    private static void Require(bool holds, FormattableString otherwise)
    {
        if (!holds)
        {
            throw new ArgumentException(otherwise.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}

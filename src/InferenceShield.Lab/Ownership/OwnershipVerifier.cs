using System.Globalization;

namespace InferenceShield.Lab;

/// <summary>Tests whether a model is a copy of a marked one.</summary>
/// <remarks>
/// <para>Every test compares a suspect's answers with what the owner's key picks, and gives the chance that a key which nobody marked anything with fits as
/// well. That is calibrated on random keys in each run, and on independent models if some are given.</para>
/// <para>The same request, suspect and seed give the same report, apart from its time. Thread-safe.</para>
/// </remarks>
public static class OwnershipVerifier
{
    private const long MostChoices = 1L << 52;

    /// <summary>Says how many queries are needed. Asks no suspect.</summary>
    /// <param name="request">What a suspect would be tested with.</param>
    /// <exception cref="ArgumentException">Something in the request is at fault.</exception>
    public static VerificationPlan Plan(VerificationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new VerificationSetup(request).Plan();
    }

    /// <summary>Asks a suspect and tests its answers.</summary>
    /// <param name="request">What to test it with.</param>
    /// <param name="suspect">Asked in batches, one after another; waits are the suspect's clock's.</param>
    /// <param name="progress">Told after each batch; null for nobody.</param>
    /// <param name="cancellationToken">Ends the asking. Answers in <see cref="VerificationRequest.AnswersFile"/> stay.</param>
    /// <returns>What was found. A suspect that stops answering gives a report on what it answered, which says so.</returns>
    /// <exception cref="ArgumentException">Something in the request is at fault, the suspect's shapes do not fit the target's, or a control does another task.</exception>
    /// <exception cref="OracleException">The suspect answered nothing, or with what is no answer.</exception>
    /// <exception cref="InvalidDataException">The kept answers are damaged, or of other queries.</exception>
    /// <remarks>Cost: the queries, and for each test and random key a hash a cell or input.</remarks>
    public static async Task<VerificationReport> VerifyAsync(
        VerificationRequest request, Suspect suspect, IProgress<VerificationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(suspect);
        VerificationSetup setup = new(request);
        setup.RequireControls();
        Questioning questioning = new(setup, suspect);
        SuspectAnswers answers = await questioning.AskAsync(progress, cancellationToken).ConfigureAwait(false);
        SuspectAnswers[] controls = [.. request.Controls.Select(control => SuspectAnswers.Of(control.Model, setup.Queries).Only(answers))];
        List<string> notes = [.. setup.Missing, .. questioning.Notes];
        List<OwnershipTestResult> results = [];
        foreach (OwnershipTest test in setup.Tests)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (test.NeedsScores && answers.Scores is null)
            {
                notes.Add($"The {test.Name} test needs scores, and the suspect answers labels alone: it was left out.");
                continue;
            }

            results.Add(KeyCalibration.Run(test, request, answers, controls));
        }

        results.AddRange(request.FurtherTests);
        return Judge(new VerificationReport
        {
            Model = request.Key.Model,
            Suspect = suspect.Name,
            SuspectIdentity = suspect.Identity,
            Commitment = request.Commitment,
            OtherCommitments = [.. request.OtherCommitments],
            Binding = Count(request.Binding, setup.Given, questioning.Answered >= setup.All, questioning.Maps),
            Time = request.Time.GetUtcNow(),
            Version = typeof(OwnershipVerifier).Assembly.GetName().Version?.ToString(3) ?? "",
            Seed = request.Seed,
            Tests = results,
            Queries = questioning.Answered,
            Controls = [.. request.Controls.Select(static control => control.Name)],
            Notes = notes,
            Record = VerificationRecord.Of(suspect.Name, setup, answers, controls),
            Words = "",
            Limits = [],
        });
    }

    /// <summary>Judges several suspects together: each p-value is adjusted by Holm's method, so that asking many accuses none the sooner.</summary>
    /// <param name="reports">One for each suspect, as <see cref="VerifyAsync"/> gave it.</param>
    public static IReadOnlyList<VerificationReport> Adjust(IReadOnlyList<VerificationReport> reports)
    {
        ArgumentNullException.ThrowIfNull(reports);
        double[] adjusted = Combination.Holm([.. reports.Select(static report => report.CombinedPValue)]);
        return [.. reports.Select((report, i) =>
        {
            string how = string.Create(CultureInfo.InvariantCulture, $" Then Holm's adjustment over {reports.Count} suspects.");
            return VerdictRules.Apply(report with { CombinedPValue = adjusted[i], Combination = report.Combination + (reports.Count > 1 ? how : "") });
        })];
    }

    /// <summary>The order of queries is fixed by seed and list; where the asking ends is not, and every end is one that could have been chosen. So could a class map, which
    /// leaves answers out or makes them others.</summary>
    internal static EvidenceBinding? Count(EvidenceBinding? binding, int given, bool isWhole, double maps = 1)
    {
        double choices = (binding?.Choices ?? 1) * (isWhole ? 1.0 : given) * maps;
        return binding is null ? null : binding with { Choices = choices < MostChoices ? (long)choices : MostChoices };
    }

    /// <summary>Combines a report's tests and gives its verdict.</summary>
    internal static VerificationReport Judge(VerificationReport report)
    {
        (double pValue, string how) = Combination.Of(report);
        return VerdictRules.Apply(report with { CombinedPValue = pValue, Combination = how });
    }
}

using System.Globalization;

namespace InferenceShield;

/// <summary>Adds up the odometers of two groups of callers and compares their policies in words. Not thread-safe.</summary>
internal struct TrialComparison
{
    /// <summary>Standard errors to either side of a mean: 95 % of a normal distribution.</summary>
    private const double Errors = 1.96;

    private (long Callers, double Sum, double Squares) _policy;
    private (long Callers, double Sum, double Squares) _trial;

    /// <summary>Takes in one caller.</summary>
    /// <param name="inTrial">Whether it is in the trial.</param>
    /// <param name="odometer">0 to 1; 0 where nothing is detected.</param>
    public void Add(bool inTrial, double odometer)
    {
        ref (long Callers, double Sum, double Squares) arm = ref inTrial ? ref _trial : ref _policy;
        arm = (arm.Callers + 1, arm.Sum + odometer, arm.Squares + (odometer * odometer));
    }

    /// <param name="share">Of callers in the trial.</param>
    /// <param name="hasOdometers">Whether what was added says anything.</param>
    /// <param name="policy">Of callers outside.</param>
    /// <param name="policyAnswers">Rows, in all postures.</param>
    /// <param name="trial">Of callers inside.</param>
    /// <param name="trialAnswers">Rows, in all postures.</param>
    public readonly TrialReport ToReport(double share, bool hasOdometers, UtilityStatistics policy, long policyAnswers, UtilityStatistics trial, long trialAnswers) => new()
    {
        Share = share,
        Policy = ArmOf(_policy, hasOdometers, policy, policyAnswers),
        Trial = ArmOf(_trial, hasOdometers, trial, trialAnswers),
        Comparison = $"{CompareUtility(policy, trial)} {CompareLeak(hasOdometers)}",
    };

    private static TrialArm ArmOf((long Callers, double Sum, double Squares) arm, bool hasOdometers, UtilityStatistics utility, long answers)
    {
        bool isKnown = hasOdometers && arm.Callers > 1;
        double mean = isKnown ? arm.Sum / arm.Callers : 0;
        double error = isKnown ? Errors * Math.Sqrt(SquaredErrorOf(arm)) : 0;
        return new TrialArm
        {
            Callers = arm.Callers,
            Answers = answers,
            Utility = utility,
            Odometer = isKnown ? mean : null,
            OdometerLow = isKnown ? Math.Max(0, mean - error) : null,
            OdometerHigh = isKnown ? Math.Min(1, mean + error) : null,
        };
    }

    private static string CompareUtility(UtilityStatistics policy, UtilityStatistics trial) => policy.Sampled == 0 || trial.Sampled == 0
        ? "Too few answers to compare what the policies cost."
        : string.Create(CultureInfo.InvariantCulture,
            $"Answers of the trial lie {trial.MeanDistance:F4} from the clean ones in the mean (L1, 0 to 2), those of the policy {policy.MeanDistance:F4}; the leading class was lost in {trial.TopChanged} of {trial.Rows} rows and in {policy.TopChanged} of {policy.Rows}.");

    private readonly string CompareLeak(bool hasOdometers)
    {
        if (!hasOdometers || _policy.Callers < 2 || _trial.Callers < 2)
        {
            return "Too few callers, or no odometer, to compare what they leak.";
        }

        double policy = _policy.Sum / _policy.Callers;
        double trial = _trial.Sum / _trial.Callers;
        double error = Errors * Math.Sqrt(SquaredErrorOf(_policy) + SquaredErrorOf(_trial));
        double difference = trial - policy;
        string verdict = Math.Abs(difference) <= error ? "no more than chance makes" : difference > 0 ? "callers in the trial cover more" : "callers in the trial cover less";
        return string.Create(CultureInfo.InvariantCulture,
            $"Callers in the trial have covered {trial:P1} of benign traffic in the mean, others {policy:P1}: a difference of {difference * 100:+0.0;-0.0;0.0} points, give or take {error * 100:F1} ({verdict}). Coverage counts which queries were answered, not how finely.");
    }

    private static double SquaredErrorOf((long Callers, double Sum, double Squares) arm)
    {
        double mean = arm.Sum / arm.Callers;
        return Math.Max(0, (arm.Squares / arm.Callers) - (mean * mean)) / (arm.Callers - 1);
    }
}

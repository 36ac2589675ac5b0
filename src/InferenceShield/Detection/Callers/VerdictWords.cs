using System.Globalization;

namespace InferenceShield;

/// <summary>Says in words what an alarm rests on.</summary>
internal static class VerdictWords
{
    /// <summary>By scalar: what a larger and a smaller mean say, and what its square is about.</summary>
    private static readonly (string More, string Less, string Quantity)[] s_words =
    [
        ("answers are more certain", "answers are less certain", "the certainty of answers"),
        ("the two leading labels are further apart", "the two leading labels are closer together", "the gap between the two leading labels"),
        ("answers are spread over more labels", "answers are spread over fewer labels", "the spread of answers over labels"),
        ("second labels are more unusual", "second labels are more usual", "the unusualness of second labels"),
        ("answers are more unusual for their labels", "answers are more usual for their labels", "the unusualness of answers"),
        ("inputs have larger values", "inputs have smaller values", "the mean of inputs"),
        ("inputs vary more within themselves", "inputs vary less within themselves", "the variation within inputs"),
        ("inputs are emptier", "inputs are fuller", "the emptiness of inputs"),
        ("neighbouring values of inputs differ more", "neighbouring values of inputs differ less", "the roughness of inputs"),
        ("inputs lie further from typical ones of their labels", "inputs lie closer to typical ones of their labels", "the distance of inputs from typical ones"),
        ("inputs resemble typical ones of their labels more", "inputs resemble typical ones of their labels less", "the resemblance of inputs to typical ones"),
        ("inputs are more unusual for their labels", "inputs are more usual for their labels", "the unusualness of inputs"),
    ];

    /// <summary>The verdict of an alarm.</summary>
    public static DetectionVerdict Describe(DetectionFamily family, DetectionLevel level, in CallerAlarm alarm)
    {
        List<string> reasons = new(CallerAlarm.MostReasons);
        for (int reason = 0; reason < CallerAlarm.MostReasons && alarm.Codes[reason] != 0; reason++)
        {
            reasons.Add(Say(alarm.Codes[reason], alarm.Amounts[reason]));
        }

        return new DetectionVerdict
        {
            Family = family,
            Level = level,
            Statistic = (DetectionStatistic)alarm.Statistic,
            Queries = alarm.Queries,
            Value = alarm.Value,
            Threshold = alarm.Threshold,
            Promise = Decimal(alarm.Promise),
            IsExtrapolated = alarm.IsExtrapolated,
            IsAdvisory = alarm.IsAdvisory,
            Epoch = alarm.Epoch,
            LatestEpoch = alarm.LatestEpoch,
            Epochs = alarm.Epochs,
            Reasons = reasons,
        };
    }

    /// <summary>One reason.</summary>
    public static string Say(byte code, float amount) => code switch
    {
        AlarmReasons.NearDuplicates => Count(amount, "inputs are nearly, but not exactly, inputs asked shortly before"),
        AlarmReasons.Outliers => Count(amount, "queries are stranger than 99 % of calibrated ones"),
        AlarmReasons.TrainedOutliers => Count(amount, "queries look more like altered inputs than 99 % of calibrated ones"),
        >= AlarmReasons.Benign => Say(code - AlarmReasons.Benign, amount, "calibrated queries"),
        _ => Say(code - 1, amount, "calibrated callers"),
    };

    private static string Say(int place, float amount, string others)
    {
        (string more, string less, string quantity) = s_words[place % QuerySignals.ScalarCount];
        string deviations = string.Create(CultureInfo.InvariantCulture, $"({amount:+0.0;-0.0} standard deviations)");
        return place < QuerySignals.ScalarCount
            ? $"{(amount < 0 ? less : more)} than those of {others} {deviations}"
            : $"{quantity} is {(amount < 0 ? "less" : "more")} often extreme than with {others} {deviations}";
    }

    private static string Count(float amount, string what) => string.Create(CultureInfo.InvariantCulture, $"{amount:0} of the last 64 {what}");

    // .01f is to be read as .01.
    private static double Decimal(float promise) => float.IsNaN(promise) ? double.NaN : (double)(decimal)promise;
}

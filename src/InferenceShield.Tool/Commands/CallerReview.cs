using System.Globalization;
using System.Text;

namespace InferenceShield.Tool;

/// <summary>What <c>calibrate --log</c> says of callers that look like attackers, and which ones it is told to leave out.</summary>
internal static class CallerReview
{
    private const int MostListed = 50;
    private const int Digits = 16;

    /// <summary>Reads <c>--leave-out</c>.</summary>
    /// <param name="values">Each a pseudonym, or a file with one at the start of each line; what follows it there, and empty lines, are passed over.</param>
    public static IReadOnlySet<ulong> ReadLeaveOut(IEnumerable<string> values)
    {
        HashSet<ulong> callers = [];
        foreach (string value in values)
        {
            if (TryParse(value, out ulong caller))
            {
                callers.Add(caller);
                continue;
            }

            if (!File.Exists(value))
            {
                throw new MistakeException($"--leave-out {value}: neither {Digits} hexadecimal digits nor a file. Give what the review lists.");
            }

            foreach ((int number, string line) in File.ReadLines(value).Index().Where(line => !string.IsNullOrWhiteSpace(line.Item)))
            {
                callers.Add(TryParse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[0], out ulong listed)
                    ? listed
                    : throw new MistakeException($"'{value}', line {number + 1} does not begin with {Digits} hexadecimal digits. Give what the review lists, a caller a line."));
            }
        }

        return callers;
    }

    /// <summary>The review in words, a line for each of the first callers.</summary>
    public static string Describe(DetectionReview review)
    {
        if (review.Alarmed.Count == 0)
        {
            return string.Create(CultureInfo.InvariantCulture, $"Review: none of {review.Callers:N0} callers looks like an attacker, even if one in ten is expected to be one.");
        }

        StringBuilder text = new();
        text.AppendLine(CultureInfo.InvariantCulture, $"Review: {review.Alarmed.Count:N0} of {review.Callers:N0} callers ({Share(review):P1}) are alarmed if one in ten is expected to be an attacker:");
        foreach (ReviewedCaller caller in review.Alarmed.Take(MostListed))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  {caller.Pseudonym:x16}  {caller.Queries:N0} queries  {caller.Verdict.Family}: {string.Join("; ", caller.Verdict.Reasons)}");
        }

        if (review.Alarmed.Count > MostListed)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  and {review.Alarmed.Count - MostListed:N0} more");
        }

        text.Append("Attackers in a log hide others like them. Find out who these callers are, and calibrate again with --leave-out for those known to be attackers. Keep the others: honest callers are on this list too, and without them more are alarmed than promised.");
        return text.ToString();
    }

    /// <summary>The review for JSON.</summary>
    public static object Fields(DetectionReview review) => new
    {
        callers = review.Callers,
        alarmed = review.Alarmed.Count,
        share = Share(review),
        listed = review.Alarmed.Take(MostListed).Select(caller => new
        {
            caller = caller.Pseudonym.ToString("x16", CultureInfo.InvariantCulture),
            queries = caller.Queries,
            family = caller.Verdict.Family.ToString(),
            reasons = caller.Verdict.Reasons,
        }),
    };

    private static double Share(DetectionReview review) => (double)review.Alarmed.Count / review.Callers;

    private static bool TryParse(string text, out ulong caller)
    {
        caller = 0;
        return text.Length == Digits && ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out caller);
    }
}

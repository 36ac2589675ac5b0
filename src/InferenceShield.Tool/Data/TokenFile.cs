using System.Globalization;

namespace InferenceShield.Tool;

/// <summary>Texts as token ids: numbers with white space between them, a text a line.</summary>
internal static class TokenFile
{
    /// <summary>All texts, one after another.</summary>
    public static int[] Read(string path)
    {
        List<int> tokens = [];
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            foreach (string part in line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            {
                tokens.Add(int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int token)
                    ? token
                    : throw new MistakeException(string.Create(CultureInfo.InvariantCulture, $"'{path}', line {number}: there is something that is no token id. Give whole numbers from 0 on with white space between them, a text a line.")));
            }
        }

        return tokens.Count > 0 ? [.. tokens] : throw new MistakeException($"'{path}' holds no tokens. Give whole numbers with white space between them, a text a line.");
    }
}

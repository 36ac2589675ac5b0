using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace InferenceShield.Lab;

/// <summary>JSON of which every value has one text only, so that digests and signatures of it mean something: RFC 8785 (JCS).</summary>
/// <remarks>Members in the order of their UTF-16 names, no white space, numbers as ECMAScript writes them. Integers beyond 2^53 are
/// refused: who reads them as doubles would read others. They go into text.</remarks>
internal static class CanonicalJson
{
    /// <summary>Levels that are read.</summary>
    public const int MostDepth = 32;

    private const long GreatestInteger = 1L << 53;

    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false, MaxDepth = MostDepth };

    /// <summary>The canonical text of a value, in UTF-8.</summary>
    /// <exception cref="FormatException">A number or a text that has no canonical form.</exception>
    public static byte[] Write(JsonNode value)
    {
        using JsonDocument document = JsonDocument.Parse(value.ToJsonString(), s_strict);
        return Write(document.RootElement);
    }

    /// <inheritdoc cref="Write(JsonNode)"/>
    public static byte[] Write(JsonElement value)
    {
        StringBuilder text = new();
        try
        {
            Append(text, value);
        }
        catch (InvalidOperationException exception)
        {
            throw new FormatException("A text holds half of a surrogate pair, which UTF-8 cannot carry.", exception);
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>Reads an object and refuses every other text of it than the canonical one.</summary>
    /// <exception cref="FormatException">It is no JSON object, or has a name twice, or is not in canonical form.</exception>
    public static JsonElement ParseObject(ReadOnlySpan<byte> utf8)
    {
        JsonElement root;
        try
        {
            using JsonDocument document = JsonDocument.Parse(new ReadOnlySequence<byte>(utf8.ToArray()), s_strict);
            root = document.RootElement.Clone();
        }
        catch (JsonException exception)
        {
            throw new FormatException("it is no JSON, is cut short, or has a name twice", exception);
        }
        catch (InvalidOperationException exception)
        {
            throw new FormatException("a name in it holds half of a surrogate pair, which UTF-8 cannot carry", exception);
        }

        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("it is no JSON object");
        }

        return Write(root).AsSpan().SequenceEqual(utf8) ? root : throw new FormatException("it is not in canonical form (RFC 8785): something has written it anew");
    }

    private static void Append(StringBuilder text, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                char before = '{';
                foreach (JsonProperty member in value.EnumerateObject().OrderBy(static member => member.Name, StringComparer.Ordinal))
                {
                    text.Append(before);
                    AppendText(text, member.Name);
                    text.Append(':');
                    Append(text, member.Value);
                    before = ',';
                }

                text.Append(before == '{' ? "{}" : "}");
                break;
            case JsonValueKind.Array:
                text.Append('[');
                int start = text.Length;
                foreach (JsonElement item in value.EnumerateArray())
                {
                    if (text.Length > start)
                    {
                        text.Append(',');
                    }

                    Append(text, item);
                }

                text.Append(']');
                break;
            case JsonValueKind.String:
                AppendText(text, value.GetString()!);
                break;
            case JsonValueKind.Number:
                text.Append(Number(value));
                break;
            default:
                text.Append(value.GetRawText());
                break;
        }
    }

    private static void AppendText(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (char character in value)
        {
            text.Append(character switch
            {
                '"' => "\\\"",
                '\\' => @"\\",
                '\b' => "\\b",
                '\f' => "\\f",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                < ' ' => $"\\u{((int)character).ToString("x4", CultureInfo.InvariantCulture)}",
                _ => character.ToString(),
            });
        }

        text.Append('"');
    }

    private static string Number(JsonElement value)
    {
        if (value.TryGetInt64(out long integer))
        {
            return integer is >= -GreatestInteger and <= GreatestInteger
                ? integer.ToString(CultureInfo.InvariantCulture)
                : throw new FormatException($"The integer {integer} is beyond 2^53, which readers round; write it as text.");
        }

        double number = value.GetDouble();
        if (!double.IsFinite(number) || (Math.Abs(number) > GreatestInteger && Math.Abs(number) < 1e21))
        {
            throw new FormatException($"The number {value.GetRawText()} has no canonical form; write it as text.");
        }

        return Number(number);
    }

    /// <summary>Number::toString of ECMAScript: the shortest digits that read back as the same double.</summary>
    internal static string Number(double number)
    {
        if (number == 0)
        {
            return "0";
        }

        string shortest = Math.Abs(number).ToString("E16", CultureInfo.InvariantCulture);
        for (int precision = 0; precision < 16; precision++)
        {
            string tried = Math.Abs(number).ToString("E" + precision.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
            if (double.Parse(tried, CultureInfo.InvariantCulture).Equals(Math.Abs(number)))
            {
                shortest = tried;
                break;
            }
        }

        int split = shortest.IndexOf('E', StringComparison.Ordinal);
        string digits = shortest[..split].Replace(".", "", StringComparison.Ordinal);
        int point = int.Parse(shortest.AsSpan(split + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) + 1;
        string sign = number < 0 ? "-" : "";
        return sign + point switch
        {
            <= 21 when point >= digits.Length => digits.PadRight(point, '0'),
            > 0 and <= 21 => $"{digits[..point]}.{digits[point..]}",
            > -6 and <= 0 => $"0.{new string('0', -point)}{digits}",
            _ => string.Create(CultureInfo.InvariantCulture, $"{digits[0]}{(digits.Length > 1 ? "." + digits[1..] : "")}e{(point > 0 ? "+" : "-")}{Math.Abs(point - 1)}"),
        };
    }
}

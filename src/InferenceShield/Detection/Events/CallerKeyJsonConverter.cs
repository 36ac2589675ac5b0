using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace InferenceShield;

/// <summary>A caller's pseudonym as 32 hexadecimal digits, of which a log shows the first eight.</summary>
internal sealed class CallerKeyJsonConverter : JsonConverter<CallerKey>
{
    private const string Prefix = "caller:";
    private const string Nobody = "caller:none";

    public override CallerKey Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        string? text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        ReadOnlySpan<char> digits = text is not null && text.StartsWith(Prefix, StringComparison.Ordinal) ? text.AsSpan(Prefix.Length) : default;
        if (text == Nobody)
        {
            return default;
        }

        return digits.Length == 32
            && ulong.TryParse(digits[..16], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong low)
            && ulong.TryParse(digits[16..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong high)
                ? new CallerKey(low, high)
                : throw new JsonException("A caller is \"caller:\" and 32 hexadecimal digits.");
    }

    public override void Write(Utf8JsonWriter writer, CallerKey value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.IsEmpty ? Nobody : string.Create(CultureInfo.InvariantCulture, $"{Prefix}{value.Low:x16}{value.High:x16}"));
}

using System.Collections.Immutable;
using System.Text.Json;

namespace InferenceShield;

/// <summary>What a reading of the leak odometer means for one model: how well a thief could have copied it.</summary>
/// <remarks>Measured by the Lab with in-distribution queries, those that teach most for the mass that they visit. A bound for thieves who
/// train what was trained there, not an estimate: most attacks copy less at the same reading, and a few a little more. Immutable,
/// thread-safe.</remarks>
public sealed class OdometerCurve
{
    private const int Version = 1;

    /// <summary>Makes a curve of measured points.</summary>
    /// <param name="model">The model's name.</param>
    /// <param name="points">At least one, in any order.</param>
    /// <exception cref="ArgumentException">No name, no point, or a point with a number out of its range; the message says which.</exception>
    public OdometerCurve(string model, IEnumerable<OdometerPoint> points)
    {
        ArgumentException.ThrowIfNullOrEmpty(model);
        ArgumentNullException.ThrowIfNull(points);
        Model = model;
        Points = [.. points.OrderBy(point => point.Odometer).ThenBy(point => point.Queries)];
        if (Points.IsEmpty)
        {
            throw new ArgumentException("A curve needs at least one point.", nameof(points));
        }

        foreach (OdometerPoint point in Points)
        {
            // Written so that NaN is refused.
            if (!(point.Queries >= 0 && IsShare(point.Odometer) && IsShare(point.Agreement) && double.IsFinite(point.Low) && double.IsFinite(point.High) && IsShare(point.Most)))
            {
                throw new ArgumentException($"The point {point} is none: Queries must be at least 0, and Odometer, Agreement and Most 0 to 1.", nameof(points));
            }
        }
    }

    /// <summary>The model's name.</summary>
    public string Model { get; }

    /// <summary>What was measured, by odometer.</summary>
    public ImmutableArray<OdometerPoint> Points { get; }

    /// <summary>Up to what agreement a caller with this reading could have copied the model.</summary>
    /// <param name="odometer">A reading, 0 to 1.</param>
    /// <returns>The upper envelope of all seeds, linear between points and never falling; 0 at a reading of 0 and below; 1, for it is not
    /// known, above the last point.</returns>
    public double AgreementAt(double odometer)
    {
        if (!(odometer > 0))
        {
            return 0;
        }

        double most = 0;
        OdometerPoint below = default;
        foreach (OdometerPoint point in Points)
        {
            double next = Math.Max(most, point.Most);
            if (odometer <= point.Odometer)
            {
                // Below the first point all of it counts: a few queries teach the labels that are most frequent.
                return below.Odometer == 0 || point.Odometer == below.Odometer
                    ? next
                    : most + ((next - most) * (odometer - below.Odometer) / (point.Odometer - below.Odometer));
            }

            (most, below) = (next, point);
        }

        return 1;
    }

    /// <summary>The limit on the odometer that keeps a copy at or under an agreement.</summary>
    /// <param name="agreement">0 to 1.</param>
    /// <returns>The greatest reading of which <see cref="AgreementAt"/> is no more; 0 if the first point is already above.</returns>
    public double LimitFor(double agreement)
    {
        double most = 0;
        OdometerPoint below = default;
        foreach (OdometerPoint point in Points)
        {
            double next = Math.Max(most, point.Most);
            if (next > agreement)
            {
                return below.Odometer == 0 ? 0 : below.Odometer + ((point.Odometer - below.Odometer) * (agreement - most) / (next - most));
            }

            (most, below) = (next, point);
        }

        return agreement >= 1 ? 1 : below.Odometer;
    }

    /// <summary>Writes the curve as JSON.</summary>
    /// <param name="stream">Left open.</param>
    public void Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true });
        writer.WriteStartObject();
        writer.WriteNumber("version", Version);
        writer.WriteString("model", Model);
        writer.WriteStartArray("points");
        foreach (OdometerPoint point in Points)
        {
            writer.WriteStartObject();
            writer.WriteNumber("queries", point.Queries);
            writer.WriteNumber("odometer", point.Odometer);
            writer.WriteNumber("agreement", point.Agreement);
            writer.WriteNumber("low", point.Low);
            writer.WriteNumber("high", point.High);
            writer.WriteNumber("most", point.Most);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <param name="stream">Read to its end; left open.</param>
    /// <exception cref="InvalidDataException">Not such a curve, or of another version; the message says what is wrong.</exception>
    public static OdometerCurve Load(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        try
        {
            using JsonDocument document = JsonDocument.Parse(stream);
            JsonElement root = document.RootElement;
            int version = root.GetProperty("version").GetInt32();
            if (version != Version)
            {
                throw new InvalidDataException($"The odometer curve is of version {version}; this release reads version {Version}. Measure it again.");
            }

            return new OdometerCurve(
                root.GetProperty("model").GetString() ?? string.Empty,
                root.GetProperty("points").EnumerateArray().Select(point => new OdometerPoint(
                    point.GetProperty("queries").GetInt32(),
                    point.GetProperty("odometer").GetDouble(),
                    point.GetProperty("agreement").GetDouble(),
                    point.GetProperty("low").GetDouble(),
                    point.GetProperty("high").GetDouble(),
                    point.GetProperty("most").GetDouble())));
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new InvalidDataException("Not an odometer curve: " + exception.Message, exception);
        }
    }

    private static bool IsShare(double value) => value is >= 0 and <= 1;
}

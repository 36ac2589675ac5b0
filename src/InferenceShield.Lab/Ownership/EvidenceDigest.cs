using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace InferenceShield.Lab;

/// <summary>What a list of marked queries held at a time, to be stamped before there is a suspect: afterwards nobody can choose queries by a suspect's answers.</summary>
/// <remarks>
/// <para>Of each segment it holds the random name of its run, its place, when it was begun, how many marked queries are in it, and a digest chained over them: nothing
/// about callers, inputs or answers, as each query is hashed under a salt of its own. It needs no signature: the stamp dates it (<see cref="CommitmentTimestamp"/>),
/// and only who has the list can show what it was made of.</para>
/// <para>It goes on to fit the list while that grows, when callers are erased, which leaves salted hashes, and when segments go with their retention. Erased and gone queries are counted.</para>
/// <para>The file is canonical JSON (RFC 8785): docs/evidence.md. Immutable and thread-safe.</para>
/// </remarks>
public sealed class EvidenceDigest
{
    internal const int MostBytes = 1 << 22;
    private const string Form = "InferenceShield evidence digest";
    private const int Version = 1;

    private readonly byte[] _file;
    private readonly Segment[] _segments;

    private EvidenceDigest(byte[] file, string what)
    {
        _file = file;
        JsonElement root = OwnershipFiles.Parse(file, $"{what} is no digest of a list of marked queries");
        if (!root.TryGetProperty("form", out JsonElement form) || form.ValueKind != JsonValueKind.String || form.GetString() != Form)
        {
            string found = root.TryGetProperty("commitment", out JsonElement commitment) && commitment.ValueKind == JsonValueKind.Object ? "a commitment to marks, and " : "";
            throw new OwnershipFileException(OwnershipFileFault.Unreadable, $"{what} is {found}no digest of a list of marked queries. Give a file that 'evidence --digest' wrote.");
        }

        OwnershipFiles.RequireVersion(root, Version, what);
        Model = OwnershipFiles.GetText(root, "model", what);
        KeyId = OwnershipFiles.GetText(root, "key", what);
        Time = OwnershipFiles.GetTime(root, "time", what);
        SoftwareVersion = OwnershipFiles.GetText(root, "software", what);
        _segments = root.TryGetProperty("segments", out JsonElement segments) && segments.ValueKind == JsonValueKind.Array && segments.GetArrayLength() > 0
            ? [.. segments.EnumerateArray().Select(segment => Segment.Parse(segment, what))]
            : throw new OwnershipFileException(OwnershipFileFault.Unreadable, $"{what} names no segments.");
        if (_segments.DistinctBy(static segment => segment.Name).Count() != _segments.Length)
        {
            throw new OwnershipFileException(OwnershipFileFault.Unreadable, $"{what} names a segment twice.");
        }
    }

    /// <summary>SHA-256 of the file, in lower-case hexadecimal: what reports name it by, and what a timestamp stamps.</summary>
    public string Id => Convert.ToHexStringLower(SHA256.HashData(_file));

    /// <summary>The model's name.</summary>
    public string Model { get; }

    /// <summary>The id of the secret that the list is encrypted under.</summary>
    public string KeyId { get; }

    /// <summary>When it was made, in UTC to the second, as its maker says.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>What wrote it.</summary>
    public string SoftwareVersion { get; }

    /// <summary>Marked queries that it covers, with those that had been erased by then.</summary>
    public long Entries => _segments.Sum(static segment => segment.Entries);

    internal ReadOnlySpan<byte> File => _file;

    /// <summary>Makes the digest of a list as it is, also of one that is being written.</summary>
    /// <param name="list">Just opened.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <exception cref="ArgumentException">A segment is there twice.</exception>
    /// <remarks>Cost: a pass over the list and three hashes a marked query.</remarks>
    public static EvidenceDigest Create(EvidenceReader list, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(list);
        JsonArray segments = [];
        foreach (EvidenceSegment segment in FindSegments(list).Values)
        {
            EvidenceChain chain = list.ReadChain(segment);
            segments.Add((JsonNode)new Segment(Convert.ToHexStringLower(segment.Header.Run), segment.Header.Place, segment.Header.Start, chain.Entries, Convert.ToHexStringLower(chain.Digest)).ToJson());
        }

        return Parse(
            CanonicalJson.Write(new JsonObject
            {
                ["form"] = Form,
                ["version"] = Version,
                ["model"] = list.Model,
                ["key"] = list.KeyId,
                ["time"] = OwnershipFiles.TextOf((time ?? TimeProvider.System).GetUtcNow()),
                ["software"] = MarkDerivation.Software,
                ["segments"] = segments,
            }),
            "the digest");
    }

    /// <summary>Reads a digest.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="OwnershipFileException">It is none, or of another version.</exception>
    public static EvidenceDigest Load(string path) => Parse(OwnershipFiles.Read(path, MostBytes, "Give NAME.digest, which 'evidence --digest' wrote."), $"'{path}'");

    internal static EvidenceDigest Parse(byte[] file, string what) => new(file, what);

    /// <summary>Writes a new file.</summary>
    /// <exception cref="IOException">There is such a file already, or it cannot be written.</exception>
    public void Save(string path) => OwnershipFiles.Create(path, _file);

    /// <summary>Compares a list with the digest. From then on the reader reads only what the digest covers, in the digest's order.</summary>
    /// <param name="list">Just opened.</param>
    /// <returns>What is covered and what is gone of it; without a stamp.</returns>
    /// <exception cref="OwnershipFileException">It is another list, or what the digest covers was altered, cut or put in another order; the message says where.</exception>
    /// <exception cref="ArgumentException">A segment is there twice.</exception>
    /// <remarks>Segments that are gone as a whole are counted, as their retention may have passed. Cost: a pass over the list and three hashes a marked query.</remarks>
    public EvidenceBinding Bind(EvidenceReader list)
    {
        ArgumentNullException.ThrowIfNull(list);
        if (list.Model != Model || list.KeyId != KeyId)
        {
            throw Fault($"The digest is of a list of model '{Model}' under the secret '{KeyId}'; this list is of '{list.Model}' under '{list.KeyId}'.");
        }

        Dictionary<string, EvidenceSegment> found = FindSegments(list);
        List<(EvidenceSegment Segment, long Most)> kept = [];
        long gone = 0;
        foreach (Segment expected in _segments)
        {
            if (!found.TryGetValue(expected.Name, out EvidenceSegment? segment))
            {
                gone += expected.Entries;
                continue;
            }

            string name = Path.GetFileName(segment.Path);
            EvidenceChain chain = list.ReadChain(segment, expected.Entries);
            if (chain.Entries < expected.Entries)
            {
                throw Fault(string.Create(CultureInfo.InvariantCulture, $"'{name}' was cut: {chain.Entries:N0} marked queries can be read of it, and it had {expected.Entries:N0} at the time of the digest."));
            }

            if (Convert.ToHexStringLower(chain.Digest) != expected.Sha256)
            {
                throw Fault(string.Create(CultureInfo.InvariantCulture, $"'{name}' is not as it was: the {expected.Entries:N0} marked queries that it had at the time of the digest were altered, or put in another order."));
            }

            gone += chain.Erased;
            kept.Add((segment, expected.Entries));
        }

        if (kept.Count == 0)
        {
            throw Fault("None of the digest's segments is in this list: it is another list, or the retention of all of them has passed.");
        }

        list.Restrict(kept);
        return new EvidenceBinding { Digest = Id, Entries = Entries, Gone = gone };
    }

    /// <summary>Id and model.</summary>
    public override string ToString() => $"EvidenceDigest({Id}, {Model})";

    private static Dictionary<string, EvidenceSegment> FindSegments(EvidenceReader list)
    {
        Dictionary<string, EvidenceSegment> found = [];
        foreach (EvidenceSegment segment in list.Segments)
        {
            string name = Segment.NameOf(Convert.ToHexStringLower(segment.Header.Run), segment.Header.Place);
            if (!found.TryAdd(name, segment))
            {
                throw new ArgumentException($"'{Path.GetFileName(segment.Path)}' is there twice: it is the same segment as '{Path.GetFileName(found[name].Path)}'. Delete one of the two.", nameof(list));
            }
        }

        return found;
    }

    private static OwnershipFileException Fault(string message) => new(OwnershipFileFault.OtherList, message + " Give the list that the digest was made of.");

    private sealed record Segment(string Run, int Place, long Start, long Entries, string Sha256)
    {
        public string Name => NameOf(Run, Place);

        public static string NameOf(string run, int place) => string.Create(CultureInfo.InvariantCulture, $"{run} {place}");

        public static Segment Parse(JsonElement segment, string what) => new(
            Convert.ToHexStringLower(OwnershipFiles.GetHex(segment, "run", EvidenceFormat.RunSize, what)),
            (int)GetNumber(segment, "place", int.MaxValue, what),
            GetNumber(segment, "start", 1L << 52, what),
            GetNumber(segment, "entries", 1L << 40, what),
            Convert.ToHexStringLower(OwnershipFiles.GetHex(segment, "sha256", SHA256.HashSizeInBytes, what)));

        public JsonObject ToJson() => new() { ["run"] = Run, ["place"] = Place, ["start"] = Start, ["entries"] = Entries, ["sha256"] = Sha256 };

        private static long GetNumber(JsonElement parent, string name, long most, string what) =>
            parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= 0 && number <= most
                ? number
                : throw new OwnershipFileException(OwnershipFileFault.Unreadable, $"{what}: {name} of a segment is no whole number from 0 to {most.ToString(CultureInfo.InvariantCulture)}.");
    }
}

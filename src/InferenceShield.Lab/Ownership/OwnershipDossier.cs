using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace InferenceShield.Lab;

/// <summary>One signed archive of what supports a claim of ownership, which a third party checks without the secret as far as that goes.</summary>
/// <remarks>
/// <para>It holds the commitment and its timestamp, the SHA-256 of the list of marked queries, the reports with the counts that their p-values
/// follow from, controls, a page, and a script in Python that recomputes the figures without this software. No key, no scores, and no inputs
/// unless they are given; cells and keyed digests of inputs are in it.</para>
/// <para>The same content gives the same bytes up to the signature and the time. Nothing is ever unpacked to disk. Thread-safe.</para>
/// </remarks>
public static class OwnershipDossier
{
    private const string Commitment = "commitment.json";
    private const string Opening = "opening.json";
    private const string Request = "timestamp.tsq";
    private const string Response = "timestamp.tsr";
    private const string Evidence = "evidence.json";
    private const string ListDigest = "evidence.digest";
    private const string ListRequest = "evidence.tsq";
    private const string ListResponse = "evidence.tsr";
    private const long MostEntries = 1L << 52;
    private const string Report = "report.json";
    private const string Record = "record.json";
    private const string Script = "recompute.py";
    private const string Page = "summary.html";
    private const string Instructions = "README.txt";

    /// <summary>Makes a dossier.</summary>
    /// <param name="content">What goes in.</param>
    /// <param name="signingKey">On P-256, with its private part.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <returns>A zip archive.</returns>
    /// <exception cref="ArgumentException">Reports of another commitment or model, none at all, or parts that are too large.</exception>
    /// <exception cref="OwnershipFileException">The opening or the timestamp is another commitment's.</exception>
    public static byte[] Create(DossierContent content, ECDsa signingKey, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(signingKey);
        RequireReports(content);
        SortedDictionary<string, byte[]> parts = new(StringComparer.Ordinal)
        {
            [Commitment] = content.Commitment.File.ToArray(),
            [Report] = Encoding.UTF8.GetBytes(VerificationWriter.ToJson(content.Reports)),
            [Record] = VerificationRecord.ToBytes(content.Reports),
            [Script] = Encoding.UTF8.GetBytes(RecomputeScript.Text),
            [Instructions] = Encoding.UTF8.GetBytes(Readme),
        };
        if (content.Opening is { } opening)
        {
            RequireSame(opening, content.Commitment);
            parts[Opening] = opening.ToBytes();
        }

        CommitmentTimestamp? stamp = null;
        if (!content.TimestampResponse.IsEmpty)
        {
            stamp = CommitmentTimestamp.Verify(content.Commitment, content.TimestampRequest, content.TimestampResponse);
            parts[Request] = content.TimestampRequest.ToArray();
            parts[Response] = content.TimestampResponse.ToArray();
        }

        string? evidence = null;
        if (content.EvidenceFile is { } list)
        {
            (parts[Evidence], evidence) = HashList(list);
        }

        CommitmentTimestamp? listStamp = null;
        if (content.EvidenceDigest is { } digest)
        {
            parts[ListDigest] = digest.File.ToArray();
            if (!content.EvidenceTimestampResponse.IsEmpty)
            {
                listStamp = CommitmentTimestamp.Verify(digest, content.EvidenceTimestampRequest, content.EvidenceTimestampResponse);
                parts[ListRequest] = content.EvidenceTimestampRequest.ToArray();
                parts[ListResponse] = content.EvidenceTimestampResponse.ToArray();
            }
        }

        if (!content.Inputs.IsEmpty)
        {
            parts["inputs.bin"] = content.Inputs.ToArray();
        }

        parts[Page] = Encoding.UTF8.GetBytes(DossierPage.Write(content, stamp, evidence, listStamp));
        return DossierArchive.Write(parts, signingKey, content.Commitment.Id, (time ?? TimeProvider.System).GetUtcNow());
    }

    /// <summary>Checks a dossier: all that can be checked with what is given.</summary>
    /// <param name="archive">The bytes of the archive.</param>
    /// <param name="key">The mark key, for the parts that need it; null without.</param>
    /// <param name="roots">Roots of timestamp authorities; null not to check the chain.</param>
    /// <returns>What holds, what was not checked and for want of what, and what fails. A dossier stands if nothing fails.</returns>
    /// <exception cref="OwnershipFileException">It is no dossier, was altered, or has parts missing, added, twice or too large.</exception>
    public static IReadOnlyList<DossierFinding> Check(byte[] archive, MarkKey? key = null, X509Certificate2Collection? roots = null)
    {
        ArgumentNullException.ThrowIfNull(archive);
        (IReadOnlyDictionary<string, byte[]> parts, JsonElement manifest) = Read(archive);
        OwnershipCommitment commitment = OwnershipCommitment.Parse(parts[Commitment], Commitment);
        VerificationReport[] reports = ParseReports(parts[Report]);
        VerificationRecord[] records = VerificationRecord.Parse(parts[Record], Record);
        VerificationRecord.RequireBounded(reports, records);
        DateTimeOffset first = reports.Min(static report => report.Time);
        string signer = Convert.ToHexStringLower(SHA256.HashData(DossierSigner(parts)));
        return
        [
            new("signature", DossierFindingKind.Holds, $"Every part is as it was signed by the key with SHA-256 {signer}{(signer == commitment.SignerDigest ? ", which signed the commitment too" : ", another than the commitment's")}: compare it with the claimant's."),
            CheckNames(commitment, reports, OwnershipFiles.GetText(manifest, "commitment", "manifest.json")),
            CheckTimestamp(commitment, parts, roots, first),
            CheckExpiry(commitment, reports),
            CheckScript(parts, OwnershipFiles.GetText(manifest, "software", "manifest.json")),
            new("evidence", DossierFindingKind.NotChecked, parts.ContainsKey(Evidence)
                ? "The SHA-256 of the files of the list of marked queries are in it; compare them with the list that the claimant shows."
                : "No list of marked queries was given: which caller was given marked answers is not shown.") { Missing = "the list of marked queries" },
            CheckBinding(commitment, parts, reports, roots),
            .. DossierArithmetic.Check(reports, records),
            CheckPage(commitment, parts, reports, records, OwnershipFiles.GetText(manifest, "software", "manifest.json")),
            .. CheckKey(commitment, parts, records, key),
            new("model", DossierFindingKind.NotChecked, $"That the cells are those of the model with SHA-256 {commitment.ModelDigest}, and the answers the suspect's: verify the suspect again with the model, the queries and the mark key.") { Missing = "the model and the queries" },
        ];
    }

    /// <summary>The commitment in a dossier whose parts are as they were signed.</summary>
    internal static OwnershipCommitment ReadCommitment(byte[] archive) => OwnershipCommitment.Parse(Read(archive).Parts[Commitment], Commitment);

    private static (IReadOnlyDictionary<string, byte[]> Parts, JsonElement Manifest) Read(byte[] archive)
    {
        (IReadOnlyDictionary<string, byte[]> parts, JsonElement manifest) = DossierArchive.Read(archive);
        string? missing = new[] { Commitment, Report, Record }.FirstOrDefault(name => !parts.ContainsKey(name));
        return missing is null ? (parts, manifest) : throw new OwnershipFileException(OwnershipFileFault.Archive, $"The dossier has no {missing}. Ask who made it for a whole one.");
    }

    private static string Readme => """
        What is in this archive, and how to check it.

        commitment.json   which key and parameters mark the model, signed before the suspects were known
        timestamp.*       a timestamp authority's word on when (RFC 3161)
        opening.json      opens the commitment together with the mark key
        evidence.json     SHA-256 of the files of the list of marked queries, as they are now
        evidence.digest   what that list held before; evidence.ts*: an authority's word on when
        report.json       what was found; record.json: the counts that it follows from
        summary.html      the same for people
        recompute.py      recomputes the figures, with Python 3 alone
        manifest.json     SHA-256 of every part; manifest.sig: ECDSA P-256 over it, in DER

        With the software:     inference-shield dossier check DOSSIER.zip --tsa-root ROOT.pem
        With the key as well:  inference-shield dossier check DOSSIER.zip --mark-key KEY
        Without the software, after unpacking into an empty folder:
          openssl dgst -sha256 -verify public.pem -signature manifest.sig manifest.json
          openssl ts -verify -in timestamp.tsr -queryfile timestamp.tsq -CAfile ROOT.pem
          sha256sum commitment.json       (the digest that timestamp.tsq names: openssl ts -query -in timestamp.tsq -text)
          openssl ts -verify -in evidence.tsr -queryfile evidence.tsq -CAfile ROOT.pem
          sha256sum evidence.digest       (the digest that evidence.tsq names)
          python3 recompute.py DOSSIER.zip

        Who is shown the list of marked queries and its secret compares it with the digest, after unpacking:
          inference-shield evidence LIST --model-name MODEL --secret-env NAME --check evidence.digest --tsa-root ROOT.pem

        Whose public key it is, and which root an authority has, has to be known from elsewhere.
        """.ReplaceLineEndings("\n") + "\n";

    private static void RequireReports(DossierContent content)
    {
        if (content.Reports.Count == 0)
        {
            throw new ArgumentException("There is no report to put into a dossier.", nameof(content));
        }

        foreach (VerificationReport report in content.Reports)
        {
            if (report.Commitment != content.Commitment.Id || report.Model != content.Commitment.Model)
            {
                string under = report.Commitment.Length == 0 ? "without a commitment" : $"under commitment {report.Commitment}";
                throw new ArgumentException($"The report on '{report.Suspect}' is of model '{report.Model}' {under}; this is commitment {content.Commitment.Id} of '{content.Commitment.Model}'. Verify the suspect with it.", nameof(content));
            }

            if (report.Binding is { } binding && (binding.Digest != content.EvidenceDigest?.Id || (binding.Stamped is not null && content.EvidenceTimestampResponse.IsEmpty)))
            {
                throw new ArgumentException($"The queries of the report on '{report.Suspect}' are bound to the evidence digest {binding.Digest}. Give that one, with its timestamp.", nameof(content));
            }
        }
    }

    private static void RequireSame(CommitmentOpening opening, OwnershipCommitment commitment)
    {
        if (opening.Commitment != commitment.Id)
        {
            throw new OwnershipFileException(OwnershipFileFault.NotOpened, $"The opening is that of commitment {opening.Commitment}, not of {commitment.Id}. Give the one that was written with it.");
        }
    }

    /// <summary>SHA-256 of a list's segments, and over these: as <see cref="EvidenceReader.ComputeSha256"/>.</summary>
    private static (byte[] Part, string Sha256) HashList(string list)
    {
        JsonArray segments = [];
        using IncrementalHash whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (FileInfo file in EvidenceFormat.Segments(list).Values)
        {
            using FileStream stream = new(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            byte[] hash = SHA256.HashData(stream);
            whole.AppendData(hash);
            segments.Add((JsonNode)new JsonObject { ["name"] = file.Name, ["bytes"] = stream.Length, ["sha256"] = Convert.ToHexStringLower(hash) });
        }

        if (segments.Count == 0)
        {
            throw new FileNotFoundException($"There is no list of marked queries '{list}'. Give the path as Evidence:File has it, without a segment's number.");
        }

        string all = Convert.ToHexStringLower(whole.GetHashAndReset());
        return (CanonicalJson.Write(new JsonObject { ["segments"] = segments, ["sha256"] = all }), all);
    }

    internal static VerificationReport[] ParseReports(ReadOnlySpan<byte> bytes)
    {
        try
        {
            VerificationReport[]? reports = JsonSerializer.Deserialize(bytes, LabJsonContext.Default.VerificationReportArray);
            return reports is { Length: > 0 } && reports.All(IsWhole)
                && reports.Select(static report => report.Suspect).Distinct().Count() == reports.Length
                ? reports
                : throw new JsonException();
        }
        catch (JsonException exception)
        {
            throw new OwnershipFileException(OwnershipFileFault.Unreadable, "The report is none of 'verify', or names a suspect, or a test of one, twice. Take report.json as it was written.", exception);
        }
    }

    private static bool IsWhole(VerificationReport report) =>
        report is { Tests: not null, Limits: not null, Controls: not null, Notes: not null, Callers: not null, Words: not null, Combination: not null, Version: not null }
        && report is { Binding: null or { Digest: not null, Authority: not null, Root: not null, Entries: >= 0 and <= MostEntries, Gone: >= 0 and <= MostEntries, Unknown: >= 0 and <= MostEntries, Choices: >= 1 } }
        && report is { OtherCommitments: not null, Commitment: not null, Model: not null, Suspect: not null, SuspectIdentity: not null }
        && report.Tests.All(static test => test is { Name: not null, ControlPValues: not null, EffectUnit: not null, Note: not null })
        && report.Tests.DistinctBy(static test => test.Name).Count() == report.Tests.Count // Fisher's product would count it twice
        && report.Callers.All(static caller => caller is not null)
        && report.Limits.Concat(report.OtherCommitments).Concat(report.Notes).Concat(report.Controls).All(static text => text is not null);

    private static byte[] DossierSigner(IReadOnlyDictionary<string, byte[]> parts)
    {
        using ECDsa key = ECDsa.Create();
        key.ImportFromPem(Encoding.ASCII.GetString(parts[DossierArchive.PublicKey]));
        return key.ExportSubjectPublicKeyInfo();
    }

    private static DossierFinding CheckNames(OwnershipCommitment commitment, VerificationReport[] reports, string manifest)
    {
        if (reports.FirstOrDefault(report => report.Seed != commitment.ProbeSeed) is { } drawn)
        {
            return new("commitment", DossierFindingKind.Fails, $"Queries and random keys of the report on {drawn.Suspect} were drawn with seed {drawn.Seed}; the commitment binds its maker to {commitment.ProbeSeed}. A seed that is chosen can be one that fits.");
        }

        string? other = manifest != commitment.Id ? "the manifest" : reports.FirstOrDefault(report => report.Commitment != commitment.Id || report.Model != commitment.Model) is { } report ? $"the report on {report.Suspect}" : null;
        return other is null
            ? new("commitment", DossierFindingKind.Holds, $"Commitment {commitment.Id} to the marks of '{commitment.Model}' is signed, and every report is under it.")
            : new("commitment", DossierFindingKind.Fails, $"Not of this commitment is {other}.");
    }

    private static DossierFinding CheckTimestamp(OwnershipCommitment commitment, IReadOnlyDictionary<string, byte[]> parts, X509Certificate2Collection? roots, DateTimeOffset first)
    {
        if (!parts.TryGetValue(Request, out byte[]? request) || !parts.TryGetValue(Response, out byte[]? response))
        {
            return new("timestamp", DossierFindingKind.NotChecked, $"There is none: only the claimant says that the commitment was made at {OwnershipFiles.TextOf(commitment.Time)}.")
            {
                Missing = "a timestamp (only the claimant says when the commitment was made)",
            };
        }

        try
        {
            CommitmentTimestamp stamp = CommitmentTimestamp.Verify(commitment, request, response, roots);
            return stamp.Time > first
                ? new("timestamp", DossierFindingKind.Fails, $"The commitment was stamped at {OwnershipFiles.TextOf(stamp.Time)}, after the suspect was tested.")
                : new("timestamp", stamp.Root is null ? DossierFindingKind.NotChecked : DossierFindingKind.Holds, stamp + ". Whether the suspect is younger has to be known from elsewhere.")
                {
                    Missing = stamp.Root is null ? "the timestamp authority's root (anyone's own authority could have stamped it)" : "",
                };
        }
        catch (OwnershipFileException exception)
        {
            return new("timestamp", DossierFindingKind.Fails, exception.Message);
        }
    }

    /// <summary>Whether queries are bound to a list that was stamped before the suspects. That they are those of the list, only who has it can show.</summary>
    private static DossierFinding CheckBinding(OwnershipCommitment commitment, IReadOnlyDictionary<string, byte[]> parts, VerificationReport[] reports, X509Certificate2Collection? roots)
    {
        if (reports.All(static report => report.Binding is null))
        {
            return new("binding", DossierFindingKind.NotChecked, "The queries are bound to no list that was stamped before the suspects: they could have been chosen by their answers.")
            {
                Missing = "a stamped digest of the list of marked queries (queries could have been chosen)",
            };
        }

        if (!parts.TryGetValue(ListDigest, out byte[]? file))
        {
            return new("binding", DossierFindingKind.Fails, $"A report is bound to a digest of the list of marked queries, and there is no {ListDigest}.");
        }

        try
        {
            EvidenceDigest digest = EvidenceDigest.Parse(file, ListDigest);
            CommitmentTimestamp? stamp = parts.TryGetValue(ListRequest, out byte[]? request) && parts.TryGetValue(ListResponse, out byte[]? response)
                ? CommitmentTimestamp.Verify(digest, request, response, roots)
                : null;
            if (digest.Model != commitment.Model || digest.KeyId != commitment.KeyId)
            {
                return new("binding", DossierFindingKind.Fails, $"{ListDigest} is of a list of model '{digest.Model}' under the secret '{digest.KeyId}'; the commitment is of '{commitment.Model}' under '{commitment.KeyId}'.");
            }

            if (reports.Select(report => WhyUnbound(report, digest, stamp)).FirstOrDefault(static why => why is not null) is { } why)
            {
                return new("binding", DossierFindingKind.Fails, why);
            }

            string unbound = reports.Any(static report => report.Binding is null) ? " Not every report is bound to it." : "";
            string leftOut = string.Concat(reports.Where(static report => report.Binding is { LeftOut: > 0 })
                .Select(static report => string.Create(CultureInfo.InvariantCulture, $" Of the report on {report.Suspect} {report.Binding!.LeftOut:N0} of {report.Binding.Entries:N0} are left out, and could have been left out for their answers.")));
            return stamp is null
                ? new("binding", DossierFindingKind.NotChecked, $"Nobody stamped the digest of the list: only the claimant says that it was made at {OwnershipFiles.TextOf(digest.Time)}.")
                {
                    Missing = "a timestamp of the list's digest (queries could have been chosen)",
                }
                : new("binding", DossierFindingKind.NotChecked, $"Queries are bound to a list stamped at {stamp}.{leftOut}{unbound} That the queries are those of the list has to be shown with it: unpack, compare the list by 'evidence FILE --check {ListDigest}', and verify again with the list and --digest.")
                {
                    Missing = stamp.Root is null ? "the root of the authority that stamped the list's digest; the list itself, to compare with it" : "the list itself, to compare with its stamped digest",
                };
        }
        catch (OwnershipFileException exception)
        {
            return new("binding", DossierFindingKind.Fails, exception.Message);
        }
    }

    private static string? WhyUnbound(VerificationReport report, EvidenceDigest digest, CommitmentTimestamp? stamp) => report.Binding is not { } binding ? null
        : binding.Digest != digest.Id ? $"The report on {report.Suspect} is bound to the evidence digest {binding.Digest}; {ListDigest} is {digest.Id}."
        : binding.Entries != digest.Entries || binding.LeftOut > binding.Entries ? string.Create(CultureInfo.InvariantCulture, $"The report on {report.Suspect} counts {binding.Entries:N0} marked queries and {binding.LeftOut:N0} left out; {ListDigest} has {digest.Entries:N0}.")
        : binding.Stamped != stamp?.Time || binding.Authority != (stamp?.Authority ?? "") ? $"The report on {report.Suspect} says that the list's digest was stamped at {(binding.Stamped is { } said ? OwnershipFiles.TextOf(said) : "no time")}; the timestamp says {stamp?.ToString() ?? "nothing: there is none"}."
        : binding.Root.Length > 0 && stamp?.Root is { } root && root != binding.Root ? $"The report on {report.Suspect} says that the root of the stamp of the list's digest is '{binding.Root}'; its root is '{root}'."
        : stamp?.Time > report.Time ? $"The list's digest was stamped at {OwnershipFiles.TextOf(stamp.Time)}, after {report.Suspect} was tested."
        : stamp?.Time >= binding.SuspectSince ? $"The list's digest was stamped at {OwnershipFiles.TextOf(stamp.Time)}; {report.Suspect} is known since {OwnershipFiles.TextOf(binding.SuspectSince.Value)}, so that its queries could have been chosen by its answers."
        : null;

    private static DossierFinding CheckExpiry(OwnershipCommitment commitment, VerificationReport[] reports)
    {
        VerificationReport? late = reports.FirstOrDefault(report => commitment.Expires is { } expires && report.Time >= expires);
        VerificationReport? early = reports.FirstOrDefault(report => report.Time < commitment.Time);
        return late is not null ? new("validity", DossierFindingKind.Fails, $"The commitment ran out at {OwnershipFiles.TextOf(commitment.Expires!.Value)}, before {late.Suspect} was tested.")
            : early is not null ? new("validity", DossierFindingKind.Fails, $"The commitment says it was made at {OwnershipFiles.TextOf(commitment.Time)}, after {early.Suspect} was tested.")
            : new("validity", DossierFindingKind.Holds, "The commitment was in force when the suspects were tested, as its maker says.");
    }

    /// <summary>The signature is the claimant's, so it says nothing of what his script does to who runs it.</summary>
    private static DossierFinding CheckScript(IReadOnlyDictionary<string, byte[]> parts, string software)
    {
        string? other = new[] { (Name: Script, Text: RecomputeScript.Text), (Name: Instructions, Text: Readme) }
            .FirstOrDefault(part => parts.TryGetValue(part.Name, out byte[]? bytes) && !bytes.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(part.Text))).Name;
        return other is null ? new("script", DossierFindingKind.Holds, $"{Script} and {Instructions} are those that this software writes.")
            : software == MarkDerivation.Software ? new("script", DossierFindingKind.Fails, $"{other} is not the one that {software} writes: the claimant has put in his own. Do not run the script, and do not follow the instructions.")
            : new("script", DossierFindingKind.NotChecked, $"{other} is not the one that this software writes; the dossier says it is of {software}. Read the script before you run it, or check the dossier with that version.") { Missing = $"the software {software}" };
    }

    /// <summary>It is what people read, and the signature is the claimant's: it has to say what the report says.</summary>
    private static DossierFinding CheckPage(OwnershipCommitment commitment, IReadOnlyDictionary<string, byte[]> parts, VerificationReport[] reports, VerificationRecord[] records, string software)
    {
        if (!parts.TryGetValue(Page, out byte[]? page))
        {
            return new("page", DossierFindingKind.NotChecked, $"There is no {Page}.") { Missing = Page };
        }

        try
        {
            CommitmentTimestamp? stamp = parts.TryGetValue(Request, out byte[]? request) && parts.TryGetValue(Response, out byte[]? response)
                ? CommitmentTimestamp.Verify(commitment, request, response)
                : null;
            EvidenceDigest? digest = parts.TryGetValue(ListDigest, out byte[]? listed) ? EvidenceDigest.Parse(listed, ListDigest) : null;
            CommitmentTimestamp? listStamp = digest is not null && parts.TryGetValue(ListRequest, out byte[]? listRequest) && parts.TryGetValue(ListResponse, out byte[]? listResponse)
                ? CommitmentTimestamp.Verify(digest, listRequest, listResponse)
                : null;
            string? evidence = parts.TryGetValue(Evidence, out byte[]? list) ? OwnershipFiles.GetText(OwnershipFiles.Parse(list, $"{Evidence} is none"), "sha256", Evidence) : null;
            DossierContent content = new()
            {
                Commitment = commitment,
                EvidenceDigest = digest,
                Reports = [.. reports.Select(report => report with { Record = records.FirstOrDefault(record => record.Suspect == report.Suspect) })],
            };
            if (page.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(DossierPage.Write(content, stamp, evidence, listStamp))))
            {
                return new("page", DossierFindingKind.Holds, $"{Page} says what the other parts say.");
            }
        }
        catch (OwnershipFileException exception)
        {
            return new("page", DossierFindingKind.Fails, $"{Page} cannot be compared with the other parts: {exception.Message}");
        }

        return software == MarkDerivation.Software
            ? new("page", DossierFindingKind.Fails, $"{Page} is not the one that {software} writes of the other parts: it was altered before it was signed. Read the report, not the page.")
            : new("page", DossierFindingKind.NotChecked, $"{Page} is not the one that this software writes of the other parts; the dossier says it is of {software}. Read the report, or check the dossier with that version.") { Missing = $"the software {software}" };
    }

    private static IEnumerable<DossierFinding> CheckKey(OwnershipCommitment commitment, IReadOnlyDictionary<string, byte[]> parts, VerificationRecord[] records, MarkKey? key)
    {
        if (key is null || !parts.TryGetValue(Opening, out byte[]? opening))
        {
            yield return new("key", DossierFindingKind.NotChecked, key is null
                ? "That the bits recorded are those of the key that was committed to: give the mark key."
                : "That this is the key that was committed to: the dossier holds no opening.") { Missing = key is null ? "the mark key" : "the opening of the commitment" };
            if (key is null)
            {
                yield break;
            }
        }
        else
        {
            yield return OpenWith(commitment, key, CommitmentOpening.Parse(opening, Opening));
        }

        foreach (DossierFinding finding in DossierArithmetic.CheckPicks(records, key))
        {
            yield return finding;
        }
    }

    private static DossierFinding OpenWith(OwnershipCommitment commitment, MarkKey key, CommitmentOpening opening)
    {
        try
        {
            commitment.RequireOpen(key, opening);
            return new("key", DossierFindingKind.Holds, "The mark key opens the commitment.");
        }
        catch (OwnershipFileException exception)
        {
            return new("key", DossierFindingKind.Fails, exception.Message);
        }
    }
}

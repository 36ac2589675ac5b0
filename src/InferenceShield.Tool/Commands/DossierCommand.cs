using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using InferenceShield.Lab;

namespace InferenceShield.Tool;

/// <summary>The command <c>dossier</c>: puts what supports a claim into one signed archive; <c>dossier check</c>: checks one.</summary>
internal static class DossierCommand
{
    private const int MostReportBytes = 1 << 25;

    public static Command Create(Terminal terminal)
    {
        Option<string?> commitment = new("--commitment") { Description = "NAME.commitment; NAME.tsq and NAME.tsr beside it go in too.", HelpName = "FILE" };
        Option<string?> opening = new("--opening") { Description = "NAME.opening, so that who is shown the mark key can open the commitment.", HelpName = "FILE" };
        Option<string?> report = new("--report") { Description = "verification.json of 'verify', with record.json beside it.", HelpName = "FILE" };
        Option<string?> evidence = new("--evidence") { Description = "The list of marked queries, as Evidence:File has it. Only the SHA-256 of its files go in.", HelpName = "FILE" };
        Option<string?> digest = new("--digest") { Description = "NAME.digest that the queries of the report are bound to; NAME.tsq and NAME.tsr beside it go in too.", HelpName = "FILE" };
        Option<string?> inputs = new("--include-inputs") { Description = "A file of the queries, to go in as it is. Left out unless given: they may be somebody's.", HelpName = "FILE" };
        Option<string?> signingKey = new("--signing-key") { Description = "A private ECDSA key on P-256 in PEM, best the commitment's; made if there is no such file.", HelpName = "FILE" };
        Option<string?> output = new("--out") { Description = "The archive to be written.", HelpName = "FILE" };
        Command command = new(
            "dossier",
            """
            Puts commitment, timestamp, reports, the counts they follow from and a script that recomputes them into one signed archive.

            inference-shield dossier --commitment fashion.commitment --opening fashion.opening --report report/verification.json --signing-key signing.pem --out fashion.zip
            inference-shield dossier check fashion.zip --tsa-root authority.pem
            """)
        {
            commitment, opening, report, evidence, digest, inputs, signingKey, output,
        };
        command.Subcommands.Add(CreateCheck(terminal));
        command.SetAction((parsed, _) => Task.Run(() =>
        {
            string path = Required(parsed.GetValue(output), "--out: the archive to be written");
            OwnershipFiles.RequireCreatable(path);
            string committed = Required(parsed.GetValue(commitment), "--commitment");
            string name = Path.ChangeExtension(committed, null);
            string? listed = parsed.GetValue(digest);
            ReadOnlyMemory<byte> stamped = listed is null ? default : ReadIfThere(Path.ChangeExtension(listed, ".tsr"));
            DossierContent content = new()
            {
                Commitment = OwnershipCommitment.Load(committed),
                Opening = parsed.GetValue(opening) is { } file ? CommitmentOpening.Load(file) : null,
                Reports = ReadReports(Required(parsed.GetValue(report), "--report: verification.json of 'verify'")),
                TimestampRequest = ReadIfThere(name + ".tsr").IsEmpty ? default : CommitmentTimestamp.ReadRequest(name + ".tsq"),
                TimestampResponse = ReadIfThere(name + ".tsr"),
                EvidenceFile = parsed.GetValue(evidence),
                EvidenceDigest = listed is null ? null : EvidenceDigest.Load(listed),
                EvidenceTimestampRequest = stamped.IsEmpty ? default : CommitmentTimestamp.ReadRequest(Path.ChangeExtension(listed!, ".tsq")),
                EvidenceTimestampResponse = stamped,
                Inputs = parsed.GetValue(inputs) is { } rows ? OwnershipFiles.Read(rows, MostReportBytes) : default,
            };
            using ECDsa signer = SigningKeys.LoadOrCreate(Required(parsed.GetValue(signingKey), "--signing-key. A file that is not there is made"), out bool made);
            try
            {
                OwnershipFiles.Create(path, OwnershipDossier.Create(content, signer));
            }
            catch (ArgumentException exception)
            {
                throw MistakeException.Of(exception);
            }

            string dated = content.TimestampResponse.IsEmpty ? " It has no timestamp: only you say when the commitment was made." : "";
            string signed = made ? " Its signing key was made just now: publish its public key." : "";
            terminal.Output.WriteLine($"Written to {path}.{dated}{signed} Check it with: inference-shield dossier check {path}");
            return ExitCode.Done;
        }));
        return command;
    }

    private static Command CreateCheck(Terminal terminal)
    {
        Argument<string> file = new("FILE") { Description = "A dossier." };
        Option<string?> roots = new("--tsa-root") { Description = "Certificates that are trusted to be timestamp authorities' roots, PEM or DER.", HelpName = "FILE" };
        Option<string?> markKey = new("--mark-key") { Description = "The mark key: 32 bytes, or 64 hexadecimal digits.", HelpName = "FILE" };
        Option<string?> secret = SharedOptions.SecretVariable();
        Option<bool> json = SharedOptions.Json();
        Command command = new(
            "check",
            """
            Checks a dossier: signature, parts, commitment, timestamp and arithmetic; with the mark key what hangs on it too. Says what it could not check. Unpacks nothing. Exits with 2 if anything fails.

            inference-shield dossier check fashion.zip --tsa-root authority.pem
            """)
        {
            file, roots, markKey, secret, json,
        };
        command.SetAction((parsed, _) => Task.Run(() =>
        {
            byte[] archive = OwnershipFiles.Read(parsed.GetRequiredValue(file), DossierArchive.MostBytes);
            X509Certificate2Collection? trusted = parsed.GetValue(roots) is { } path ? CommitmentTimestamp.LoadRoots(path) : null;
            bool keyed = parsed.GetValue(secret) is not null || parsed.GetValue(markKey) is not null;
            OwnershipCommitment commitment = OwnershipDossier.ReadCommitment(archive);
            using MarkKey? key = keyed ? VerifyInputs.ReadKey(parsed.GetValue(secret), parsed.GetValue(markKey), commitment.Model, commitment) : null;
            IReadOnlyList<DossierFinding> findings = OwnershipDossier.Check(archive, key, trusted);
            bool fails = findings.Any(static finding => finding.Kind == DossierFindingKind.Fails);
            if (parsed.GetValue(json))
            {
                terminal.Output.WriteLine(JsonText.Of(new { Holds = !fails, Findings = findings }));
                return fails ? ExitCode.Tripped : ExitCode.Done;
            }

            terminal.Output.WriteLine(TerminalText.Lines([.. findings.Select(static finding => $"{Word(finding.Kind),-12} {finding.Part}: {finding.Text}")]));
            terminal.Output.WriteLine(fails ? "The dossier does NOT stand: see what fails." : Passed(findings));
            return fails ? ExitCode.Tripped : ExitCode.Done;
        }));
        return command;
    }

    /// <summary>A dossier without timestamp or root says little, and must not look as if all were well.</summary>
    private static string Passed(IReadOnlyList<DossierFinding> findings)
    {
        string[] missing = [.. findings.Select(static finding => finding.Missing).Where(static text => text.Length > 0).Distinct()];
        return "Nothing that was checked fails." + (missing.Length == 0 ? "" : $" Missing: {string.Join("; ", missing)}. What was not checked is as the claimant says.");
    }

    private static string Word(DossierFindingKind kind) => kind switch
    {
        DossierFindingKind.Holds => "holds",
        DossierFindingKind.Fails => "FAILS",
        _ => "not checked",
    };

    private static VerificationReport[] ReadReports(string path)
    {
        VerificationReport[] reports = OwnershipDossier.ParseReports(OwnershipFiles.Read(path, MostReportBytes));
        string beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "record.json");
        VerificationRecord[] records = VerificationRecord.Parse(OwnershipFiles.Read(beside, MostReportBytes), $"'{beside}'");
        return [.. reports.Select(report => report with { Record = records.FirstOrDefault(record => record.Suspect == report.Suspect) })];
    }

    private static ReadOnlyMemory<byte> ReadIfThere(string path) => File.Exists(path) ? OwnershipFiles.Read(path, CommitmentTimestamp.MostBytes) : default;

    private static string Required(string? value, string option) => value ?? throw new MistakeException($"Give {option}.");
}

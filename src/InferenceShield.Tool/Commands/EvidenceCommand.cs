using System.CommandLine;
using System.Globalization;
using InferenceShield.Lab;
using Spectre.Console;

namespace InferenceShield.Tool;

/// <summary>The command <c>evidence</c>: what is in a list of marked queries, its digest to be stamped, and erasing a caller from it.</summary>
internal static class EvidenceCommand
{
    private const int MostListed = 50;

    public static Command Create(Terminal terminal)
    {
        Argument<string> file = new("FILE") { Description = "The list, as Evidence:File names it, without a segment's number." };
        Option<string?> modelName = new("--model-name") { Description = "The model's name in its shield. Default: the file's name without its ending.", HelpName = "NAME" };
        Option<string?> secret = SharedOptions.SecretVariable();
        secret.Description = "Environment variable with the shield's secret. Needed.";
        Option<string?> erase = new("--erase") { Description = "Write the list anew without a caller: the name it was identified by, or the 32 digits that this command lists. No shield may be writing to the list.", HelpName = "CALLER" };
        Option<string?> write = new("--digest") { Description = "Write NAME.digest, which says nothing about callers or inputs, and NAME.tsq beside it, the request that a timestamp authority stamps. Keep its answer as NAME.tsr.", HelpName = "FILE" };
        Option<string?> check = new("--check") { Description = "Compare the list with NAME.digest, and check the timestamp if NAME.tsr lies beside it.", HelpName = "FILE" };
        Option<string?> roots = new("--tsa-root") { Description = "With --check: certificates that are trusted to be timestamp authorities' roots, PEM or DER.", HelpName = "FILE" };
        Option<bool> json = SharedOptions.Json();
        Command command = new(
            "evidence",
            """
            Lists what a shield has kept of marked queries: how many of each caller, of which marks, from when to when, and what is missing.

            inference-shield evidence /var/lib/shield/fashion.evidence --secret-env INFERENCE_SHIELD_SECRET
            inference-shield evidence fashion.evidence --secret-env INFERENCE_SHIELD_SECRET --erase "customer 17"

            Each day, so that nobody can say that queries were chosen afterwards:
            inference-shield evidence fashion.evidence --secret-env INFERENCE_SHIELD_SECRET --digest 2026-01-31.digest
            curl -H "Content-Type: application/timestamp-query" --data-binary @2026-01-31.tsq https://AUTHORITY -o 2026-01-31.tsr
            inference-shield evidence fashion.evidence --secret-env INFERENCE_SHIELD_SECRET --check 2026-01-31.digest --tsa-root authority.pem
            """)
        {
            file, modelName, secret, erase, write, check, roots, json,
        };
        command.SetAction(parsed =>
        {
            string list = parsed.GetRequiredValue(file);
            string model = parsed.GetValue(modelName) ?? Path.GetFileNameWithoutExtension(list);
            using ShieldSecret material = (SharedOptions.Secret(parsed.GetValue(secret))
                ?? throw new MistakeException("The list is encrypted. Name the environment variable with the shield's secret: --secret-env NAME.")).GetSecret();
            using EvidenceKey key = EvidenceKey.Of(material, model);
            if (new[] { parsed.GetValue(erase), parsed.GetValue(write), parsed.GetValue(check) }.Count(static value => value is not null) > 1 || (parsed.GetValue(roots) is not null && parsed.GetValue(check) is null))
            {
                throw new MistakeException("--erase, --digest and --check are commands of their own, and --tsa-root is for --check. Give one at a time.");
            }

            EvidenceReader reader = EvidenceReader.Open(list, key);
            if (parsed.GetValue(write) is { } fresh)
            {
                WriteDigest(reader, fresh, parsed.GetValue(json), terminal);
                return ExitCode.Done;
            }

            if (parsed.GetValue(check) is { } known)
            {
                CheckDigest(reader, known, parsed.GetValue(roots), parsed.GetValue(json), terminal);
                return ExitCode.Done;
            }

            string before = Convert.ToHexStringLower(reader.ComputeSha256());
            long? erased = null;
            if (parsed.GetValue(erase) is { } caller)
            {
                erased = reader.Erase(Find("--erase", caller, reader, material, model));
            }

            string sha256 = erased is null ? before : Convert.ToHexStringLower(reader.ComputeSha256());
            if (parsed.GetValue(json))
            {
                terminal.Output.WriteLine(JsonText.Of(new
                {
                    list,
                    model,
                    records = reader.Records,
                    first = reader.Period?.First,
                    last = reader.Period?.Last,
                    segments = reader.Segments.Count,
                    callers = reader.CountByCaller().OrderByDescending(pair => pair.Value).Select(pair => new { caller = Digits(pair.Key), queries = pair.Value }),
                    kinds = reader.CountByKinds.OrderByDescending(pair => pair.Value).Select(pair => new { marks = pair.Key.ToString(), queries = pair.Value }),
                    missing = reader.Missing,
                    sha256,
                    erased,
                    sha256Before = erased is null ? null : before,
                }));
                return ExitCode.Done;
            }

            if (erased is { } count)
            {
                terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Erased {count:N0} queries. The SHA-256 of the list was {before}: keep a note of it for whoever has it. A digest that was stamped before goes on to fit."));
            }

            Show(reader, sha256, terminal);
            return ExitCode.Done;
        });
        return command;
    }

    private static void WriteDigest(EvidenceReader reader, string file, bool json, Terminal terminal)
    {
        string request = Path.ChangeExtension(file, ".tsq");
        if (request == file)
        {
            throw new MistakeException($"--digest {file}: the request goes to that name. Call the digest NAME.digest.");
        }

        OwnershipFiles.RequireCreatable(file);
        OwnershipFiles.RequireCreatable(request);
        EvidenceDigest digest = EvidenceDigest.Create(reader);
        digest.Save(file);
        OwnershipFiles.Create(request, CommitmentTimestamp.CreateRequest(digest));
        terminal.Output.WriteLine(json
            ? JsonText.Of(new { digest.Id, digest.Entries, Files = new[] { file, request } })
            : string.Create(CultureInfo.InvariantCulture, $"Digest {digest.Id} of {digest.Entries:N0} marked queries: {file}. Send {request} to a timestamp authority, and keep its answer as {Path.ChangeExtension(file, ".tsr")}."));
        foreach (string missing in reader.Missing)
        {
            terminal.Error.WriteLine("Missing: " + TerminalText.Of(missing));
        }
    }

    private static void CheckDigest(EvidenceReader reader, string file, string? roots, bool json, Terminal terminal)
    {
        EvidenceDigest digest = EvidenceDigest.Load(file);
        CommitmentTimestamp? stamp = ReadStamp(digest, file, roots);
        long all = reader.Records;
        EvidenceBinding binding = digest.Bind(reader);
        terminal.Output.WriteLine(json
            ? JsonText.Of(new { digest.Id, binding.Entries, binding.Gone, Later = all - reader.Records, Timestamp = stamp is null ? null : new { stamp.Time, stamp.Authority, stamp.Root } })
            : TerminalText.Lines(
                string.Create(CultureInfo.InvariantCulture, $"The list is as it was when {file} was made: {binding.Entries:N0} marked queries, of which {binding.Gone:N0} are gone since (erased, or their segments are not there). {all - reader.Records:N0} came later."),
                $"  timestamp  {(stamp is null ? "none: only its maker says when it was made" : stamp.ToString())}"));
    }

    /// <summary>The timestamp that lies beside a digest; null for none.</summary>
    public static CommitmentTimestamp? ReadStamp(EvidenceDigest digest, string file, string? roots)
    {
        string response = Path.ChangeExtension(file, ".tsr");
        if (!File.Exists(response))
        {
            return roots is null ? null : throw new MistakeException($"There is no timestamp to check: '{response}' does not exist. Keep the authority's answer under that name.");
        }

        return CommitmentTimestamp.Verify(
            digest,
            CommitmentTimestamp.ReadRequest(Path.ChangeExtension(file, ".tsq")),
            OwnershipFiles.Read(response, CommitmentTimestamp.MostBytes),
            roots is null ? null : CommitmentTimestamp.LoadRoots(roots));
    }

    private static void Show(EvidenceReader reader, string sha256, Terminal terminal)
    {
        terminal.Output.WriteLine(reader.Period is { } span
            ? string.Create(CultureInfo.InvariantCulture, $"{reader.Records:N0} marked queries of {reader.CountByCaller().Count:N0} callers in {reader.Segments.Count:N0} segments, from {span.First:u} to {span.Last:u}.")
            : string.Create(CultureInfo.InvariantCulture, $"No marked queries in {reader.Segments.Count:N0} segments."));
        terminal.Output.WriteLine($"SHA-256 of the list: {sha256}");
        foreach ((MarkKinds kinds, long queries) in reader.CountByKinds.OrderByDescending(pair => pair.Value))
        {
            terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {queries,12:N0}  {kinds}"));
        }

        if (reader.Records > 0)
        {
            Table table = new Table().AddColumn("caller").AddColumn(new TableColumn("marked queries").RightAligned());
            foreach ((CallerKey caller, long queries) in reader.CountByCaller().OrderByDescending(pair => pair.Value).Take(MostListed))
            {
                table.AddRow(Digits(caller), queries.ToString("N0", CultureInfo.InvariantCulture));
            }

            terminal.Tables.Write(table);
            if (reader.CountByCaller().Count > MostListed)
            {
                terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"and {reader.CountByCaller().Count - MostListed:N0} callers more; all with --json"));
            }
        }

        foreach (string missing in reader.Missing)
        {
            terminal.Output.WriteLine("Missing: " + TerminalText.Of(missing));
        }
    }

    /// <summary>By the digits that are listed, else by name.</summary>
    public static CallerKey Find(string option, string caller, EvidenceReader reader, ShieldSecret secret, string model)
    {
        foreach (CallerKey known in reader.CountByCaller().Keys)
        {
            if (string.Equals(Digits(known), caller, StringComparison.OrdinalIgnoreCase))
            {
                return known;
            }
        }

        CallerKey named = CallerKey.Of(caller, secret);
        return reader.CountByCaller().ContainsKey(named)
            ? named
            : throw new MistakeException($"{option} {caller}: no query in the list of '{model}' is of that caller. Give the name it was identified by, or 32 digits from the list.");
    }

    public static string Digits(CallerKey caller) => string.Create(CultureInfo.InvariantCulture, $"{caller.Low:x16}{caller.High:x16}");
}

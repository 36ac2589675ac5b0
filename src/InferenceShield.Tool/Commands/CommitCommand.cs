using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using InferenceShield.Lab;

namespace InferenceShield.Tool;

/// <summary>The command <c>commit</c>: says which key and parameters mark a model, before any suspect exists.</summary>
internal static class CommitCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string?> model = new("MODEL") { Description = "An ONNX file.", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> policy = SharedOptions.Policy();
        Option<string?> modelName = SharedOptions.ModelName();
        Option<string?> secret = SharedOptions.SecretVariable();
        Option<string?> signingKey = new("--signing-key") { Description = "A private ECDSA key on P-256 in PEM; made if there is no such file.", HelpName = "FILE" };
        Option<string?> name = new("--out") { Description = "The name of what is written: NAME.commitment, NAME.opening, NAME.tsq. Default: the model's.", HelpName = "NAME" };
        Option<double?> days = new("--days") { Description = "Days that it holds. Default: for ever.", HelpName = "NUMBER" };
        Option<string?> check = new("--check") { Description = "Check a commitment, and its timestamp and opening if they lie beside it.", HelpName = "FILE" };
        Option<string?> attach = new("--attach") { Description = "With --check: an authority's answer to NAME.tsq, to be checked and kept as NAME.tsr.", HelpName = "FILE" };
        Option<string?> roots = new("--tsa-root") { Description = "Certificates that are trusted to be timestamp authorities' roots, PEM or DER.", HelpName = "FILE" };
        Option<bool> json = SharedOptions.Json();
        Command command = new(
            "commit",
            """
            Commits to the key and the parameters of a model's marks, signed and ready to be stamped, before any suspect exists: so that nobody can say they were chosen afterwards.

            inference-shield commit fashion.onnx --policy appsettings.json --secret-env INFERENCE_SHIELD_SECRET --signing-key signing.pem
            curl -H "Content-Type: application/timestamp-query" --data-binary @fashion.tsq https://AUTHORITY -o answer.tsr
            inference-shield commit --check fashion.commitment --attach answer.tsr --tsa-root authority.pem
            inference-shield commit --check fashion.commitment --secret-env INFERENCE_SHIELD_SECRET
            """)
        {
            model, policy, modelName, secret, signingKey, name, days, check, attach, roots, json,
        };
        command.SetAction((parsed, _) => Task.Run(() =>
        {
            string? file = parsed.GetValue(check);
            if (parsed.GetValue(model) is not { } path)
            {
                Check(
                    file ?? throw new MistakeException("Give the model to commit to, or a commitment with --check."),
                    parsed.GetValue(attach), parsed.GetValue(roots), parsed.GetValue(secret), parsed.GetValue(json), terminal);
                return ExitCode.Done;
            }

            if (file is not null || parsed.GetValue(attach) is not null || parsed.GetValue(roots) is not null)
            {
                throw new MistakeException("--check, --attach and --tsa-root are for a commitment that is there; leave the model out.");
            }

            string title = parsed.GetValue(modelName) ?? DataFile.NameOf(path);
            Commit(
                path,
                parsed.GetValue(policy) ?? throw new MistakeException("Give the marks with --policy: the shield's options as JSON."),
                title,
                parsed.GetValue(secret) ?? throw new MistakeException("Give the shield's secret with --secret-env: the mark key follows from it."),
                parsed.GetValue(signingKey) ?? throw new MistakeException("Give the key to sign with, with --signing-key. A file that is not there is made."),
                parsed.GetValue(name) ?? title,
                parsed.GetValue(days),
                parsed.GetValue(json),
                terminal);
            return ExitCode.Done;
        }));
        return command;
    }

    private static void Commit(string path, string policy, string model, string variable, string signingKey, string name, double? days, bool json, Terminal terminal)
    {
        ShieldOptions options = PolicyFile.ReadMarks(policy, model, "so they are not committed to"); // a misspelt value would leave its default committed to for ever
        string[] files = [name + ".commitment", name + ".opening", name + ".tsq"];
        foreach (string file in files)
        {
            OwnershipFiles.RequireCreatable(file);
        }

        CommitmentTerms terms = new()
        {
            ModelDigest = DigestOf(path),
            Marks = CommittedMarks.Of(options),
            InputSpaceDigest = options.InputSpaceFile is { } space ? DigestOf(space) : null,
            Validity = days is { } number ? (number is > 0 and <= 36_525 ? TimeSpan.FromDays(number) : throw new MistakeException("--days: allowed is above 0, at most 36525.")) : null,
        };
        if (terms.Marks.Count == 0)
        {
            throw new MistakeException($"'{policy}' sets no marks of '{model}': give a Watermark with at least one parameter below Hardening, Guarded or Restricted, and declare the output below Outputs.");
        }

        using MarkKey key = KeyOf(variable, model);
        using ECDsa signer = SigningKeys.LoadOrCreate(signingKey, out bool made);
        try
        {
            (OwnershipCommitment commitment, CommitmentOpening opening) = OwnershipCommitment.Create(key, terms, signer);
            opening.Save(files[1]); // first: a commitment that nobody can open any more is worth nothing
            commitment.Save(files[0]);
            OwnershipFiles.Create(files[2], CommitmentTimestamp.CreateRequest(commitment));
            if (json)
            {
                terminal.Output.WriteLine(JsonText.Of(new { commitment.Id, commitment.Digest, commitment.SignerDigest, Files = files }));
                return;
            }

            int width = files[0].Length;
            terminal.Output.WriteLine($"Commitment {commitment.Id} to {terms.Marks.Count} marked postures of '{model}', key '{commitment.KeyId}':");
            terminal.Output.WriteLine($"  {files[0].PadRight(width)}  may be published; SHA-256 {commitment.Digest}");
            terminal.Output.WriteLine($"  {files[1].PadRight(width)}  opens it, with the secret: keep it as you keep the secret");
            terminal.Output.WriteLine($"  {files[2].PadRight(width)}  send it to a timestamp authority, then: inference-shield commit --check {files[0]} --attach ANSWER.tsr");
            terminal.Output.WriteLine($"Signed with {signingKey}{(made ? ", made just now: keep it, and publish its public key" : "")}; SHA-256 of the public key {commitment.SignerDigest}");
        }
        catch (ArgumentException exception)
        {
            throw MistakeException.Of(exception);
        }
    }

    private static void Check(string file, string? attach, string? roots, string? variable, bool json, Terminal terminal)
    {
        OwnershipCommitment commitment = OwnershipCommitment.Load(file);
        commitment.RequireCurrent(TimeProvider.System.GetUtcNow());
        string name = Path.ChangeExtension(file, null);
        CommitmentTimestamp? stamp = null;
        string response = attach ?? name + ".tsr";
        if (attach is not null || File.Exists(response))
        {
            byte[] bytes = OwnershipFiles.Read(response, CommitmentTimestamp.MostBytes);
            stamp = CommitmentTimestamp.Verify(commitment, CommitmentTimestamp.ReadRequest(name + ".tsq"), bytes, roots is null ? null : CommitmentTimestamp.LoadRoots(roots));
            if (attach is not null && Path.GetFullPath(attach) != Path.GetFullPath(name + ".tsr"))
            {
                OwnershipFiles.Create(name + ".tsr", bytes);
            }
        }
        else if (roots is not null)
        {
            throw new MistakeException($"There is no timestamp to check: '{response}' does not exist. Give the authority's answer with --attach.");
        }

        string opened = "not tried; give --secret-env";
        if (variable is not null)
        {
            using MarkKey key = KeyOf(variable, commitment.Model);
            commitment.RequireOpen(key, CommitmentOpening.Load(name + ".opening"));
            opened = "by this secret";
        }

        if (json)
        {
            terminal.Output.WriteLine(JsonText.Of(new
            {
                commitment.Id, commitment.Digest, commitment.SignerDigest, commitment.Model, commitment.ModelDigest, commitment.KeyId, commitment.Time, commitment.Expires,
                Timestamp = stamp is null ? null : new { stamp.Time, stamp.Authority, stamp.Root }, Opens = variable is null ? (bool?)null : true,
            }));
            return;
        }

        string expires = commitment.Expires is { } end ? OwnershipFiles.TextOf(end) : "never";
        terminal.Output.WriteLine(TerminalText.Lines(
            $"Commitment {commitment.Id} to the marks of '{commitment.Model}' (SHA-256 {commitment.ModelDigest}), key '{commitment.KeyId}'",
            $"  made       {OwnershipFiles.TextOf(commitment.Time)}, as its maker says; by {commitment.SoftwareVersion}; ends {expires}",
            $"  signature  valid; SHA-256 of the public key {commitment.SignerDigest}: compare it with the signer's",
            $"  timestamp  {(stamp is null ? "none: only its maker says when it was made" : stamp.ToString())}",
            $"  opens      {opened}",
            $"  marks      {string.Join("; ", commitment.Marks.Select(static marks => $"{marks.Output} {marks.Posture}"))}"));
    }

    private static MarkKey KeyOf(string variable, string model)
    {
        using ShieldSecret secret = SharedOptions.Secret(variable)!.GetSecret();
        return MarkKey.Of(secret, model);
    }

    private static string DigestOf(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}

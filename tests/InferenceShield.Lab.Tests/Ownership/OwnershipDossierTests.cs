using System.Text;
using static InferenceShield.Lab.Tests.DossierSample;

namespace InferenceShield.Lab.Tests;

public sealed class OwnershipDossierTests : IDisposable
{
    private readonly DossierSample _dossier = new();

    public void Dispose() => _dossier.Dispose();

    [Theory]
    [InlineData(MarkKeying.Cell)]
    [InlineData(MarkKeying.ExactInput)]
    public async Task A_dossier_is_checked_without_the_key_as_far_as_that_goes_and_with_it_further(MarkKeying keying)
    {
        byte[] archive = OwnershipDossier.Create(await _dossier.ContentAsync(keying), _dossier.Ownership.Signer, new Clock(Later));
        IReadOnlyList<DossierFinding> without = OwnershipDossier.Check(archive, roots: [_dossier.Authority.Root]);
        Assert.DoesNotContain(without, finding => finding.Kind == DossierFindingKind.Fails);
        Assert.Equal(["signature", "commitment", "timestamp", "validity", "script", "arithmetic", "arithmetic", "arithmetic", "page"], without.Where(finding => finding.Kind == DossierFindingKind.Holds).Select(finding => finding.Part));
        Assert.Contains(without, finding => finding is { Part: "key", Kind: DossierFindingKind.NotChecked });
        IReadOnlyList<DossierFinding> with = OwnershipDossier.Check(archive, _dossier.Ownership.Key);
        Assert.DoesNotContain(with, finding => finding.Kind == DossierFindingKind.Fails);
        Assert.Contains(with, finding => finding is { Part: "key", Kind: DossierFindingKind.Holds });
        Assert.Equal(2, with.Count(finding => finding is { Part: "bits", Kind: DossierFindingKind.Holds }));
        Assert.Contains(with, finding => finding is { Part: "timestamp", Kind: DossierFindingKind.NotChecked } && finding.Missing.Contains("anyone's own authority could have stamped it", StringComparison.Ordinal)); // no root was given
        Assert.DoesNotContain(without, finding => finding is { Part: "timestamp", Missing.Length: > 0 });
        using MarkKey other = MarkedModel.Key(5);
        Assert.Contains(OwnershipDossier.Check(archive, other), finding => finding is { Part: "key", Kind: DossierFindingKind.Fails });
        Assert.Contains(OwnershipDossier.Check(archive, other), finding => finding is { Part: "bits", Kind: DossierFindingKind.Fails });
    }

    [Fact]
    public async Task The_same_content_gives_the_same_bytes_up_to_the_signature()
    {
        DossierContent content = await _dossier.ContentAsync();
        Dictionary<string, byte[]> one = Unpack(OwnershipDossier.Create(content, _dossier.Ownership.Signer, new Clock(Later)));
        Dictionary<string, byte[]> two = Unpack(OwnershipDossier.Create(content, _dossier.Ownership.Signer, new Clock(Later)));
        Assert.Equal(one.Keys, two.Keys);
        Assert.Equal(one.Keys.Order(StringComparer.Ordinal), one.Keys);
        Assert.All(one.Keys.Where(name => name != "manifest.sig"), name => Assert.Equal(one[name], two[name]));
    }

    [Fact]
    public async Task Neither_key_nor_salt_nor_inputs_are_in_it_unless_they_are_given()
    {
        DossierContent content = await _dossier.ContentAsync();
        string all = string.Concat(Unpack(OwnershipDossier.Create(content with { Opening = null }, _dossier.Ownership.Signer)).Values.Select(Encoding.Latin1.GetString));
        byte[] key = new byte[MarkKey.Size];
        _dossier.Ownership.Key.Export(key);
        Assert.DoesNotContain(Convert.ToHexStringLower(key), all, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Convert.ToHexStringLower(_dossier.Ownership.Opening.Salt), all, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("inputs.bin", Unpack(OwnershipDossier.Create(content, _dossier.Ownership.Signer)).Keys);
        Assert.Equal([1, 2, 3], Unpack(OwnershipDossier.Create(content with { Inputs = new byte[] { 1, 2, 3 } }, _dossier.Ownership.Signer))["inputs.bin"]);
    }

    [Fact]
    public async Task Every_altered_part_is_found()
    {
        Dictionary<string, byte[]> parts = Unpack(OwnershipDossier.Create(await _dossier.ContentAsync(), _dossier.Ownership.Signer));
        foreach (string name in parts.Keys)
        {
            Dictionary<string, byte[]> altered = new(parts) { [name] = [.. parts[name]] };
            altered[name][parts[name].Length / 2] ^= 1;
            OwnershipFileException exception = Assert.Throws<OwnershipFileException>(() => OwnershipDossier.Check(Pack(altered)));
            Assert.Contains(exception.Fault, new[] { OwnershipFileFault.Altered, OwnershipFileFault.Unreadable });
            altered.Remove(name);
            RequireFault(OwnershipFileFault.Archive, name, Pack(altered));
        }
    }

    [Fact]
    public async Task Hostile_archives_are_refused_before_anything_is_unpacked()
    {
        byte[] archive = OwnershipDossier.Create(await _dossier.ContentAsync(), _dossier.Ownership.Signer);
        Dictionary<string, byte[]> parts = Unpack(archive);
        RequireFault(OwnershipFileFault.Archive, "no part of a dossier", Pack(new Dictionary<string, byte[]>(parts) { ["../../etc/passwd"] = [1] }));
        RequireFault(OwnershipFileFault.Archive, "no part of a dossier", Pack(new Dictionary<string, byte[]>(parts) { ["a/"] = [] }));
        RequireFault(OwnershipFileFault.Archive, "does not name", Pack(new Dictionary<string, byte[]>(parts) { ["inputs.bin"] = [1] }));
        RequireFault(OwnershipFileFault.Archive, "twice", Pack([.. parts, KeyValuePair.Create("report.json", parts["report.json"])]));
        RequireFault(OwnershipFileFault.Archive, "unpacks to more", Pack(new Dictionary<string, byte[]>(parts) { ["inputs.bin"] = new byte[(1 << 25) + 1] }));
        byte[] most = new byte[1 << 25];
        RequireFault(OwnershipFileFault.Archive, "together", Pack(new Dictionary<string, byte[]>(parts) { ["evidence.json"] = most, ["inputs.bin"] = most, ["record.json"] = most }));
        RequireFault(OwnershipFileFault.Archive, "more entries", Pack([.. Enumerable.Range(0, 100).Select(number => KeyValuePair.Create("part" + number, Array.Empty<byte>()))]));
        RequireFault(OwnershipFileFault.Archive, "more entries", new byte[(1 << 26) + 1]);
        RequireFault(OwnershipFileFault.Archive, "no manifest.json", Pack([]));
        RequireFault(OwnershipFileFault.Unreadable, "no zip archive", "nonsense"u8.ToArray());
        for (int length = 0; length < archive.Length; length += 997)
        {
            Assert.Throws<OwnershipFileException>(() => OwnershipDossier.Check(archive[..length]));
        }
    }

    [Fact]
    public async Task A_manifest_of_another_version_or_form_is_told()
    {
        Dictionary<string, byte[]> parts = Unpack(OwnershipDossier.Create(await _dossier.ContentAsync(), _dossier.Ownership.Signer));
        RequireFault(OwnershipFileFault.Version, "version 9", Pack(_dossier.Signed(parts, manifest => manifest["version"] = 9)));
        RequireFault(OwnershipFileFault.Archive, "not that of a dossier", Pack(_dossier.Signed(parts, manifest => manifest["form"] = "other")));
    }

    [Fact]
    public async Task A_timestamp_that_is_later_than_the_test_fails()
    {
        byte[] late = _dossier.Authority.Answer(_dossier.Request, Later.AddDays(1));
        byte[] archive = OwnershipDossier.Create(await _dossier.ContentAsync() with { TimestampResponse = late }, _dossier.Ownership.Signer);
        Assert.Contains(OwnershipDossier.Check(archive), finding => finding is { Part: "timestamp", Kind: DossierFindingKind.Fails });
        Dictionary<string, byte[]> parts = Unpack(OwnershipDossier.Create(await _dossier.ContentAsync(), _dossier.Ownership.Signer));
        parts["timestamp.tsq"] = CommitmentTimestamp.CreateRequest(_dossier.Ownership.Commitment); // another nonce
        Assert.Contains(OwnershipDossier.Check(Pack(_dossier.Signed(parts))), finding => finding is { Part: "timestamp", Kind: DossierFindingKind.Fails });
    }

    [Fact]
    public async Task Reports_of_another_commitment_do_not_go_in()
    {
        DossierContent content = await _dossier.ContentAsync();
        foreach (DossierContent wrong in new[]
        {
            content with { Reports = [] }, content with { Reports = [content.Reports[0] with { Commitment = "" }] }, content with { Reports = [content.Reports[0] with { Model = "letters" }] },
        })
        {
            Assert.Throws<ArgumentException>(() => OwnershipDossier.Create(wrong, _dossier.Ownership.Signer));
        }

        Assert.Throws<OwnershipFileException>(() => OwnershipDossier.Create(content with { Opening = new CommitmentOpening("other", new byte[32]) }, _dossier.Ownership.Signer));
        Assert.Throws<FileNotFoundException>(() => OwnershipDossier.Create(content with { EvidenceFile = _dossier.Ownership.At("none") }, _dossier.Ownership.Signer));
    }

    [Fact]
    public async Task The_page_shows_what_was_found_and_holds_no_script()
    {
        DossierContent content = await _dossier.ContentAsync();
        string page = Encoding.UTF8.GetString(Unpack(OwnershipDossier.Create(content with { Reports = [content.Reports[0] with { Words = "<script>" }, content.Reports[1]] }, _dossier.Ownership.Signer))["summary.html"]);
        Assert.Contains(_dossier.Ownership.Commitment.Id, page, StringComparison.Ordinal);
        Assert.Contains("random keys", page, StringComparison.Ordinal);
        Assert.Equal(content.TimestampResponse.IsEmpty, page.Contains("Nobody but the claimant dates this dossier", StringComparison.Ordinal));
        Assert.Equal(2, page.Split("p-values under random keys").Length - 1);
        Assert.DoesNotContain("<script>", page, StringComparison.Ordinal);
    }
}

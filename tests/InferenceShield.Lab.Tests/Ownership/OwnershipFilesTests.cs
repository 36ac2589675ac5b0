using System.Text;

namespace InferenceShield.Lab.Tests;

/// <summary>Files of ownership that somebody else hands over: what they hold is refused in words, or means what it says.</summary>
public sealed class OwnershipFilesTests : IDisposable
{
    private static readonly string[] s_words =
    [
        "null", "-1", "1e999", "9007199254740993", "\\ud800", "\"\\ud800\":1,", "{}", "[]", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", ",", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    ];

    private readonly DossierSample _dossier = new();

    public void Dispose() => _dossier.Dispose();

    [Fact]
    public void A_commitment_and_an_opening_whatever_their_bytes()
    {
        Mutations mutations = new(seed: 1);
        byte[] file = _dossier.Ownership.Commitment.File.ToArray();
        byte[] opening = _dossier.Ownership.Opening.ToBytes();
        int opened = 0;
        for (int i = 0; i < 1000; i++)
        {
            byte[] altered = mutations.Next(file, s_words);
            Assert.True(altered.AsSpan().SequenceEqual(file) || IsRefused(() => OwnershipCommitment.Parse(altered, "x"), altered), Encoding.UTF8.GetString(altered));
            altered = mutations.Next(opening, s_words);
            bool isSame = altered.AsSpan().SequenceEqual(opening);
            opened += isSame || IsRefused(() => _dossier.Ownership.Commitment.RequireOpen(_dossier.Ownership.Key, CommitmentOpening.Parse(altered, "x")), altered) ? 0 : 1;
        }

        Assert.Equal(0, opened);
    }

    [Fact]
    public void A_timestamp_whatever_its_bytes()
    {
        Mutations mutations = new(seed: 2);
        for (int i = 0; i < 1000; i++)
        {
            byte[] altered = mutations.Next(_dossier.Response);
            if (!IsRefused(() => CommitmentTimestamp.Verify(_dossier.Ownership.Commitment, _dossier.Request, altered, [_dossier.Authority.Root]), altered))
            {
                // What is not signed may be otherwise, such as the order of certificates. The time may not.
                Assert.Equal(OwnershipSample.Time.AddHours(1), CommitmentTimestamp.Verify(_dossier.Ownership.Commitment, _dossier.Request, altered).Time);
            }
        }
    }

    [Fact]
    public async Task A_dossier_whatever_its_bytes()
    {
        Mutations mutations = new(seed: 3);
        byte[] archive = OwnershipDossier.Create(await _dossier.ContentAsync(), _dossier.Ownership.Signer);
        const int Directory = 1500;
        for (int i = 0; i < 500; i++)
        {
            // Half of them in the directory, where lengths and names are.
            byte[] altered = i % 2 == 0 ? mutations.Next(archive) : [.. archive[..^Directory], .. mutations.Next(archive.AsSpan(archive.Length - Directory))];
            _ = IsRefused(() => Assert.DoesNotContain(OwnershipDossier.Check(altered), finding => finding.Kind == DossierFindingKind.Fails), altered);
        }
    }

    /// <summary>Whether it was refused as such files are; anything else that is thrown fails the test.</summary>
    private static bool IsRefused(Action read, byte[] bytes)
    {
        Exception? thrown = Record.Exception(read);
        Assert.True(thrown is null or OwnershipFileException, $"{thrown} of {Convert.ToBase64String(bytes)}");
        return thrown is not null;
    }
}

using Microsoft.Extensions.Options;

namespace InferenceShield.Tests;

/// <summary>Files with learned releases, named in the options: what is taken, what is refused, and what a reload does.</summary>
public sealed class PostureFileTests : IDisposable
{
    private const int Classes = 4;

    private static readonly ConfidenceBands s_bands = ConfidenceBands.Learn(ReleaseCases.Answers(Classes, 400, 1), Classes, OutputKind.Logits);
    private static readonly ConfidenceBands s_others = ConfidenceBands.FromEdges(Classes, [0.5]);
    private static readonly AnswerCodebook s_codebook = AnswerCodebook.Learn(ReleaseCases.Answers(Classes, 400, 1), Classes, OutputKind.Logits, 3, distanceCap: 0.2);

    private readonly string _directory = Directory.CreateTempSubdirectory("release-files").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Learned_bands_are_what_a_guarded_caller_gets(bool authenticated)
    {
        string path = Save(s_bands, authenticated: authenticated);
        using Shield shield = Build(options => options.Guarded.BandFile = path);
        foreach (float[] clean in ReleaseCases.Answers(Classes, 50, 2).Chunk(Classes))
        {
            float[] expected = new float[Classes];
            s_bands.Release(clean, OutputKind.Logits, expected);
            Assertions.SameBits(expected, ReleaseGuarded(shield, clean));
        }
    }

    [Fact]
    public void A_codebook_s_answer_is_released_where_it_is_near_and_bands_where_it_is_not()
    {
        string path = Save(s_codebook);
        using Shield shield = Build(options => options.Guarded.CodebookFile = path);
        int near = 0;
        float[][] rows = [.. ReleaseCases.Answers(Classes, 200, 2).Chunk(Classes)];
        foreach (float[] clean in rows)
        {
            float[] expected = new float[Classes];
            if (s_codebook.TryRelease(clean, OutputKind.Logits, expected))
            {
                near++;
            }
            else
            {
                ConfidenceBands.FromEdges(Classes, [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99]).Release(clean, OutputKind.Logits, expected);
            }

            Assertions.SameBits(expected, ReleaseGuarded(shield, clean));
        }

        Assert.InRange(near, 10, rows.Length - 10);
    }

    [Fact]
    public void Every_file_that_is_not_the_right_one_is_a_fault_that_names_key_and_path()
    {
        using ShieldSecret other = new(TestShield.Secret(2), "other");
        byte[] good = File.ReadAllBytes(Save(s_bands));
        byte[] flipped = [.. good];
        flipped[^40] ^= 1;
        byte[] version = [.. good];
        version[4] = 9;
        Dictionary<string, string> files = new()
        {
            [Path.Combine(_directory, "missing")] = "which cannot be read: Could not find file",
            [_directory] = "which cannot be read: ",
            [Write("flipped", flipped)] = "The file is damaged",
            [Write("version", version)] = "The file has format version 9",
            [Write("short", good[..^1])] = "The file is truncated",
            [Write("text", "not such a file, but a long enough text"u8.ToArray())] = "Not a file with a learned release",
            [Write("empty", [])] = "The file is truncated",
            [Save(s_codebook)] = "The file holds an answer codebook; expected confidence bands.",
            [Save(s_bands, "another")] = "The file was learned for model 'another'; expected 'model'",
            [Save(ConfidenceBands.FromEdges(7, [0.5]))] = "The file was learned for 7 classes; the model has 4",
            [Save(s_bands, secret: other)] = "The file is authenticated under key 'other'",
        };
        foreach ((string path, string message) in files)
        {
            string fault = Assert.Single(Assert.Throws<OptionsValidationException>(() => Build(options => options.Guarded.BandFile = path)).Failures);
            Assert.StartsWith($"Guarded:BandFile is '{path}'", fault, StringComparison.Ordinal);
            Assert.Contains(message, fault, StringComparison.Ordinal);
        }

        string codebookFault = Assert.Single(Assert.Throws<OptionsValidationException>(() => Build(options =>
            options.Outputs[TestShield.Output].Hardening = new HardeningOptions { CodebookFile = Save(s_bands) })).Failures);
        Assert.StartsWith("Outputs:scores:Hardening:CodebookFile is '", codebookFault, StringComparison.Ordinal);
    }

    [Fact]
    public void Bands_of_a_file_that_are_finer_than_those_of_the_posture_before_are_a_fault()
    {
        ConfidenceBands three = ConfidenceBands.FromEdges(Classes, [0.5, 0.9]);
        Fails(s_others, three, "bands with edges that are not among those before");
        Fails(three, ConfidenceBands.FromEdges(Classes, [0.8]), "bands with edges that are not among those before");
        Fails(ConfidenceBands.FromEdges(Classes, [0.5], namesRunnerUp: false), s_others, "bands with a second label, none before");
        using Shield same = Build(options => SetBands(options, three, three));
        using Shield coarser = Build(options => SetBands(options, three, s_others));
        using Shield edges = Build(options =>
        {
            (options.Hardening.Release, options.Hardening.BandEdges) = (Release.Bands, [0.2, 0.5, 0.9]); // .2 is below 1 / 4
            options.Guarded.BandFile = Save(three);
        });

        void Fails(ConfidenceBands normal, ConfidenceBands guarded, string why)
        {
            OptionsValidationException error = Assert.Throws<OptionsValidationException>(() => Build(options => SetBands(options, normal, guarded)));
            Assert.StartsWith($"Guarded tells more than Hardening ({why})", Assert.Single(error.Failures), StringComparison.Ordinal);
        }

        void SetBands(ShieldOptions options, ConfidenceBands normal, ConfidenceBands guarded)
        {
            (options.Hardening.Release, options.Hardening.BandFile) = (Release.Bands, Save(normal));
            options.Guarded.BandFile = Save(guarded);
        }
    }

    [Fact]
    public void All_files_at_fault_are_named_at_once()
    {
        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(() => Build(options =>
        {
            options.Hardening.CodebookFile = Path.Combine(_directory, "first");
            options.Guarded.BandFile = Path.Combine(_directory, "second");
        }));
        Assert.Equal(["Hardening:CodebookFile", "Guarded:BandFile"], exception.Failures.Select(fault => fault.Split(' ')[0]));
    }

    [Fact]
    public void A_bad_file_at_a_reload_leaves_the_last_good_one_in_force()
    {
        string path = Save(s_bands);
        using Shield shield = Build(options => options.Guarded.BandFile = path);
        float[] clean = [1, 2, 3, 5];
        float[] before = ReleaseGuarded(shield, clean);
        byte[] damaged = File.ReadAllBytes(path);
        damaged[^1] ^= 1;
        File.WriteAllBytes(path, damaged);
        Assert.Throws<OptionsValidationException>(() => shield.Reload(Options(options => options.Guarded.BandFile = path)));
        Assert.Contains("Guarded:BandFile", shield.ReloadFault, StringComparison.Ordinal);
        Assertions.SameBits(before, ReleaseGuarded(shield, clean));
        Assert.Equal(1, shield.GetStatistics().PlanVersion);
    }

    [Fact]
    public void A_reload_reads_a_file_again_and_changes_nothing_if_it_has_not_changed()
    {
        string path = Save(s_bands);
        string codebook = Save(s_codebook);
        void Change(ShieldOptions options) => (options.Guarded.BandFile, options.Hardening.CodebookFile) = (path, codebook);
        using Shield shield = Build(Change);
        shield.Reload(Options(Change));
        Assert.Equal(1, shield.GetStatistics().PlanVersion);

        File.Copy(Save(s_others), path, overwrite: true);
        float[] clean = [1, 2, 3, 5];
        float[] expected = new float[Classes];
        s_bands.Release(clean, OutputKind.Logits, expected);
        Assertions.SameBits(expected, ReleaseGuarded(shield, clean));
        shield.Reload(Options(Change));
        Assert.Equal(2, shield.GetStatistics().PlanVersion);
        s_others.Release(clean, OutputKind.Logits, expected);
        Assertions.SameBits(expected, ReleaseGuarded(shield, clean));
    }

    [Fact]
    public void No_message_holds_the_secret_and_files_are_read_after_everything_else_is_right()
    {
        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(() => Build(options =>
        {
            options.Guarded.BandFile = Path.Combine(_directory, "missing");
            options.Hardening.Decimals = 9;
        }));
        Assert.Equal(["Hardening:Decimals is 9; allowed: 1 to 5."], exception.Failures);
        byte[] file = File.ReadAllBytes(Save(s_bands, authenticated: true));
        file[^1] ^= 1;
        string path = Write("planted", file);
        string fault = Assert.Throws<OptionsValidationException>(() => Build(options => options.Guarded.BandFile = path)).Message;
        Assert.Contains("not authentic", fault, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String(TestShield.Secret(1)), fault, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToHexString(TestShield.Secret(1)), fault, StringComparison.OrdinalIgnoreCase);
    }

    private static float[] ReleaseGuarded(Shield shield, float[] clean)
    {
        CallerKey caller = shield.IdentifyCaller("suspect");
        shield.Overrides.Set(caller, new CallerOverride { Posture = Posture.Guarded });
        Admission admission = shield.AdmitRows(1, "suspect");
        float[] released = new float[clean.Length];
        shield.Harden(in admission, clean, released, Classes);
        return released;
    }

    private static Shield Build(Action<ShieldOptions> change) => TestShield.Build(OutputKind.Logits, configure: options =>
    {
        options.Outputs[TestShield.Output].Classes = Classes;
        change(options);
    });

    private static ShieldOptions Options(Action<ShieldOptions> change)
    {
        ShieldOptions options = TestShield.Options(OutputKind.Logits);
        options.Outputs[TestShield.Output].Classes = Classes;
        change(options);
        return options;
    }

    private string Save(ConfidenceBands bands, string model = "model", bool authenticated = false, ShieldSecret? secret = null)
    {
        using ShieldSecret? own = authenticated ? new ShieldSecret(TestShield.Secret(1)) : null;
        using MemoryStream file = new();
        bands.Save(file, model, secret ?? own, new ManualTimeProvider());
        return Write(Guid.NewGuid().ToString("N"), file.ToArray());
    }

    private string Save(AnswerCodebook codebook)
    {
        using MemoryStream file = new();
        codebook.Save(file, "model", clock: new ManualTimeProvider());
        return Write(Guid.NewGuid().ToString("N"), file.ToArray());
    }

    private string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(_directory, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }
}

using Microsoft.Extensions.Options;

namespace InferenceShield.Tests;

/// <summary>Cosine marks and traps through a shield, and the file they live in.</summary>
public sealed class InputMarkShieldTests : IDisposable
{
    private const int Length = 60;
    private const int Classes = 5;
    private static readonly float[] s_clean = [0.6f, 0.2f, 0.1f, 0.06f, 0.04f];

    private readonly string _directory = Directory.CreateTempSubdirectory("input-spaces").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_released_answer_carries_the_cosine_of_its_input()
    {
        using Shield shield = Build(new WatermarkOptions { Cosine = new CosineMarkOptions { Strength = 0.05 } }, decimals: 5);
        using MarkKey key = InputRows.Key(1);
        CosineMark mark = new(key, InputRows.Space());
        float[] rows = InputRows.Normal(50, InputRows.Falling(Length), 7);
        for (int row = 0; row < 50; row++)
        {
            double[] expected = Array.ConvertAll(s_clean, value => (double)value);
            CosineMark.Move(expected, mark.KeyClass(Classes), 0.05, 2 * mark.Project(rows.AsSpan(row * Length, Length)));
            float[] released = Release(shield, "caller", rows.AsSpan(row * Length, Length));
            for (int i = 0; i < Classes; i++)
            {
                Assert.Equal(expected[i], released[i], 1.5e-5);
            }

            Assertions.SameBits(released, Release(shield, "another", rows.AsSpan(row * Length, Length))); // no caller's own
        }
    }

    [Fact]
    public void A_payload_is_a_callers_own_and_the_same_on_every_repeat()
    {
        using Shield shield = Build(new WatermarkOptions { Cosine = new CosineMarkOptions { Strength = 0.05, Payload = true } }, decimals: 5);
        float[] row = InputRows.Normal(1, InputRows.Falling(Length), 7);
        float[] one = Release(shield, "one", row);
        Assertions.SameBits(one, Release(shield, "one", row));
        float[] two = Release(shield, "two", row);
        Assert.NotEqual(one, two);
        Assert.Equal(0, Array.IndexOf(two, two.Max()));
    }

    [Fact]
    public void A_guarded_callers_bands_are_those_without_a_cosine()
    {
        float[] row = InputRows.Normal(1, InputRows.Falling(Length), 7);
        using Shield marked = Build(new WatermarkOptions { Cosine = new CosineMarkOptions { Strength = 0.2 } });
        using Shield plain = Build(null);
        foreach (Shield shield in (Shield[])[marked, plain])
        {
            shield.Overrides.Set(shield.IdentifyCaller("caller"), new CallerOverride { Posture = Posture.Guarded });
        }

        Assertions.SameBits(Release(plain, "caller", row), Release(marked, "caller", row));
    }

    [Theory]
    [InlineData(Posture.Normal)]
    [InlineData(Posture.Guarded)]
    [InlineData(Posture.Restricted)]
    public void A_trapped_row_gets_the_traps_label_in_every_posture_and_another_its_own(Posture posture)
    {
        using Shield shield = Build(new WatermarkOptions { Traps = new TrapOptions { ExemptClasses = [0] } });
        using MarkKey key = InputRows.Key(1);
        TrapMark traps = new(key, InputRows.Space());
        shield.Overrides.Set(shield.IdentifyCaller("caller"), new CallerOverride { Posture = posture });
        float[] benign = InputRows.Normal(40, InputRows.Falling(Length), 7);
        float[] far = InputRows.Normal(40, [.. Enumerable.Repeat(3.0, Length)], 8);
        for (int row = 0; row < 40; row++)
        {
            Assert.Equal(0, Top(Release(shield, "caller", benign.AsSpan(row * Length, Length))));
            ReadOnlySpan<float> trapped = far.AsSpan(row * Length, Length);
            float[] released = Release(shield, "caller", trapped);
            Assert.Equal(TrapMark.Label(key.Traps, traps.Find(trapped) - 1, Classes, [0]), Top(released));
            Assert.Equal(1, released.Sum(), posture == Posture.Guarded ? 1.0 : 1e-5);
        }
    }

    [Fact]
    public void A_trap_comes_before_a_near_tie()
    {
        using Shield shield = Build(new WatermarkOptions { Traps = new TrapOptions(), NearTie = new NearTieMarkOptions { Margin = 0.5 } });
        using MarkKey key = InputRows.Key(1);
        TrapMark traps = new(key, InputRows.Space());
        float[] far = InputRows.Normal(40, [.. Enumerable.Repeat(3.0, Length)], 8);
        for (int row = 0; row < 40; row++)
        {
            ReadOnlySpan<float> trapped = far.AsSpan(row * Length, Length);
            Assert.Equal(TrapMark.Label(key.Traps, traps.Find(trapped) - 1, Classes, []), Top(Release(shield, "caller", trapped)));
        }
    }

    [Fact]
    public void Files_that_do_not_fit_are_refused_by_name_and_a_reload_keeps_the_last_good_one()
    {
        string path = Save(InputRows.Space(), "model", 1);
        using Shield shield = Build(new WatermarkOptions { Traps = new TrapOptions() }, path: path);
        float[] row = InputRows.Normal(1, InputRows.Falling(Length), 7);
        float[] before = Release(shield, "caller", row);
        Assert.Contains("'other'", Refused(shield, Save(InputRows.Space(), "other", 1)), StringComparison.Ordinal);
        Assert.Contains("secret given is", Refused(shield, Save(InputRows.Space(), "model", 2)), StringComparison.Ordinal);
        Assert.Contains("cannot be read", Refused(shield, path + ".nothing"), StringComparison.Ordinal);
        shield.InputLength = Length;
        Assert.Contains("rows of 61", Refused(shield, Save(InputRows.Space(61), "model", 1)), StringComparison.Ordinal);
        Assertions.SameBits(before, Release(shield, "caller", row));
        shield.Reload(Options(new WatermarkOptions(), path));
    }

    [Fact]
    public void Combinations_that_kill_a_cosine_are_faults_that_name_key_and_remedy()
    {
        CosineMarkOptions cosine = new();
        Fault(options => options.Hardening.Watermark!.Cosine!.Strength = 0.3, "Hardening:Watermark:Cosine:Strength is 0.3");
        Fault(options => options.Hardening.Watermark!.Cosine!.Strength = double.NaN, "Cosine:Strength");
        Fault(options => options.Hardening.Watermark!.Cosine!.Frequency = 0.1, "Cosine:Frequency is 0.1");
        Fault(options => options.Hardening.Release = InferenceShield.Release.LabelOnly, "Hardening:Watermark:Cosine has Release LabelOnly");
        Fault(options => options.Hardening.Release = InferenceShield.Release.Bands, "has Release Bands");
        Fault(options => options.Hardening.LeastInformationBudget = 0.2, "LeastInformationBudget");
        Fault(options => options.Guarded.Watermark = new WatermarkOptions { Cosine = cosine }, "Guarded:Watermark:Cosine has Release Bands");
        Fault(options => options.InputSpaceFile = null, "Cosine needs InputSpaceFile");
        Fault(
            options =>
            {
                options.Hardening.Watermark = new WatermarkOptions { Traps = new TrapOptions() };
                options.InputSpaceFile = null;
            },
            "Traps needs InputSpaceFile");
        Fault(options => options.Hardening.Watermark!.Traps = new TrapOptions { ExemptClasses = [-1] }, "Traps:ExemptClasses is [-1]");
        Fault(options => options.Hardening.Watermark!.Traps = new TrapOptions { ExemptClasses = [0, 1, 2, 3, 4, 7] }, "names all 5 classes");
        Assert.Empty(ShieldOptionsValidator.Validate(Options(new WatermarkOptions { Cosine = cosine, Traps = new TrapOptions { ExemptClasses = [0, 1, 2, 3] } }, "file"), "", null));
    }

    [Fact]
    public void A_mark_without_an_input_space_is_one_fault_however_many_postures_have_it()
    {
        ShieldOptions options = Options(new WatermarkOptions { Cosine = new CosineMarkOptions() }, "file");
        options.InputSpaceFile = null;
        Assert.StartsWith("Hardening:Watermark:Cosine needs InputSpaceFile", Assert.Single(ShieldOptionsValidator.Validate(options, "", null)), StringComparison.Ordinal);
        options.Guarded = new HardeningOptions { Release = InferenceShield.Release.Rounding, Decimals = 2, Watermark = new WatermarkOptions { Cosine = new CosineMarkOptions() } };
        Assert.Single(ShieldOptionsValidator.Validate(options, "", null));
        options.Hardening.Watermark = null;
        Assert.StartsWith("Guarded:Watermark:Cosine needs InputSpaceFile", Assert.Single(ShieldOptionsValidator.Validate(options, "", null)), StringComparison.Ordinal);

        options = Options(new WatermarkOptions { Traps = new TrapOptions { ExemptClasses = [0, 1, 2, 3, 4] } }, "file");
        Assert.Contains("names all 5 classes", Assert.Single(ShieldOptionsValidator.Validate(options, "", null)), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_cosine_does_not_do_is_said()
    {
        ShieldOptions options = Options(new WatermarkOptions { Cosine = new CosineMarkOptions() }, "file");
        Assert.Contains(ShieldOptionsValidator.Warnings(options), warning => warning.Contains("off for callers who are Guarded or Restricted", StringComparison.Ordinal));
        Assert.DoesNotContain(ShieldOptionsValidator.Warnings(options), warning => warning.Contains("coarser", StringComparison.Ordinal));
        options.Hardening.Decimals = 1;
        options.Outputs[TestShield.Output].Classes = 26;
        Assert.Contains(ShieldOptionsValidator.Warnings(options), warning => warning.Contains("coarser than one in 26", StringComparison.Ordinal));
    }

    private static void Fault(Action<ShieldOptions> change, string expected)
    {
        ShieldOptions options = Options(new WatermarkOptions { Cosine = new CosineMarkOptions() }, "file");
        change(options);
        Assert.Contains(ShieldOptionsValidator.Validate(options, "", null), fault => fault.Contains(expected, StringComparison.Ordinal));
    }

    private static int Top(float[] released) => Array.IndexOf(released, released.Max());

    private static ShieldOptions Options(WatermarkOptions? marks, string? path)
    {
        ShieldOptions options = TestShield.Options();
        options.Outputs[TestShield.Output].Classes = Classes;
        options.Hardening.Watermark = marks;
        options.InputSpaceFile = path;
        return options;
    }

    private static float[] Release(Shield shield, string caller, ReadOnlySpan<float> row)
    {
        float[] released = new float[Classes];
        Admission admission = shield.Admit(shield.IdentifyCaller(caller), "input"u8, 1);
        shield.Harden(in admission, [shield.ReadMarkInput(row)], s_clean, released, Classes);
        return released;
    }

    private static string Refused(Shield shield, string path)
    {
        OptionsValidationException refused = Assert.Throws<OptionsValidationException>(() => shield.Reload(Options(new WatermarkOptions { Traps = new TrapOptions() }, path)));
        Assert.Contains("InputSpaceFile is '" + path, refused.Message, StringComparison.Ordinal);
        return refused.Message;
    }

    private Shield Build(WatermarkOptions? marks, int decimals = 2, string? path = null)
    {
        path ??= Save(InputRows.Space(), "model", 1);
        return TestShield.Build(configure: options =>
        {
            options.Outputs[TestShield.Output].Classes = Classes;
            options.Hardening.Watermark = marks;
            options.Hardening.Decimals = decimals;
            options.InputSpaceFile = path;
        });
    }

    private string Save(InputSpace space, string model, int secret)
    {
        string path = Path.Combine(_directory, Path.GetRandomFileName());
        using ShieldSecret material = new(TestShield.Secret(secret));
        using FileStream stream = File.Create(path);
        space.Save(stream, model, material);
        return path;
    }
}

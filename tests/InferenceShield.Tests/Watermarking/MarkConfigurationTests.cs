using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace InferenceShield.Tests.Watermarking;

/// <summary>Marks that JSON writes with their defaults, as {}.</summary>
public sealed class MarkConfigurationTests
{
    private static readonly string[] s_marks = [.. typeof(WatermarkOptions).GetProperties().Select(property => property.Name)];

    public static TheoryData<string> Marks() => [.. s_marks];

    [Theory]
    [MemberData(nameof(Marks))]
    public void An_empty_mark_is_on_in_every_posture_output_and_trial(string mark)
    {
        string marked = $$"""{ "Watermark": { "{{mark}}": {} } }""";
        string postures = $$""" "Hardening": {{marked}}, "Guarded": {{marked}}, "Restricted": {{marked}} """;
        ShieldOptions options = Read($$"""{ {{postures}}, "Outputs": { "scores": { {{postures}} } }, "Trial": { {{postures}} } }""");
        Assert.Empty(options.ReadingFaults);
        HardeningOptions?[] all = [.. PostureHardening.SharedOf(options), .. PostureHardening.OwnOf(options.Outputs["scores"]), .. PostureHardening.OwnOf(options.Trial)];
        Assert.Equal(9, all.Length);
        Assert.All(all, hardening => Assert.Equal([mark], Set(hardening!.Watermark!)));
    }

    [Theory]
    [InlineData("""{ "NearTie": { "ExemptClasses": [] } }""", "NearTie")]
    [InlineData("""{ "NearTie": { "Margin": null } }""", "NearTie")]
    [InlineData("""{ "NearTie": null }""", "NearTie")]
    [InlineData("""{ "neartie": {} }""", "NearTie")]
    [InlineData("""{ "NearTie": {}, "Cosine": { "Strength": 0.1 } }""", "NearTie,Cosine")]
    [InlineData("{}", "")]
    public void What_is_there_is_on_and_nothing_else(string watermark, string expected)
    {
        ShieldOptions options = Read($$"""{ "Hardening": { "Watermark": {{watermark}} } }""");
        Assert.Empty(options.ReadingFaults);
        Assert.Equal(expected, string.Join(',', Set(options.Hardening.Watermark!)));
        Assert.Null(options.Guarded.Watermark);
    }

    [Fact]
    public void An_empty_Watermark_in_a_later_posture_means_no_marks_there()
    {
        ShieldOptions options = Read("""{ "Hardening": { "Watermark": { "NearTie": {} } }, "Restricted": { "Watermark": {} }, "Outputs": { "scores": { "Kind": "Probabilities" } } }""");
        HardeningOptions[] filled = PostureHardening.Of(options, options.Outputs["scores"]);
        Assert.Equal([1, 1, 0], filled.Select(hardening => Set(hardening.Watermark!).Length));
    }

    [Fact]
    public void A_misspelt_or_a_scalar_mark_is_a_fault()
    {
        const string Path = "InferenceShield:Models:fashion:Shield:Hardening:Watermark:";
        Assert.Equal([Path + "NearTei is not known: there is no 'NearTei'. Is it misspelt?"], Faults("""{ "NearTei": {} }"""));
        Assert.Equal([Path + "NearTie is 'True'; it takes keys of its own, not a value."], Faults("""{ "NearTie": true }"""));

        static IEnumerable<string> Faults(string watermark) =>
            Assert.Throws<OptionsValidationException>(() => Build($$"""{ "Outputs": { "scores": { "Kind": "Probabilities", "Classes": 10 } }, "Hardening": { "Watermark": {{watermark}} } }""")).Failures;
    }

    [Fact]
    public void A_shield_of_such_JSON_moves_labels()
    {
        Assert.True(Moved("""{ "NearTie": {} }""") > 0);
        Assert.Equal(0, Moved("{}"));

        static long Moved(string watermark)
        {
            using ServiceProvider services = Build($$"""{ "Outputs": { "scores": { "Kind": "Probabilities", "Classes": 10 } }, "Hardening": { "Watermark": {{watermark}} } }""");
            Shield shield = services.GetRequiredKeyedService<Shield>("fashion");
            for (int pair = 0; pair < 9; pair++)
            {
                float[] scores = new float[10];
                (scores[pair], scores[pair + 1]) = (0.51f, 0.49f);
                _ = shield.Release(scores, 10);
            }

            return shield.GetUtility().LabelsMoved;
        }
    }

    private static ShieldOptions Read(string shield)
    {
        ShieldOptions options = new();
        ShieldOptionsReader.Read(Json(shield).GetSection("InferenceShield:Models:fashion:Shield"), options);
        return options;
    }

    private static ServiceProvider Build(string shield)
    {
        ServiceCollection services = new();
        services.AddInferenceShield(Json(shield).GetSection("InferenceShield")).UseSecret(ShieldSecrets.FromBytes(TestShield.Secret(1))).AddModel("fashion");
        ServiceProvider provider = services.BuildServiceProvider();
        try
        {
            _ = provider.GetRequiredKeyedService<Shield>("fashion");
            return provider;
        }
        catch
        {
            provider.Dispose();
            throw;
        }
    }

    private static IConfigurationRoot Json(string shield) => new ConfigurationBuilder()
        .AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes($$"""{ "InferenceShield": { "Models": { "fashion": { "Shield": {{shield}} } } } }"""))).Build();

    private static string[] Set(WatermarkOptions marks) => [.. typeof(WatermarkOptions).GetProperties().Where(property => property.GetValue(marks) is not null).Select(property => property.Name)];
}

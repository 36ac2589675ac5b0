using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace InferenceShield.Tests;

/// <summary>What the host finds out before it serves anything.</summary>
public sealed class ShieldStartupTests
{
    [Fact]
    public void Every_fault_of_every_model_is_in_one_exception()
    {
        using TestHost host = new(
            ("Defaults:Hardening:Temperature", "0"),
            ("Models:a:Shield:Hardening:Decimals", "9"),
            ("Models:a:Shield:Admission:PerCaller:Queries", "0"),
            ("Models:b:Shield:Callers:Capacity", "-1"),
            ("Models:c:Shield:Hardening:Decimals", "2"),
            ("Model:a:Shield:Hardening:Decimals", "2"));
        host.AddShield()
            .AddModel("a", model => model.AddOutput("scores", OutputKind.Probabilities))
            .AddModel("b");
        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(host.Start);
        Assert.Equal(
            [
                "InferenceShield:Model is not known; allowed: Secret, Defaults, GlobalLimit, Models.",
                "InferenceShield:Models:c configures a model that is not registered; registered with AddModel: a, b.",
                "InferenceShield:Models:a:Shield:Admission:PerCaller:Queries is 0; allowed: 1 to 1,000,000,000.",
                "InferenceShield:Models:a:Shield:Hardening:Decimals is 9; allowed: 1 to 5.",
                "InferenceShield:Models:a:Shield:Hardening:Temperature is 0; allowed: 0.05 to 100.",
                "InferenceShield:Models:b:Shield:Callers:Capacity is -1; allowed: 1 to 20,000,000.",
                "InferenceShield:Models:b:Shield:Hardening:Temperature is 0; allowed: 0.05 to 100.",
                "InferenceShield:Models:b:Shield:Outputs is empty; declare at least one output that may be released, with its kind (Logits, Probabilities, Embedding, Regression, State, SigmoidLogits, SigmoidProbabilities or TokenLogits).",
            ],
            exception.Failures);
    }

    [Fact]
    public void Without_configuration_faults_name_the_model()
    {
        using TestHost host = new();
        host.Services.AddInferenceShield()
            .UseSecret(ShieldSecrets.Ephemeral())
            .AddModel("fashion", model => model.AddOutput("scores", OutputKind.Logits, new HardeningOptions { TopK = 0 }));
        Assert.Equal(
            ["fashion: Outputs:scores:Hardening:TopK is 0; allowed: 1 to 1,000,000."], Assert.Throws<OptionsValidationException>(host.Start).Failures);
    }

    [Theory]
    [InlineData("Defaultss:Mode", "InferenceShield:Defaultss is not known; allowed: Secret, Defaults, GlobalLimit, Models.")]
    [InlineData("Models:fashion:Sheild:Mode", "InferenceShield:Models:fashion:Sheild is not known; allowed: Shield.")]
    [InlineData("Models:Fashon:Shield:Mode", "InferenceShield:Models:Fashon configures a model that is not registered; registered with AddModel: fashion.")]
    public void A_misspelt_section_is_an_error_that_names_it_and_those_that_exist(string key, string fault)
    {
        using TestHost host = new((key, "Enforce"));
        host.WithModel();
        Assert.Equal([fault], Assert.Throws<OptionsValidationException>(host.Start).Failures);
    }

    [Theory]
    [InlineData("Models:fashion:Shield:Hardenning:Decimals", "Hardenning")]
    [InlineData("Models:fashion:Shield:Hardening:Decimal", "Decimal")]
    [InlineData("Models:fashion:Shield:Outputs:scores:Knid", "Knid")]
    [InlineData("Models:fashion:Shield:Admission:PerCaller:Rate", "Rate")]
    [InlineData("Defaults:Moed", "Moed")]
    [InlineData("Defaults:Callers:Capacitiy", "Capacitiy")]
    public void A_misspelt_option_is_an_error_that_names_it(string key, string misspelt)
    {
        using TestHost host = new((key, "1"));
        host.WithModel();
        string fault = Assert.Single(Assert.Throws<OptionsValidationException>(host.Start).Failures);
        Assert.Contains($"'{misspelt}'", fault, StringComparison.Ordinal);
        Assert.StartsWith($"InferenceShield:{key} is not known", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Models:fashion:Shield:Hardening:Decimals", "two")]
    [InlineData("Models:fashion:Shield:Mode", "Enforced")]
    [InlineData("Models:fashion:Shield:Admission:PerCaller:Period", "an hour")]
    [InlineData("Models:fashion:Shield:Outputs:scores:Kind", "Probability")]
    [InlineData("Defaults:Hardening:Temperature", "1,5")]
    public void A_value_that_does_not_parse_is_an_error_that_names_key_and_value(string key, string value)
    {
        using TestHost host = new((key, value));
        host.WithModel();
        string fault = Assert.Single(Assert.Throws<OptionsValidationException>(host.Start).Failures);
        Assert.Contains($"InferenceShield:{key}", fault, StringComparison.Ordinal);
        Assert.Contains($"'{value}'", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void All_that_cannot_be_read_and_all_that_is_out_of_range_is_said_at_once_and_the_secret_too()
    {
        using TestHost host = new(
            ("Models:a:Shield:Hardening:Decimals", "two"),
            ("Models:a:Shield:Hardenin:TopK", "3"),
            ("Models:a:Shield:Mode", "Enforce,ObserveOnly"),
            ("Models:a:Shield:Admission:PerCaller:Burst", "-5"));
        host.Services.AddInferenceShield(host.Section).AddModel("a", model => model.AddOutput("scores", OutputKind.Logits)).AddModel("b", model => model.AddOutput("scores", OutputKind.Logits));
        string[] faults = [.. Assert.Throws<OptionsValidationException>(host.Start).Failures];
        Assert.Equal(5, faults.Length);
        Assert.Contains(faults, fault => fault.Contains("Decimals is 'two'", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.Contains("there is no 'Hardenin'", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.Contains("Mode is 'Enforce,ObserveOnly'", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.Contains("Burst is -5", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.Contains("has no secret", StringComparison.Ordinal));
    }

    /// <summary>The binder passes over all of these without a word, which would leave the shield laxer than written.</summary>
    [Theory]
    [InlineData("Models:fashion:Shield", "strict")]
    [InlineData("Models:fashion", "x")]
    [InlineData("Models", "x")]
    [InlineData("Defaults", "x")]
    [InlineData("Defaults:Hardening", "Decimals")]
    [InlineData("Defaults:Hardening:Release:x", "Bands")]
    [InlineData("Defaults:Hardening:Release", "Rounding,Bands")]
    [InlineData("Defaults:Guarded:Release", "1")]
    [InlineData("Defaults:Guarded:BandEdges", "0.5")]
    [InlineData("Defaults:Guarded:BandEdges:x", "0.5")]
    [InlineData("Defaults:Guarded:BandEdges:0", "half")]
    [InlineData("Defaults:Guarded:BandFile", "")]
    [InlineData("Defaults:Hardening:Release", "")]
    [InlineData("Defaults:Hardening:Decimals:0", "1")]
    [InlineData("Defaults:Hardening:TopK", "")]
    [InlineData("Defaults:Admission", "5")]
    [InlineData("Defaults:Admission:PerCaller", "10/h")]
    [InlineData("Defaults:Admission:Blocked", "1")]
    [InlineData("Defaults:Admission:BlockedDelay", "24")]
    [InlineData("Defaults:Mode", "")]
    [InlineData("Defaults:Mode", "1")]
    [InlineData("Models:fashion:Shield:Outputs", "scores")]
    [InlineData("Models:fashion:Shield:Outputs:scores", "Logits")]
    [InlineData("Models:fashion:Shield:Outputs:scores:Kind", "Logits,Regression")]
    public void What_nobody_would_read_is_an_error(string key, string value)
    {
        using TestHost host = new((key, value));
        host.WithModel();
        Assert.NotEmpty(Assert.Throws<OptionsValidationException>(host.Start).Failures);
    }

    [Theory]
    [InlineData("Guarded:Release", "LabelsOnly", "Rounding, Bands, LabelOnly")]
    [InlineData("Admission:Blocked", "Restricted", "Refuse, Restrict")]
    [InlineData("Hardening:KeyedNoiseKind", "Uniform,Laplace", "Uniform, Laplace, Gaussian")]
    [InlineData("Hardening:TopKRemainder", "1", "Zero, Shared")]
    public void A_name_that_there_is_not_is_answered_with_those_that_there_are(string key, string value, string allowed)
    {
        using TestHost host = new(("Models:fashion:Shield:" + key, value));
        host.WithModel();
        Assert.Equal(
            [$"InferenceShield:Models:fashion:Shield:{key} is '{value}'; allowed is one of: {allowed}."], Assert.Throws<OptionsValidationException>(host.Start).Failures);
    }

    [Fact]
    public void Every_option_can_be_configured()
    {
        List<string> keys = [];
        Add("", typeof(ShieldOptions));
        Assert.Equal(keys.Order(StringComparer.Ordinal), ShieldOptionsReader.Keys.Order(StringComparer.Ordinal));

        void Add(string path, Type type)
        {
            foreach (System.Reflection.PropertyInfo property in type.GetProperties())
            {
                string key = path + property.Name;
                if (property.Name == nameof(ShieldOptions.Outputs))
                {
                    Add(key + ":*:", typeof(OutputOptions));
                }
                else if (property.Name is nameof(HardeningOptions.BandEdges) or nameof(OutputOptions.Thresholds) or nameof(PostureOptions.AllowedTenants)
                    or nameof(NearTieMarkOptions.ExemptClasses))
                {
                    keys.Add(key + ":*");
                }
                else if (property.PropertyType == typeof(IList<OdometerBand>))
                {
                    Add(key + ":*:", typeof(OdometerBand));
                }
                else if (property.PropertyType.IsClass && property.PropertyType != typeof(string))
                {
                    Add(key + ":", property.PropertyType);
                }
                else
                {
                    keys.Add(key);
                }
            }
        }
    }

    [Fact]
    public void What_is_wrong_with_Defaults_is_said_once_for_all_models()
    {
        using TestHost host = new(("Defaults:Moed", "Enforce"));
        host.WithModel("a").WithModel("b");
        Assert.Single(Assert.Throws<OptionsValidationException>(host.Start).Failures);
    }

    [Fact]
    public void What_cannot_be_read_for_one_model_hides_no_fault_of_another()
    {
        using TestHost host = new(
            ("Models:a:Shield:Hardening:Decimals", "two"),
            ("Models:b:Shield:Hardening:Decimals", "9"),
            ("Models:c:Shield:Hardenning:Decimals", "2"));
        host.WithModel("a").WithModel("b").WithModel("c");
        string[] faults = [.. Assert.Throws<OptionsValidationException>(host.Start).Failures];
        Assert.Equal(3, faults.Length);
        Assert.Contains("'two'", faults[0], StringComparison.Ordinal);
        Assert.Equal("InferenceShield:Models:b:Shield:Hardening:Decimals is 9; allowed: 1 to 5.", faults[1]);
        Assert.Contains("'Hardenning'", faults[2], StringComparison.Ordinal);
    }

    [Fact]
    public void Null_in_a_file_and_the_empty_value_some_sources_give_sections_is_the_default()
    {
        using TestHost host = new(
            ("Models:fashion:Shield:Hardening", null), ("Models:fashion:Shield:Admission:PerCaller", ""), ("Models", ""), ("Models:fashion:Shield", ""));
        host.WithModel().Start();
        Assert.Equal([0.12f, 0.88f], host.Shield().Release([0.123456f, 0.876544f], 2));
    }

    [Theory]
    [InlineData(new string[0], "The shield has no secret.")]
    [InlineData(new[] { "EnvironmentVariable", "", "File", "" }, "The shield has no secret.")]
    [InlineData(new[] { "EnvironmentVariable", "X", "File", "y" }, "The shield's secret is named more than once.")]
    [InlineData(new[] { "UseDevelopmentSecret", "true", "File", "y" }, "The shield's secret is named more than once.")]
    public void No_secret_and_two_secrets_are_an_error_that_names_the_keys(string[] settings, string fault)
    {
        using TestHost host = new([.. settings.Chunk(2).Select(pair => ("Secret:" + pair[0], (string?)pair[1]))]);
        host.Services.AddInferenceShield(host.Section)
            .AddModel("fashion", model => model.AddOutput("scores", OutputKind.Logits));
        ShieldSecretException exception = Assert.Throws<ShieldSecretException>(host.Start);
        Assert.Equal(
            fault + " Set exactly one of InferenceShield:Secret:EnvironmentVariable, InferenceShield:Secret:File and (in Development) InferenceShield:Secret:UseDevelopmentSecret, or call UseSecret.",
            exception.Message);
    }

    [Fact]
    public void A_misspelt_secret_option_is_an_error()
    {
        using TestHost host = new(("Secret:Enviroment", "X"));
        host.Services.AddInferenceShield(host.Section)
            .AddModel("fashion", model => model.AddOutput("scores", OutputKind.Logits));
        string message = Assert.Throws<ShieldSecretException>(host.Start).Message;
        Assert.Contains("EnvironmentVariable (a name)", message, StringComparison.Ordinal);
        Assert.DoesNotContain("Enviroment:", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_secret_is_read_from_the_file_that_the_configuration_names()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, Convert.ToBase64String(TestShield.Secret(1)));
            using TestHost host = new(("Secret:File", file));
            host.Services.AddInferenceShield(host.Section)
                .AddModel("fashion", model => model.AddOutput("scores", OutputKind.Logits));
            host.Start();
            using Shield expected = TestShield.Build(secret: 1);
            Assert.Equal(expected.SecretKeyId, host.Shield().SecretKeyId);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void The_secret_is_read_from_the_variable_that_the_configuration_names()
    {
        using TestHost host = new(("Secret:EnvironmentVariable", "INFERENCE_SHIELD_TEST_NOT_SET"));
        host.Services.AddInferenceShield(host.Section)
            .AddModel("fashion", model => model.AddOutput("scores", OutputKind.Logits));
        Assert.Contains("'INFERENCE_SHIELD_TEST_NOT_SET' is not set", Assert.Throws<ShieldSecretException>(host.Start).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_secret_setting_is_as_none()
    {
        using TestHost host = new("Development", ("Secret:File", ""), ("Secret:EnvironmentVariable", ""), ("Secret:UseDevelopmentSecret", "true"));
        host.Services.AddInferenceShield(host.Section).AddModel("fashion", model => model.AddOutput("scores", OutputKind.Logits));
        host.Start();
        Assert.Equal("development", host.Shield().SecretKeyId);
    }

    [Theory]
    [InlineData("Development", true)]
    [InlineData("Production", false)]
    public void The_development_secret_goes_by_the_hosts_environment(string environment, bool works)
    {
        using TestHost host = new(environment, ("Secret:UseDevelopmentSecret", "true"));
        host.Services.AddInferenceShield(host.Section)
            .AddModel("fashion", model => model.AddOutput("scores", OutputKind.Logits));
        if (works)
        {
            host.Start();
            Assert.Equal("development", host.Shield().SecretKeyId);
        }
        else
        {
            Assert.Contains("this is 'Production'", Assert.Throws<ShieldSecretException>(host.Start).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_secret_of_the_code_wins_over_the_configuration()
    {
        using TestHost host = new(("Secret:EnvironmentVariable", "INFERENCE_SHIELD_TEST_NOT_SET"));
        host.WithModel().Start();
        using Shield expected = TestShield.Build(secret: 1);
        Assert.Equal(expected.SecretKeyId, host.Shield().SecretKeyId);
    }
}

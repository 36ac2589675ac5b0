namespace InferenceShield.Tests;

/// <summary>Where secrets come from, and that what is wrong with one is said without showing any of it.</summary>
[Collection(ProcessWide.Name)]
public sealed class ShieldSecretsTests : IDisposable
{
    private static readonly byte[] s_material = TestShield.Secret(4);
    private readonly string _folder = Directory.CreateTempSubdirectory("inference-shield-tests-").FullName;
    private readonly Dictionary<string, string?> _before = [];

    public static TheoryData<string> Texts { get; } =
    [
        Convert.ToBase64String(s_material),
        Convert.ToHexString(s_material),
        Convert.ToHexStringLower(s_material),
        "  " + Convert.ToBase64String(s_material) + "\r\n",
        Convert.ToHexStringLower(s_material) + "\n",
    ];

    /// <summary>Texts that hold something of a secret and are no good.</summary>
    public static TheoryData<string, string> BadTexts { get; } = new()
    {
        { Convert.ToBase64String(s_material.AsSpan(0, 31)), "has 31 bytes" },
        { Convert.ToHexString(s_material.AsSpan(0, 16)), "has 16 bytes" },
        { Convert.ToHexString(s_material)[..^2] + "zz!!", "neither base64 nor hexadecimal" },
        { Convert.ToBase64String(s_material)[..^2] + "*", "neither base64 nor hexadecimal" },
        { new string('0', 64), "placeholder" },
        { Convert.ToBase64String(new byte[32]), "placeholder" },
    };

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        foreach ((string name, string? value) in _before)
        {
            Environment.SetEnvironmentVariable(name, value);
        }
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void Base64_and_hexadecimal_are_read_from_environment_and_file(string text)
    {
        Set("INFERENCE_SHIELD_TEST_SECRET", text);
        AssertSecret(ShieldSecrets.FromEnvironment("INFERENCE_SHIELD_TEST_SECRET"));
        AssertSecret(ShieldSecrets.FromFile(Write(text)));
    }

    [Fact]
    public void A_file_may_hold_raw_bytes()
    {
        string file = Path.Combine(_folder, "raw");
        File.WriteAllBytes(file, s_material);
        AssertSecret(ShieldSecrets.FromFile(file));

        byte[] longest = [.. Enumerable.Range(0, 32).SelectMany(TestShield.Secret)];
        File.WriteAllBytes(file, longest);
        using ShieldSecret expected = new(longest);
        using ShieldSecret actual = ShieldSecrets.FromFile(file).GetSecret();
        Assert.Equal((1024, expected.KeyId), (longest.Length, actual.KeyId));
    }

    [Theory]
    [MemberData(nameof(BadTexts))]
    public void A_bad_secret_is_an_error_that_names_its_source_and_shows_none_of_it(string text, string fault)
    {
        Set("INFERENCE_SHIELD_TEST_SECRET", text);
        AssertFault(ShieldSecrets.FromEnvironment("INFERENCE_SHIELD_TEST_SECRET"), "environment variable 'INFERENCE_SHIELD_TEST_SECRET'");
        string file = Write(text);
        AssertFault(ShieldSecrets.FromFile(file), $"secret file '{file}'");

        void AssertFault(IShieldSecretProvider provider, string source)
        {
            ShieldSecretException exception = Assert.Throws<ShieldSecretException>(provider.GetSecret);
            Assert.Contains(source, exception.Message, StringComparison.Ordinal);
            Assert.Contains(fault, exception.Message, StringComparison.Ordinal);
            Assert.Contains("openssl rand -base64 32", exception.Message, StringComparison.Ordinal);
            for (int i = 0; i + 8 <= text.Length; i++)
            {
                Assert.DoesNotContain(text.Substring(i, 8), exception.ToString(), StringComparison.Ordinal);
            }

            Assert.DoesNotContain(text, provider.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("   ")]
    public void A_missing_environment_variable_is_an_error_that_shows_how_to_set_it(string? value)
    {
        Set("INFERENCE_SHIELD_TEST_SECRET", value);
        IShieldSecretProvider provider = ShieldSecrets.FromEnvironment("INFERENCE_SHIELD_TEST_SECRET");
        Assert.Equal(
            "The environment variable 'INFERENCE_SHIELD_TEST_SECRET' is not set. Set it to 32 random bytes in base64, for example: export INFERENCE_SHIELD_TEST_SECRET=\"$(openssl rand -base64 32)\"",
            Assert.Throws<ShieldSecretException>(provider.GetSecret).Message);
    }

    [Fact]
    public void The_environment_is_read_when_the_secret_is_asked_for()
    {
        IShieldSecretProvider provider = ShieldSecrets.FromEnvironment("INFERENCE_SHIELD_TEST_SECRET");
        Set("INFERENCE_SHIELD_TEST_SECRET", Convert.ToBase64String(s_material));
        AssertSecret(provider);
    }

    [Fact]
    public void A_missing_file_is_an_error_that_shows_how_to_make_it()
    {
        string file = Path.Combine(_folder, "missing");
        string message = Assert.Throws<ShieldSecretException>(ShieldSecrets.FromFile(file).GetSecret).Message;
        Assert.StartsWith($"The secret file '{file}' cannot be read: FileNotFoundException. Create it with: openssl rand", message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Throws<ShieldSecretException>(ShieldSecrets.FromFile(_folder).GetSecret).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "has 0 bytes; it needs at least 32")]
    [InlineData(31, "has 31 bytes; it needs at least 32")]
    [InlineData(1025, "has more than 1,024 bytes; a secret has 32 to 1,024")]
    [InlineData(5_000_000, "has more than 1,024 bytes; a secret has 32 to 1,024")]
    public void A_file_of_the_wrong_size_is_an_error(int size, string fault)
    {
        string file = Path.Combine(_folder, "wrong");
        byte[] content = new byte[size];
        new Random(size).NextBytes(content);
        File.WriteAllBytes(file, content);
        string message = Assert.Throws<ShieldSecretException>(ShieldSecrets.FromFile(file).GetSecret).Message;
        Assert.Contains(file, message, StringComparison.Ordinal);
        Assert.Contains(fault, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_are_copied_and_checked_at_once()
    {
        byte[] material = [.. s_material];
        IShieldSecretProvider provider = ShieldSecrets.FromBytes(material);
        Array.Clear(material);
        AssertSecret(provider);
        AssertSecret(provider); // a shield disposes the secret it got; the provider has more
        Assert.Throws<ShieldSecretException>(() => ShieldSecrets.FromBytes(new byte[32]));
        Assert.Throws<ShieldSecretException>(() => ShieldSecrets.FromBytes(s_material.AsSpan(0, 31)));
    }

    [Fact]
    public void An_ephemeral_secret_lives_as_long_as_its_provider()
    {
        IShieldSecretProvider provider = ShieldSecrets.Ephemeral();
        Assert.Equal(Subkey(provider), Subkey(provider));
        Assert.NotEqual(Subkey(provider), Subkey(ShieldSecrets.Ephemeral()));

        static byte[] Subkey(IShieldSecretProvider provider)
        {
            using ShieldSecret secret = provider.GetSecret();
            byte[] key = new byte[16];
            secret.DeriveKey("caller", key);
            return key;
        }
    }

    [Theory]
    [InlineData("Development")]
    [InlineData("development")]
    public void The_development_secret_works_in_development(string environment)
    {
        using ShieldSecret secret = ShieldSecrets.Development(environment).GetSecret();
        Assert.Equal("development", secret.KeyId);
    }

    [Theory]
    [InlineData("Production")]
    [InlineData("Staging")]
    [InlineData("Development2")]
    [InlineData("")]
    public void The_development_secret_is_refused_anywhere_else(string environment)
    {
        string message = Assert.Throws<ShieldSecretException>(ShieldSecrets.Development(environment).GetSecret).Message;
        Assert.Contains($"this is '{environment}'", message, StringComparison.Ordinal);
        Assert.Contains("InferenceShield:Secret:EnvironmentVariable", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, null, false)]
    [InlineData("Development", null, true)]
    [InlineData(null, "Development", true)]
    [InlineData("Production", "Development", false)]
    [InlineData("Development", "Production", true)]
    public void The_environment_is_what_the_host_would_take_it_to_be(string? aspNetCore, string? dotNet, bool works)
    {
        Set("ASPNETCORE_ENVIRONMENT", aspNetCore);
        Set("DOTNET_ENVIRONMENT", dotNet);
        IShieldSecretProvider provider = ShieldSecrets.Development();
        if (works)
        {
            provider.GetSecret().Dispose();
        }
        else
        {
            Assert.Throws<ShieldSecretException>(provider.GetSecret);
        }
    }

    [Fact]
    public void A_shield_disposes_the_secret_it_was_given()
    {
        ShieldSecret secret = new(s_material);
        using Shield shield = new ShieldBuilder("model").UseSecret(new Once(secret)).AddOutput("scores", OutputKind.Logits).Build();
        Assert.Throws<ObjectDisposedException>(() => secret.DeriveKey("caller", new byte[16]));
    }

    [Fact]
    public void Arguments_are_checked()
    {
        Assert.Throws<ArgumentException>(() => ShieldSecrets.FromEnvironment(" "));
        Assert.Throws<ArgumentException>(() => ShieldSecrets.FromFile(""));
        Assert.Throws<ArgumentNullException>(() => ShieldSecrets.Development(null!));
    }

    private static void AssertSecret(IShieldSecretProvider provider)
    {
        using ShieldSecret expected = new(s_material);
        using ShieldSecret actual = provider.GetSecret();
        Assert.Equal(expected.KeyId, actual.KeyId);
    }

    private string Write(string text)
    {
        string file = Path.Combine(_folder, "secret.txt");
        File.WriteAllText(file, text);
        return file;
    }

    private void Set(string variable, string? value)
    {
        _before.TryAdd(variable, Environment.GetEnvironmentVariable(variable));
        Environment.SetEnvironmentVariable(variable, value);
    }

    private sealed class Once(ShieldSecret secret) : IShieldSecretProvider
    {
        public ShieldSecret GetSecret() => secret;
    }

    [Fact]
    public void A_secret_where_its_name_or_path_belongs_is_not_quoted()
    {
        string secret = Convert.ToBase64String(TestShield.Secret(1));
        foreach (IShieldSecretProvider provider in (IShieldSecretProvider[])[ShieldSecrets.FromEnvironment(secret), ShieldSecrets.FromFile(secret)])
        {
            ShieldSecretException exception = Assert.Throws<ShieldSecretException>(() => provider.GetSecret());
            Assert.DoesNotContain(secret, exception.ToString(), StringComparison.Ordinal);
            Assert.Contains("looks like the secret itself", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_mark_of_utf8_makes_no_other_secret_and_utf16_is_refused()
    {
        string text = Convert.ToBase64String(TestShield.Secret(1));
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, text);
            using ShieldSecret plain = ShieldSecrets.FromFile(file).GetSecret();
            File.WriteAllText(file, text, new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
            using ShieldSecret marked = ShieldSecrets.FromFile(file).GetSecret();
            Assert.Equal(plain.KeyId, marked.KeyId);
            File.WriteAllText(file, text, System.Text.Encoding.Unicode);
            Assert.Contains("UTF-16", Assert.Throws<ShieldSecretException>(() => ShieldSecrets.FromFile(file).GetSecret()).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }
}

using System.Security.Cryptography;
using Microsoft.Extensions.Hosting;

namespace InferenceShield.Samples.Tests.FashionApi;

public sealed class SecrecyTests
{
    [Fact]
    public async Task No_secret_no_key_and_no_hash_of_one_is_logged_at_any_level()
    {
        byte[] secret = RandomNumberGenerator.GetBytes(32);
        string variable = $"INFERENCE_SHIELD_SECRET_{Guid.NewGuid():N}";
        Environment.SetEnvironmentVariable(variable, Convert.ToBase64String(secret));
        try
        {
            const string Known = "key-of-carol-76d1";
            const string Unknown = "key-of-nobody-8c2e";
            string hash = Convert.ToHexStringLower(SHA256.HashData("key-of-carol-76d1"u8));
            using Api api = new(
                "InferenceShield:Secret:EnvironmentVariable", variable,
                "Api:Keys:carol", hash,
                "Logging:LogLevel:Default", "Trace",
                "Logging:LogLevel:Microsoft.AspNetCore", "Trace")
            {
                EnvironmentName = Environments.Production,
            };
            api.UseKestrel(0);
            foreach (string key in new[] { Known, Unknown })
            {
                using HttpClient client = api.CreateClient(key);
                foreach (string body in new[] { Requests.Body(43), "{", "{}", Requests.BodyOf(Enumerable.Repeat(Requests.RowWith("0"), 33)) })
                {
                    using HttpResponseMessage response = await client.PredictAsync(body);
                }

                using HttpResponseMessage description = await client.GetAsync("/v1/models/fashion");
            }

            Assert.Contains(api.Log.Lines, line => line.StartsWith("Trace", StringComparison.Ordinal) || line.StartsWith("Debug", StringComparison.Ordinal));
            foreach (string text in new[]
            {
                Known, Unknown, hash, Convert.ToHexString(SHA256.HashData("key-of-nobody-8c2e"u8)),
                Convert.ToBase64String(secret), Convert.ToHexString(secret),
            })
            {
                Assert.DoesNotContain(api.Log.Lines, line => line.Contains(text, StringComparison.OrdinalIgnoreCase));
            }
        }
        finally
        {
            Environment.SetEnvironmentVariable(variable, null);
        }
    }
}

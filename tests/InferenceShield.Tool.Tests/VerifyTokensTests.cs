using System.Text.Json;
using InferenceShield.Lab;

namespace InferenceShield.Tool.Tests;

/// <summary>verify --tokens: texts in the place of a suspect.</summary>
public sealed class VerifyTokensTests : IDisposable
{
    private const string Variable = "INFERENCE_SHIELD_VERIFY_TOKENS_TEST";
    private const int Vocabulary = 200;

    private readonly ToolRun _tool = new();

    public VerifyTokensTests() => Environment.SetEnvironmentVariable(Variable, Convert.ToBase64String(Enumerable.Range(1, 32).Select(number => (byte)number).ToArray()));

    public void Dispose() => _tool.Dispose();

    [Theory]
    [InlineData("GreenList", "green-list")]
    [InlineData("Tournament", "tournament")]
    public async Task A_marked_text_is_told_from_another(string mark, string test)
    {
        string policy = _tool.Write("policy.json", $$"""{ "Outputs": { "tokens": { "Kind": "TokenLogits" } }, "Hardening": { "Watermark": { "{{mark}}": {} } } }""");
        foreach (bool isMarked in (bool[])[true, false])
        {
            string texts = _tool.Write("texts.txt", Text(mark, isMarked));
            Assert.True(await _tool.RunAsync(Verify(texts, policy, "--json")) == ExitCode.Done, _tool.Error);
            using JsonDocument json = JsonDocument.Parse(_tool.Output);
            JsonElement found = Assert.Single(json.RootElement[0].GetProperty("tests").EnumerateArray());
            Assert.Equal(test, found.GetProperty("name").GetString());
            Assert.True(found.GetProperty("randomKeyShare").GetDouble() <= 0.025);
            Assert.Equal(isMarked, found.GetProperty("pValue").GetDouble() < 1e-6);
            Assert.Equal(isMarked, json.RootElement[0].GetProperty("verdict").GetString() == "ConsistentWithCopying");
        }
    }

    [Fact]
    public async Task Mistakes_say_what_to_do()
    {
        string policy = _tool.Write("policy.json", """{ "Outputs": { "tokens": { "Kind": "TokenLogits" } }, "Hardening": { "Watermark": { "GreenList": {} } } }""");
        string other = _tool.Write("other.json", """{ "Outputs": { "logits": { "Kind": "Logits" } }, "Hardening": { "Watermark": { "NearTie": {} } } }""");
        string texts = _tool.Write("texts.txt", "1 2 3\n4 five 6\n");
        (string[] Arguments, string Expected)[] mistakes =
        [
            (Verify(texts, policy), "line 2"),
            (Verify(_tool.Write("empty.txt", " \n"), policy), "holds no tokens"),
            (Verify(_tool.Write("good.txt", "1 2 3 4 5 6 7 8 9"), other), "carries no mark of tokens"),
            (Verify(texts, policy, "--plan"), "asks nobody"),
        ];
        foreach ((string[] arguments, string expected) in mistakes)
        {
            Assert.True(await _tool.RunAsync(arguments) == ExitCode.Mistake, string.Join(' ', arguments) + "\n" + _tool.Error);
            Assert.Contains(expected, _tool.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("five", _tool.Error, StringComparison.Ordinal);
        }
    }

    private string[] Verify(string texts, string policy, params string[] more) =>
    [
        "verify", "--tokens", texts, "--model", ToolRun.Model, "--policy", policy, "--posture", "Normal", "--secret-env", Variable, "--random-keys", "300", "--out", _tool.At("verification"), .. more,
    ];

    /// <summary>Five texts, each token the likeliest of random logits.</summary>
    private static string Text(string mark, bool isMarked)
    {
        using ShieldSecret secret = ShieldSecrets.FromEnvironment(Variable).GetSecret();
        using MarkKey key = MarkKey.Of(secret, "fashion");
        TokenWatermark watermark = mark == "GreenList" ? new TokenWatermark(key, new GreenListMarkOptions()) : new TokenWatermark(key, new TournamentMarkOptions());
        SeededRandom random = new(9, stream: 1);
        List<string> lines = [];
        for (int text = 0; text < 5; text++)
        {
            List<int> tokens = [];
            while (tokens.Count < 120)
            {
                // Marked logits, then Gumbel noise: a draw from the marked distribution.
                float[] logits = new float[Vocabulary];
                if (isMarked)
                {
                    watermark.Mark(logits, [.. tokens]);
                }

                for (int i = 0; i < Vocabulary; i++)
                {
                    logits[i] -= MathF.Log(-MathF.Log(random.NextBetween(1e-6f, 1 - 1e-6f)));
                }

                tokens.Add(System.Numerics.Tensors.TensorPrimitives.IndexOfMax<float>(logits));
            }

            lines.Add(string.Join(' ', tokens));
        }

        return string.Join('\n', lines);
    }
}

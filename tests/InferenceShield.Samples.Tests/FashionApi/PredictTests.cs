using InferenceShield.Samples.Tests.Support;

namespace InferenceShield.Samples.Tests.FashionApi;

public sealed class PredictTests : IDisposable
{
    private readonly Api _api = Api.WithoutLimits();

    public void Dispose() => _api.Dispose();

    [Fact]
    public async Task Labels_are_those_of_the_bare_model()
    {
        using BareModel bare = new();
        using HttpClient alice = _api.CreateClient(Api.AliceKey);
        for (int first = 0; first < 320; first += 32)
        {
            using HttpResponseMessage response = await alice.PredictAsync(Requests.Body(Enumerable.Range(first, 32)));
            (int Class, string Label, decimal[] Probabilities)[] predictions = await response.ReadPredictionsAsync();
            Assert.Equal(Enumerable.Range(first, 32).Select(image => bare.Top(Requests.Images.GetImage(image))), predictions.Select(p => p.Class));
            Assert.Equal(predictions.Select(p => FashionDataset.ClassNames[p.Class]), predictions.Select(p => p.Label));
        }
    }

    [Fact]
    public async Task Probabilities_have_two_decimals_and_sum_to_exactly_1_with_one_strict_maximum()
    {
        using HttpClient alice = _api.CreateClient(Api.AliceKey);
        for (int first = 0; first < 320; first += 32)
        {
            using HttpResponseMessage response = await alice.PredictAsync(Requests.Body(Enumerable.Range(first, 32)));
            foreach ((int top, _, decimal[] probabilities) in await response.ReadPredictionsAsync())
            {
                Assert.Equal(FashionDataset.ClassCount, probabilities.Length);
                Assert.All(probabilities, value => Assert.Equal(value, Math.Round(value, 2)));
                Assert.All(probabilities, value => Assert.InRange(value, 0m, 1m));
                Assert.Equal(1m, probabilities.Sum());
                Assert.Equal(top, Array.IndexOf(probabilities, probabilities.Max()));
                Assert.Single(probabilities, probabilities.Max());
            }
        }
    }

    [Fact]
    public async Task A_row_gets_the_same_answer_alone_and_in_a_batch_and_whoever_asks()
    {
        using HttpClient alice = _api.CreateClient(Api.AliceKey);
        using HttpClient bob = _api.CreateClient(Api.BobKey);
        using HttpResponseMessage response = await alice.PredictAsync(Requests.Body(43, 107, 250));
        (int Class, string Label, decimal[] Probabilities)[] batch = await response.ReadPredictionsAsync();
        Assert.Equal(3, batch.Length);
        foreach ((int index, int image) in new[] { 43, 107, 250 }.Index())
        {
            using HttpResponseMessage alone = await bob.PredictAsync(Requests.Body(image));
            Assert.Equal(batch[index].Probabilities, Assert.Single(await alone.ReadPredictionsAsync()).Probabilities);
        }
    }

    [Fact]
    public async Task The_same_shape_whatever_is_released()
    {
        using Api labelOnly = new("InferenceShield:Models:fashion:Shield:Hardening:Release", "LabelOnly");
        using HttpClient alice = labelOnly.CreateClient(Api.AliceKey);
        using HttpResponseMessage response = await alice.PredictAsync(Requests.Body(43));
        (int top, string label, decimal[] probabilities) = Assert.Single(await response.ReadPredictionsAsync());
        Assert.Equal("Sneaker", label);
        Assert.Equal(Enumerable.Range(0, FashionDataset.ClassCount).Select(i => i == top ? 1m : 0m), probabilities);
    }

    [Fact]
    public async Task The_largest_batch_fits_into_a_body_even_with_all_digits()
    {
        using Api api = new();
        api.UseKestrel(0); // the limit is the real server's
        using HttpClient alice = api.CreateClient(Api.AliceKey);
        string row = Requests.RowWith("0").Replace("0,", "0.123456789,", StringComparison.Ordinal);
        using HttpResponseMessage response = await alice.PredictAsync(Requests.BodyOf(Enumerable.Repeat(row, 32)));
        Assert.Equal(32, (await response.ReadPredictionsAsync()).Length);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Two_hundred_calls_at_once_are_answered_right(bool overSockets)
    {
        if (overSockets)
        {
            _api.UseKestrel(0);
        }

        using HttpClient alice = _api.CreateClient(Api.AliceKey);
        using HttpClient bob = _api.CreateClient(Api.BobKey);
        string[] bodies = [.. Enumerable.Range(0, 40).Select(i => Requests.Body(Enumerable.Range(i, 1 + (i % 3))))];
        string[] expected = new string[bodies.Length];
        for (int i = 0; i < bodies.Length; i++)
        {
            using HttpResponseMessage response = await alice.PredictAsync(bodies[i]);
            expected[i] = await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
        }

        await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            using HttpResponseMessage response = await (i % 2 == 0 ? alice : bob).PredictAsync(bodies[i % bodies.Length]);
            Assert.Equal(expected[i % bodies.Length], await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync());
        }));
    }
}

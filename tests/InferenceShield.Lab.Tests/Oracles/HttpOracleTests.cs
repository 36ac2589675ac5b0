using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace InferenceShield.Lab.Tests;

/// <summary>A model behind a server that follows the Open Inference Protocol, or does not.</summary>
public sealed class HttpOracleTests : IAsyncLifetime
{
    private const string Key = "secret-key-of-a-tester";

    private static readonly float[] s_rows = [.. Enumerable.Range(0, 30).Select(i => (i * 0.1f) + (1f / 3))];

    private StubServer _server = null!;

    public async Task InitializeAsync() => _server = await StubServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Rows_and_answers_go_through_bit_for_bit_in_calls_of_a_few_rows()
    {
        using HttpOracle oracle = await HttpOracle.ConnectAsync(Options(rowsPerCall: 4, key: Key));
        Assert.Equal((3, 2), (oracle.InputLength, oracle.AnswerLength));
        float[] answers = new float[20];
        Assert.Equal(new OracleReply(10), await oracle.AskAsync(s_rows, answers, default));
        Assert.Equal(s_rows.Chunk(3).SelectMany(row => new[] { row[0] + row[1] + row[2], row[0] }), answers);
        Assert.Equal(3, _server.Bodies.Count);
        Assert.Equal(5, _server.Keys.Count); // ready, description, three calls
        Assert.All(_server.Keys, key => Assert.Equal(Key, key));
    }

    [Fact]
    public async Task Nested_data_and_other_outputs_beside_are_read_and_one_row_models_are_asked_row_by_row()
    {
        _server.Description = """{"inputs":[{"name":"x","datatype":"FP32","shape":[1,3]}],"outputs":[{"name":"other","datatype":"INT64","shape":[1,1]},{"name":"y","datatype":"FP64","shape":[1,2]}]}""";
        _server.Answer = (context, _, body) => StubServer.WriteAsync(
            context,
            """{"outputs":[{"name":"other","shape":[1,1],"data":[7]},{"name":"y","shape":[1,2],"data":[[0.25,1e-3]]}]}""");
        using HttpOracle oracle = await HttpOracle.ConnectAsync(Options(output: "y"));
        float[] answers = new float[6];
        Assert.Equal(new OracleReply(3), await oracle.AskAsync(s_rows.AsMemory(0, 9), answers, default));
        Assert.Equal([0.25f, 0.001f, 0.25f, 0.001f, 0.25f, 0.001f], answers);
        Assert.Equal(3, _server.Bodies.Count);
        OracleException unnamed = await Assert.ThrowsAsync<OracleException>(() => HttpOracle.ConnectAsync(Options()));
        Assert.Contains("Name the output", unnamed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"outputs":[{"name":"y","shape":[2,2],"data":[1,2,3]}]}""", "holds 3 numbers")]
    [InlineData("""{"outputs":[{"name":"y","shape":[3,2],"data":[1,2,3,4,5,6]}]}""", "holds 6 numbers")]
    [InlineData("""{"outputs":[{"name":"y","shape":[1,4],"data":[1,2,3,4]}]}""", "holds 4 numbers")]
    [InlineData("""{"outputs":[{"name":"y","shape":[2,2],"data":[1,2,"NaN",4]}]}""", "Value 0 of row 1")]
    [InlineData("""{"outputs":[{"name":"y","shape":[2,2],"data":[1,1e999,3,4]}]}""", "Value 1 of row 0")]
    [InlineData("""{"outputs":[{"name":"y","shape":[2,2],"data":[1,null,3,4]}]}""", "Value 1 of row 0")]
    [InlineData("""{"outputs":[{"name":"y","shape":[2,2],"data":[1,NaN,3,4]}]}""", "is no JSON (line 1, byte ")]
    [InlineData("""{"outputs":[{"name":"z","shape":[2,2],"data":[1,2,3,4]}]}""", "lacks the output")]
    [InlineData("""{"outputs":[{"name":"y","shape":[2,2],"parameters":{"binary_data_size":16}}]}""", "lacks the output")]
    [InlineData("""{"outputs":[{"name":"\ud800","shape":[2,2],"data":[1,2,3,4]}]}""", "no Unicode")]
    [InlineData("""{"outputs":7}""", "no 'outputs'")]
    [InlineData("""[1,2]""", "no 'outputs'")]
    [InlineData("""<html>login</html>""", "is no JSON")]
    [InlineData("", "is no JSON")]
    public async Task An_answer_that_is_not_what_was_asked_for_is_an_error_that_says_so(string answer, string expected)
    {
        using HttpOracle oracle = await HttpOracle.ConnectAsync(Options(key: Key));
        _server.Answer = (context, _, _) => StubServer.WriteAsync(context, answer);
        OracleException fault = await Assert.ThrowsAsync<OracleException>(() => AskAsync(oracle));
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("login", fault.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Key, fault.ToString(), StringComparison.Ordinal);
        Assert.Single(_server.Bodies); // asking again would not help
    }

    [Fact]
    public async Task Nesting_without_end_is_an_error()
    {
        using HttpOracle oracle = await HttpOracle.ConnectAsync(Options());
        _server.Answer = (context, _, _) => StubServer.WriteAsync(context, new string('[', 100_000));
        Assert.Contains("is no JSON", (await Assert.ThrowsAsync<OracleException>(() => AskAsync(oracle))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_huge_answer_is_not_read(bool saysItsLength)
    {
        using HttpOracle oracle = await HttpOracle.ConnectAsync(Options(maxResponseBytes: 100_000));
        _server.Answer = async (context, _, _) =>
        {
            context.Response.ContentLength = saysItsLength ? 1L << 40 : null;
            byte[] spaces = Encoding.ASCII.GetBytes(new string(' ', 4096));
            while (!context.RequestAborted.IsCancellationRequested) // who reads on, reads for ever
            {
                await context.Response.Body.WriteAsync(spaces, context.RequestAborted);
            }
        };
        OracleException fault = await Assert.ThrowsAsync<OracleException>(() => AskAsync(oracle));
        Assert.Contains("larger than 100000 bytes", fault.Message, StringComparison.Ordinal);
        Assert.Single(_server.Bodies);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_is_slow_or_drips_is_given_up_after_the_timeout_each_time(bool drips)
    {
        (await HttpOracle.ConnectAsync(Options())).Dispose(); // what is slow the first time is over
        using HttpOracle oracle = await HttpOracle.ConnectAsync(Options(timeout: TimeSpan.FromSeconds(3), retries: 1));
        _server.Answer = async (context, _, _) =>
        {
            while (true)
            {
                await Task.Delay(50, context.RequestAborted);
                if (drips)
                {
                    await context.Response.WriteAsync(" ", context.RequestAborted);
                    await context.Response.Body.FlushAsync(context.RequestAborted);
                }
            }
        };
        OracleException fault = await Assert.ThrowsAsync<OracleException>(() => AskAsync(oracle));
        Assert.Contains("did not answer within 3 s", fault.Message, StringComparison.Ordinal);
        Assert.Equal(2, _server.Bodies.Count);
    }

    [Fact]
    public async Task Cancelling_ends_a_call_at_once()
    {
        using HttpOracle oracle = await HttpOracle.ConnectAsync(Options(timeout: TimeSpan.FromHours(1)));
        using CancellationTokenSource cancel = new();
        _server.Answer = async (context, _, _) =>
        {
            await cancel.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => oracle.AskAsync(s_rows, new float[20], cancel.Token).AsTask().WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Single(_server.Bodies);
    }

    [Theory]
    [InlineData(500, 3)]
    [InlineData(503, 3)]
    [InlineData(400, 1)]
    [InlineData(401, 1)]
    [InlineData(404, 1)]
    [InlineData(413, 1)]
    public async Task A_failure_is_retried_only_if_it_may_pass_and_then_an_error(int status, int calls)
    {
        using HttpOracle oracle = await HttpOracle.ConnectAsync(Options(key: Key));
        _server.Answer = (context, _, body) =>
        {
            context.Response.StatusCode = status;
            return context.Response.WriteAsync($$"""{"error":"you sent {{Key}} and {{body.Length}}"}""");
        };
        OracleException fault = await Assert.ThrowsAsync<OracleException>(() => AskAsync(oracle));
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"answered with {status}."), fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, fault.ToString(), StringComparison.Ordinal);
        Assert.Equal(calls, _server.Bodies.Count);
    }

    [Fact]
    public async Task A_failure_that_passes_is_not_seen()
    {
        using HttpOracle oracle = await HttpOracle.ConnectAsync(Options());
        _server.Answer = async (context, call, body) =>
        {
            if (call == 1)
            {
                context.Response.StatusCode = 500;
                return;
            }

            if (call == 2)
            {
                context.Abort();
                return;
            }

            await StubServer.WriteAsync(context, StubServer.AnswerTo(body));
        };
        Assert.Equal(new OracleReply(2), await AskAsync(oracle));
        Assert.Equal(3, _server.Bodies.Count);
    }

    [Theory]
    [InlineData(429, "120", 120, true)]
    [InlineData(429, null, 0, true)]
    [InlineData(429, "soon", 0, true)]
    [InlineData(503, "7", 7, true)]
    [InlineData(403, null, 0, false)]
    public async Task A_refusal_is_a_reply_and_not_retried(int status, string? retryAfter, int seconds, bool waitingHelps)
    {
        using HttpOracle oracle = await HttpOracle.ConnectAsync(Options(rowsPerCall: 3));
        _server.Answer = async (context, call, body) =>
        {
            if (call == 2)
            {
                context.Response.StatusCode = status;
                context.Response.Headers.RetryAfter = retryAfter;
                return;
            }

            await StubServer.WriteAsync(context, StubServer.AnswerTo(body));
        };
        OracleReply reply = await oracle.AskAsync(s_rows, new float[20], default);
        Assert.Equal(new OracleReply(3, TimeSpan.FromSeconds(seconds), Unasked: 4, WaitingHelps: waitingHelps), reply);
        Assert.Equal(2, _server.Bodies.Count);
    }

    [Fact]
    public async Task Refusals_that_name_no_time_are_waited_out_all_the_same()
    {
        SimulatedTimeProvider time = new();
        using HttpOracle oracle = await HttpOracle.ConnectAsync(Options(rowsPerCall: 3, time: time));
        _server.Answer = async (context, call, body) =>
        {
            if (call is 2 or 3)
            {
                context.Response.StatusCode = 429;
                return;
            }

            await StubServer.WriteAsync(context, StubServer.AnswerTo(body));
        };
        float[] answers = new float[20];
        OracleReply reply = await new RetryOracle(oracle).AskAsync(s_rows, answers, default);
        Assert.Equal(new OracleReply(10, Delay: TimeSpan.FromSeconds(3)), reply); // 1 s, then 2 s
        Assert.Equal(TimeSpan.FromSeconds(3), time.Elapsed);
        Assert.Equal(s_rows.Chunk(3).Select(row => row[0]), answers.Chunk(2).Select(answer => answer[1]));
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using StubServer elsewhere = await StubServer.StartAsync();
        using HttpOracle oracle = await HttpOracle.ConnectAsync(Options(key: Key));
        _server.Answer = (context, _, _) =>
        {
            context.Response.StatusCode = 307;
            context.Response.Headers.Location = new Uri(elsewhere.Address, "/base/v2/models/toy/infer").AbsoluteUri;
            return Task.CompletedTask;
        };
        Assert.Contains("Redirects are not followed", (await Assert.ThrowsAsync<OracleException>(() => AskAsync(oracle))).Message, StringComparison.Ordinal);
        Assert.Empty(elsewhere.Keys);
    }

    [Fact]
    public async Task Input_that_JSON_does_not_hold_is_an_error_and_nothing_is_sent()
    {
        using HttpOracle oracle = await HttpOracle.ConnectAsync(Options());
        ArgumentException fault = await Assert.ThrowsAsync<ArgumentException>(
            () => oracle.AskAsync(new[] { 1f, 2f, 3f, 4f, float.NaN, 6f }, new float[4], default).AsTask());
        Assert.Contains("Value 1 of row 1", fault.Message, StringComparison.Ordinal);
        Assert.Empty(_server.Bodies);
    }

    [Theory]
    [InlineData("""{"inputs":[{"name":"x","datatype":"FP32","shape":[-1,-1]}],"outputs":[{"name":"y","datatype":"FP32","shape":[-1,2]}]}""", "no fixed size")]
    [InlineData("""{"inputs":[{"name":"x","datatype":"FP32","shape":[-1,100000,100000]}],"outputs":[{"name":"y","datatype":"FP32","shape":[-1,2]}]}""", "no fixed size")]
    [InlineData("""{"inputs":[{"name":"x","datatype":"FP32","shape":[8,3]}],"outputs":[{"name":"y","datatype":"FP32","shape":[8,2]}]}""", "exactly 8 rows")]
    [InlineData("""{"inputs":[{"name":"x","datatype":"BYTES","shape":[-1,3]}],"outputs":[{"name":"y","datatype":"FP32","shape":[-1,2]}]}""", "other types")]
    [InlineData("""{"inputs":[{"name":"x","datatype":"FP32","shape":[-1,3]}],"outputs":[{"name":"y","datatype":"INT64","shape":[-1,2]}]}""", "other types")]
    [InlineData("""{"inputs":[],"outputs":[{"name":"y","datatype":"FP32","shape":[-1,2]}]}""", "has 0 inputs")]
    [InlineData("""{"inputs":[{"datatype":"FP32","shape":[-1,3]}]}""", "lacks a name")]
    [InlineData("""{"inputs":[{"name":"x","datatype":"FP32","shape":[-1,3]}],"outputs":[{"name":"\ud800","datatype":"FP32","shape":[-1,2]}]}""", "no Unicode")]
    [InlineData("""{"inputs":[{"name":"x","datatype":"\udc00","shape":[-1,3]}],"outputs":[{"name":"y","datatype":"FP32","shape":[-1,2]}]}""", "no Unicode")]
    [InlineData("""{}""", "no 'inputs'")]
    public async Task A_model_that_cannot_be_asked_is_an_error_at_once(string description, string expected)
    {
        _server.Description = description;
        OracleException fault = await Assert.ThrowsAsync<OracleException>(() => HttpOracle.ConnectAsync(Options()));
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_word_on_being_ready_that_is_no_Unicode_is_an_error()
    {
        _server.Readiness = """{"\ud800ready":true}""";
        Assert.Contains("no Unicode", (await Assert.ThrowsAsync<OracleException>(() => HttpOracle.ConnectAsync(Options()))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_is_not_there_and_a_server_that_is_not_there_are_errors()
    {
        OracleException unknown = await Assert.ThrowsAsync<OracleException>(() => HttpOracle.ConnectAsync(Options(model: "a/../b")));
        Assert.Contains("answered with 404. Check the endpoint", unknown.Message, StringComparison.Ordinal);
        OracleException gone = await Assert.ThrowsAsync<OracleException>(() => HttpOracle.ConnectAsync(Options(endpoint: "http://127.0.0.1:1", retries: 0)));
        Assert.Contains("127.0.0.1:1 cannot be reached", gone.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_is_asked_without_authorisation_or_on_another_machine()
    {
        (HttpOracleOptions Options, string Expected)[] cases =
        [
            (Options(isAuthorised: false), "IsAuthorised must be true"),
            (Options(endpoint: "https://models.example.com/"), "is another machine"),
            (Options(endpoint: "http://192.0.2.1/"), "is another machine"),
            (Options(endpoint: "http://127.0.0.1.example.com/"), "is another machine"),
            (Options(endpoint: "ftp://127.0.0.1/"), "Endpoint must be"),
            (Options(endpoint: "http://user:secret@127.0.0.1/"), "Endpoint must be"),
            (Options(endpoint: "http://models.example.com/", key: Key, allowRemoteHosts: true), "over https only"),
            (Options(key: "two\r\nlines"), "ApiKey must be printable"),
            (Options(key: "secret "), "ApiKey must be printable"),
            (Options(model: ".."), "Model must name"),
            (Options(rowsPerCall: 0), "RowsPerCall must be"),
            (Options(retries: 11), "Retries must be"),
            (Options(timeout: TimeSpan.Zero), "Timeout must be"),
        ];
        foreach ((HttpOracleOptions options, string expected) in cases)
        {
            ArgumentException fault = await Assert.ThrowsAsync<ArgumentException>(() => HttpOracle.ConnectAsync(options));
            Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", fault.Message, StringComparison.Ordinal);
        }

        Assert.Empty(_server.Keys);
    }

    private static async Task<OracleReply> AskAsync(HttpOracle oracle) => await oracle.AskAsync(s_rows.AsMemory(0, 6), new float[4], default);

    private HttpOracleOptions Options(
        string? endpoint = null, string model = "toy", bool isAuthorised = true, bool allowRemoteHosts = false, string? key = null, string? output = null,
        int rowsPerCall = 32, TimeSpan? timeout = null, int retries = 2, int maxResponseBytes = 1 << 20, TimeProvider? time = null) => new()
        {
            Endpoint = new Uri(endpoint ?? $"{_server.Address}base"),
            Model = model,
            IsAuthorised = isAuthorised,
            AllowRemoteHosts = allowRemoteHosts,
            ApiKey = key,
            Output = output,
            RowsPerCall = rowsPerCall,
            Timeout = timeout ?? TimeSpan.FromSeconds(30),
            Retries = retries,
            MaxResponseBytes = maxResponseBytes,
            Time = time ?? TimeProvider.System,
        };
}

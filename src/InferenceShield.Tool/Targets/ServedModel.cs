using System.Globalization;
using System.Numerics.Tensors;
using System.Text.RegularExpressions;
using InferenceShield.Lab;

namespace InferenceShield.Tool;

/// <summary>A model behind HTTP.</summary>
/// <remarks>Its answers take the place of clean ones, which nobody outside the service has: agreement is with what is served, and the
/// held-out rows are asked once for each theft. One call at a time.</remarks>
internal sealed partial class ServedModel : IClassifier, IDisposable
{
    private const int MostRefusals = 5;

    private static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(2);

    private readonly HttpOracle _oracle;
    private readonly Uri _address;
    private readonly Lock _asking = new();

    private readonly CancellationToken _interrupted;

    private ServedModel(HttpOracle oracle, Uri address, string name, CancellationToken interrupted)
    {
        _interrupted = interrupted;
        _oracle = oracle;
        _address = address;
        Name = name;
    }

    /// <summary>The model's name at the service.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public int InputLength => _oracle.InputLength;

    /// <inheritdoc/>
    public int ClassCount => _oracle.AnswerLength;

    /// <summary>Asks the service what it serves.</summary>
    public static async Task<ServedModel> ConnectAsync(EndpointRequest request, Uri address, string? output, CancellationToken cancellationToken)
    {
        (HttpOracle oracle, string name) = await OpenAsync(request, address, output, cancellationToken).ConfigureAwait(false);
        return new ServedModel(oracle, address, name, cancellationToken);
    }

    /// <summary>Refuses addresses that must not be asked, before anything of them reaches a message or a report.</summary>
    public static void RequireAddress(EndpointRequest request, Uri address)
    {
        if (address is not { UserInfo: "", Query: "", Fragment: "" })
        {
            throw new MistakeException($"The address of the model on '{address.Host}' has to be without user, query and fragment. Give a key with --api-key-env.");
        }

        if (!request.IsAuthorised)
        {
            throw new MistakeException($"'{address.Host}' serves somebody's model. If you own it or may test it, say so with --i-am-authorised.");
        }

        if (!address.IsLoopback && !request.AllowRemote)
        {
            throw new MistakeException($"'{address.Host}' is not this machine. If it is meant, add --allow-remote.");
        }
    }

    /// <summary>Connects to a model, and gives its name at the service.</summary>
    public static async Task<(HttpOracle Oracle, string Name)> OpenAsync(EndpointRequest request, Uri address, string? output, CancellationToken cancellationToken)
    {
        Match match = AddressPattern().Match(address.GetLeftPart(UriPartial.Path));
        if (!match.Success)
        {
            throw new MistakeException($"'{address}' names no model. Allowed: http(s)://HOST/v2/models/NAME (Open Inference Protocol) and http(s)://HOST/v1/models/NAME:predict (as the sample FashionApi).");
        }

        if (request.TimeoutSeconds is < 1 or > 3600)
        {
            throw new MistakeException($"--timeout {request.TimeoutSeconds} is out of range: 1 to 3600 seconds.");
        }

        if (request.RowsPerCall is < 1 or > 4096)
        {
            throw new MistakeException($"--rows-per-call {request.RowsPerCall} is out of range: 1 to 4096.");
        }

        string name = Uri.UnescapeDataString(match.Groups["name"].Value); // the oracle escapes it
        HttpOracleOptions options = new()
        {
            Endpoint = new Uri(match.Groups["endpoint"].Value),
            Model = name,
            IsAuthorised = request.IsAuthorised,
            AllowRemoteHosts = request.AllowRemote,
            Protocol = match.Groups["version"].Value == "2" ? HttpProtocol.OpenInference : HttpProtocol.Predict,
            Output = output,
            Timeout = TimeSpan.FromSeconds(request.TimeoutSeconds),
            RowsPerCall = request.RowsPerCall,
            ApiKeyHeader = request.ApiKeyHeader ?? "X-Api-Key",
            ApiKey = request.ApiKeyVariable is { } variable
                ? Environment.GetEnvironmentVariable(variable) ?? throw new MistakeException($"The environment variable '{variable}' is not set.")
                : null,
        };
        try
        {
            return (await HttpOracle.ConnectAsync(options, cancellationToken).ConfigureAwait(false), name);
        }
        catch (ArgumentException exception)
        {
            throw MistakeException.Of(exception);
        }
    }

    /// <inheritdoc/>
    public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
    {
        float[] rows = inputs.ToArray();
        float[] answers = new float[rows.Length / InputLength * ClassCount];
        lock (_asking)
        {
            Ask(rows, answers);
        }

        for (int row = 0; row < answers.Length; row += ClassCount)
        {
            ReadOnlySpan<float> answer = answers.AsSpan(row, ClassCount);
            if (!(Math.Abs(TensorPrimitives.Sum(answer) - 1) < 0.01f && TensorPrimitives.Min(answer) >= 0))
            {
                throw new MistakeException($"'{_address}' answers with rows that are no probabilities: negative, or not summing to 1. Choose the output with --output.");
            }
        }

        answers.CopyTo(probabilities);
    }

    /// <summary>Closes the connection.</summary>
    public void Dispose() => _oracle.Dispose();

    private void Ask(float[] rows, float[] answers)
    {
        int count = rows.Length / InputLength;
        int refusals = 0;
        for (int asked = 0; asked < count;)
        {
            // A classifier is asked on a thread of its own, which has nothing else to do.
            OracleReply reply = _oracle.AskAsync(rows.AsMemory(asked * InputLength), answers.AsMemory(asked * ClassCount), _interrupted).AsTask().GetAwaiter().GetResult();
            asked += reply.Answered;
            refusals = reply.Answered > 0 ? 0 : refusals + 1;
            if (asked == count)
            {
                return;
            }

            if (!reply.WaitingHelps || refusals > MostRefusals || reply.RetryAfter > s_longestWait)
            {
                throw new MistakeException($"'{_address}' refuses, and asks to come back in {reply.RetryAfter.TotalSeconds.ToString("0", CultureInfo.InvariantCulture)} s. What was finished is kept; go on later with --resume, or raise the limit for this test.");
            }

            _interrupted.WaitHandle.WaitOne(reply.RetryAfter > TimeSpan.Zero ? reply.RetryAfter : TimeSpan.FromMilliseconds(100));
            _interrupted.ThrowIfCancellationRequested();
        }
    }

    [GeneratedRegex("^(?<endpoint>.*)/v(?<version>[12])/models/(?<name>[^/:]+)(/infer|:predict)?/?$")]
    private static partial Regex AddressPattern();
}

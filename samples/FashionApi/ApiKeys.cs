using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Primitives;

namespace InferenceShield.Samples.FashionApi;

/// <summary>The API keys in force: <c>Api:Keys</c> in the configuration, which maps a caller's name to the SHA-256 of its key.</summary>
/// <remarks>Keys are random and long, so that a plain hash does not give them away. Changed configuration takes
/// effect at once, except if a hash in it cannot be read: then the keys before it stay in force.</remarks>
internal sealed class ApiKeys : IDisposable
{
    private const int LongestKey = 256;

    private readonly IConfiguration _configuration;
    private readonly ModelCatalog _models;
    private readonly ILogger<ApiKeys> _logger;
    private readonly IDisposable _reload;
    private volatile ApiCaller[] _callers;

    public ApiKeys(IConfiguration configuration, ModelCatalog models, ILogger<ApiKeys> logger)
    {
        _configuration = configuration;
        _models = models;
        _logger = logger;
        _callers = Read();
        _reload = ChangeToken.OnChange(configuration.GetReloadToken, Reload);
    }

    /// <summary>Whose key this is; <see langword="null"/> if nobody's.</summary>
    public ApiCaller? Find(string key)
    {
        Span<byte> utf8 = stackalloc byte[LongestKey];
        if (!Encoding.UTF8.TryGetBytes(key, utf8, out int length))
        {
            return null;
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(utf8[..length], hash);
        ApiCaller? found = null;
        foreach (ApiCaller caller in _callers)
        {
            // All of them, each in fixed time: how long it takes says nothing about which one it is, or how close.
            found = CryptographicOperations.FixedTimeEquals(caller.KeyHash, hash) ? caller : found;
        }

        return found;
    }

    public void Dispose() => _reload.Dispose();

    private ApiCaller[] Read()
    {
        List<ApiCaller> callers = [];
        foreach (IConfigurationSection entry in _configuration.GetSection("Api:Keys").GetChildren())
        {
            if (string.IsNullOrEmpty(entry.Value))
            {
                continue; // null in a later file takes a key away
            }

            byte[] hash = new byte[SHA256.HashSizeInBytes];
            if (entry.Value.Length != 2 * hash.Length || Convert.FromHexString(entry.Value, hash, out _, out _) != OperationStatus.Done)
            {
                throw new InvalidOperationException(
                    $"{entry.Path} is not a SHA-256 in hexadecimal (64 digits). Make it from the key with: printf %s \"$KEY\" | sha256sum");
            }

            callers.Add(new ApiCaller(entry.Key, hash, _models.IdentifyCaller(entry.Key)));
        }

        if (callers.Count == 0)
        {
            _logger.LogWarning("Api:Keys is empty: every call is answered with 401");
        }

        return [.. callers];
    }

    private void Reload()
    {
        try
        {
            _callers = Read();
        }
        catch (Exception exception) when (exception is InvalidOperationException or InvalidQueryException)
        {
            _logger.LogError(exception, "The API keys before the change stay in force");
        }
    }
}

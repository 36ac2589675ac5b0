using System.CommandLine;

namespace InferenceShield.Tool;

/// <summary>The options of commands that ask a URL.</summary>
internal sealed class EndpointOptions
{
    private readonly Option<bool> _authorised = new("--i-am-authorised") { Description = "Required for a URL: you own the model or may test it." };
    private readonly Option<bool> _remote = new("--allow-remote") { Description = "Ask a URL that is not on this machine." };
    private readonly Option<string?> _apiKey = new("--api-key-env") { Description = "Environment variable with the API key of a URL.", HelpName = "NAME" };
    private readonly Option<string?> _apiKeyHeader = new("--api-key-header") { Description = "Header that carries it. Default: X-Api-Key.", HelpName = "NAME" };
    private readonly Option<int> _timeout = new("--timeout") { Description = "Seconds that a URL may take for one call.", HelpName = "SECONDS", DefaultValueFactory = _ => 30 };
    private readonly Option<int> _rows = new("--rows-per-call") { Description = "Rows that a URL is asked at once.", HelpName = "NUMBER", DefaultValueFactory = _ => 32 };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_authorised, _remote, _apiKey, _apiKeyHeader, _timeout, _rows])
        {
            command.Options.Add(option);
        }
    }

    public EndpointRequest Read(ParseResult parsed) => new()
    {
        IsAuthorised = parsed.GetValue(_authorised),
        AllowRemote = parsed.GetValue(_remote),
        ApiKeyVariable = parsed.GetValue(_apiKey),
        ApiKeyHeader = parsed.GetValue(_apiKeyHeader),
        TimeoutSeconds = parsed.GetValue(_timeout),
        RowsPerCall = parsed.GetValue(_rows),
    };
}

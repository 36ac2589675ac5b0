using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace InferenceShield;

/// <summary>Builds a <see cref="Shield"/> without dependency injection.</summary>
/// <remarks>Not thread-safe; builds once.</remarks>
/// <example><code>
/// using Shield shield = new ShieldBuilder("fashion")
///     .UseSecret(ShieldSecrets.FromEnvironment("INFERENCE_SHIELD_SECRET"))
///     .AddOutput("probabilities", OutputKind.Probabilities)
///     .Build();
/// </code></example>
public sealed class ShieldBuilder
{
    private readonly string _name;
    private readonly ShieldOptions _options = new();
    private IShieldSecretProvider? _secretProvider;
    private TimeProvider _timeProvider = TimeProvider.System;
    private ILoggerFactory? _loggerFactory;
    private readonly List<IShieldEventSink> _eventSinks = [];
    private GlobalLimit? _globalLimit;
    private IShieldContainment? _containment;
    private bool _built;

    /// <summary>Starts with the default options.</summary>
    /// <param name="name">The model's name. It goes into the keys of its answers: replicas must agree on it.</param>
    public ShieldBuilder(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        _name = name;
    }

    /// <summary>Where the secret comes from. Required.</summary>
    public ShieldBuilder UseSecret(IShieldSecretProvider provider)
    {
        ArgumentNullException.ThrowIfNull(provider);
        ThrowIfBuilt();
        _secretProvider = provider;
        return this;
    }

    /// <summary>Declares an output that may be released. At least one is required.</summary>
    /// <param name="name">Its name in the model; with spans, any name.</param>
    /// <param name="kind">What its numbers are.</param>
    /// <param name="hardening">How it is released; by default as <see cref="ShieldOptions.Hardening"/> says.</param>
    public ShieldBuilder AddOutput(string name, OutputKind kind, HardeningOptions? hardening = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        ThrowIfBuilt();
        _options.Outputs[name] = new OutputOptions { Kind = kind, Hardening = hardening };
        return this;
    }

    /// <summary>Changes any option.</summary>
    public ShieldBuilder Configure(Action<ShieldOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        ThrowIfBuilt();
        configure(_options);
        return this;
    }

    /// <summary>The clock. The default is <see cref="TimeProvider.System"/>.</summary>
    public ShieldBuilder UseTimeProvider(TimeProvider timeProvider)
    {
        ArgumentNullException.ThrowIfNull(timeProvider);
        ThrowIfBuilt();
        _timeProvider = timeProvider;
        return this;
    }

    /// <summary>Where the shield logs, its events too. The default is nowhere.</summary>
    public ShieldBuilder UseLoggerFactory(ILoggerFactory loggerFactory)
    {
        ArgumentNullException.ThrowIfNull(loggerFactory);
        ThrowIfBuilt();
        _loggerFactory = loggerFactory;
        return this;
    }

    /// <summary>What all models may be asked together. The default is no such limit.</summary>
    /// <param name="limit">Shared with other shields; made with the same <see cref="TimeProvider"/>.</param>
    public ShieldBuilder UseGlobalLimit(GlobalLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        ThrowIfBuilt();
        _globalLimit = limit;
        return this;
    }

    /// <summary>Adds one that gets the shield's events.</summary>
    /// <param name="sink">The caller's to dispose, after the shield.</param>
    public ShieldBuilder AddEventSink(IShieldEventSink sink)
    {
        ArgumentNullException.ThrowIfNull(sink);
        ThrowIfBuilt();
        _eventSinks.Add(sink);
        return this;
    }

    /// <summary>What the host does about callers in a posture that <see cref="PostureOptions.RevokeFrom"/> or
    /// <see cref="PostureOptions.RotateFrom"/> names.</summary>
    /// <param name="containment">The caller's to dispose, after the shield.</param>
    public ShieldBuilder UseContainment(IShieldContainment containment)
    {
        ArgumentNullException.ThrowIfNull(containment);
        ThrowIfBuilt();
        _containment = containment;
        return this;
    }

    /// <summary>Validates the options and builds the shield.</summary>
    /// <exception cref="OptionsValidationException">The options are not valid; every fault is named with its key and range.</exception>
    /// <exception cref="ShieldSecretException">The secret is missing or not usable.</exception>
    /// <exception cref="ArgumentException">The global limit has another clock.</exception>
    public Shield Build()
    {
        ThrowIfBuilt();
        if (_secretProvider is null)
        {
            throw new ShieldSecretException(
                "The shield has no secret. Call UseSecret, for example with ShieldSecrets.FromEnvironment(\"INFERENCE_SHIELD_SECRET\"), or to try things out with ShieldSecrets.Ephemeral().");
        }

        ILogger logger = _loggerFactory?.CreateLogger<Shield>() ?? NullLogger<Shield>.Instance;
        IShieldEventSink[] sinks = _loggerFactory is null ? [.. _eventSinks] : [.. _eventSinks, new LoggerEventSink(logger)];
        Shield shield = new(_name, _options, _secretProvider, _timeProvider, logger, optionsPrefix: "", _globalLimit, sinks, _containment);
        _built = true;
        return shield;
    }

    private void ThrowIfBuilt()
    {
        if (_built)
        {
            throw new InvalidOperationException("This builder has built its shield already. Use a new builder for another one, or Shield.Reload to change options.");
        }
    }
}

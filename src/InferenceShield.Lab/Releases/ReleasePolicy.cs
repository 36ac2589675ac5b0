namespace InferenceShield.Lab;

/// <summary>A named way to release answers, under any key.</summary>
/// <remarks>The defender runs it under the key of his seed. A thief who knows the algorithm runs it under a key of his own.</remarks>
public sealed class ReleasePolicy
{
    private readonly Func<ulong, IRelease> _create;

    /// <summary>Names a policy.</summary>
    /// <param name="name">What it is called in reports.</param>
    /// <param name="create">Makes the release that belongs to a key. The same key gives the same answers.</param>
    public ReleasePolicy(string name, Func<ulong, IRelease> create)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(create);
        Name = name;
        _create = create;
    }

    /// <summary>No shield: clean probabilities.</summary>
    public static ReleasePolicy None { get; } = new("none", static _ => new CleanRelease());

    /// <summary>What it is called in reports.</summary>
    public string Name { get; }

    /// <summary>A policy of the shield.</summary>
    /// <param name="name">What it is called in reports.</param>
    /// <param name="classCount">Classes of the model.</param>
    /// <param name="configure">Sets the output and its hardening; the shield's own defaults where it sets nothing.</param>
    public static ReleasePolicy OfShield(string name, int classCount, Action<HardeningOptions> configure) =>
        new(name, key => new PostureRelease(new PolicyContext(classCount) { Shield = options => configure(options.Hardening) }, Posture.Normal, key));

    /// <summary>The release under one key.</summary>
    public IRelease Create(ulong key) => _create(key);
}

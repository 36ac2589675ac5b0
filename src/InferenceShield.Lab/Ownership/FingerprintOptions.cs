namespace InferenceShield.Lab;

/// <summary>How large a fingerprint is, and how hard its inputs are searched for.</summary>
public sealed record FingerprintOptions
{
    /// <summary>Inputs near the target's boundaries, 0 to 100,000. Default: 300.</summary>
    public int Boundary { get; init; } = 300;

    /// <summary>Inputs that the target mistakes, 0 to 100,000; fewer where it makes fewer mistakes. Default: 300.</summary>
    public int Mistakes { get; init; } = 300;

    /// <summary>Conferrable inputs, 0 to 100,000. Default: 400.</summary>
    public int Conferrable { get; init; } = 400;

    /// <summary>Mixtures of two probes among which conferrable inputs are looked for, for each one wanted: 1 to 1,000. Default: 10.</summary>
    public int Candidates { get; init; } = 10;

    /// <summary>How often each conferrable input is then moved to a better place nearby, 0 to 1,000 tries. Default: 24.</summary>
    public int Moves { get; init; } = 24;

    internal void Validate()
    {
        Require(Boundary, nameof(Boundary), 0, 100_000);
        Require(Mistakes, nameof(Mistakes), 0, 100_000);
        Require(Conferrable, nameof(Conferrable), 0, 100_000);
        Require(Candidates, nameof(Candidates), 1, 1_000);
        Require(Moves, nameof(Moves), 0, 1_000);
        if (Boundary + Mistakes + Conferrable == 0)
        {
            throw new ArgumentException("FingerprintOptions asks for no inputs. Set Boundary, Mistakes or Conferrable.");
        }
    }

    private static void Require(int value, string option, int least, int most)
    {
        if (value < least || value > most)
        {
            throw new ArgumentException(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"FingerprintOptions.{option} is {value}; it must be {least:N0} to {most:N0}."));
        }
    }
}

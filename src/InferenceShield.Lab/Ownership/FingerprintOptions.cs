namespace InferenceShield.Lab;

/// <summary>How large a fingerprint is, and how hard its inputs are searched for.</summary>
public sealed record FingerprintOptions
{
    /// <summary>Inputs that the target mistakes, 0 to 100,000; the first of the probes, and fewer where it makes fewer mistakes. Default: 600.</summary>
    public int Mistakes { get; init; } = 600;

    /// <summary>Conferrable inputs, 0 to 100,000. Default: 400.</summary>
    public int Conferrable { get; init; } = 400;

    /// <summary>Mixtures of two probes among which conferrable inputs are looked for, for each one wanted: 1 to 1,000. Default: 15.</summary>
    public int Candidates { get; init; } = 15;

    internal void Validate()
    {
        Require(Mistakes, nameof(Mistakes), 0, 100_000);
        Require(Conferrable, nameof(Conferrable), 0, 100_000);
        Require(Candidates, nameof(Candidates), 1, 1_000);
        if (Mistakes + Conferrable == 0)
        {
            throw new ArgumentException("FingerprintOptions asks for no inputs. Set Mistakes or Conferrable.");
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

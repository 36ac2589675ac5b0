namespace InferenceShield.Lab;

/// <summary>Inputs that lie in a key's traps, to ask a suspect. Seeded; the same on every run.</summary>
/// <remarks>A benign row and noise, doubled until the row is beyond the reach of benign inputs. For whoever looks on they are noisy inputs:
/// which trap each is in only the key says. For random-key p-values make them once, and read their traps under each key.</remarks>
internal static class TrapInputs
{
    private const int Attempts = 32;
    private const int Doublings = 24;
    private const float Start = 1f / 16;

    /// <summary>Makes rows, about as many in each trap.</summary>
    /// <param name="key">Whose traps.</param>
    /// <param name="space">Of benign inputs.</param>
    /// <param name="benign">Rows to start from, one after another.</param>
    /// <param name="count">Rows to make.</param>
    /// <param name="seed">Of the choice of rows and of the noise.</param>
    /// <param name="least">The least value that the suspect takes.</param>
    /// <param name="largest">The largest.</param>
    /// <returns>The rows, and the number of each one's trap, from 0.</returns>
    /// <exception cref="ArgumentException">No row within the bounds is beyond reach.</exception>
    public static (float[] Rows, int[] Traps) Make(
        MarkKey key, InputSpace space, ReadOnlySpan<float> benign, int count, ulong seed, float least = float.NegativeInfinity, float largest = float.PositiveInfinity)
    {
        int width = space.InputLength;
        TrapMark marks = new(key, space);
        SeededRandom random = new(seed, 0);
        float[] rows = new float[count * width];
        int[] traps = new int[count];
        float[] noise = new float[width];
        for (int row = 0; row < count; row++)
        {
            Span<float> made = rows.AsSpan(row * width, width);
            for (int attempt = 0; attempt < Attempts && traps[row] != 1 + (row % TrapMark.Count); attempt++)
            {
                ReadOnlySpan<float> start = benign.Slice(random.NextInt32(benign.Length / width) * width, width);
                for (int i = 0; i < width; i++)
                {
                    noise[i] = random.NextSigned();
                }

                traps[row] = Displace(marks, start, noise, least, largest, made);
            }

            if (traps[row] == 0)
            {
                throw new ArgumentException(FormattableString.Invariant($"No row between {least} and {largest} lies beyond the reach of benign inputs. Give the bounds that the suspect takes, or do without traps."), nameof(least));
            }
        }

        return (rows, Array.ConvertAll(traps, trap => trap - 1));
    }

    private static int Displace(TrapMark marks, ReadOnlySpan<float> start, float[] noise, float least, float largest, Span<float> made)
    {
        int trap = 0;
        float scale = Start;
        for (int doubling = 0; doubling < Doublings && trap == 0; doubling++, scale *= 2)
        {
            for (int i = 0; i < made.Length; i++)
            {
                made[i] = Math.Clamp(start[i] + (scale * noise[i]), least, largest);
            }

            trap = marks.Find(made);
        }

        return trap;
    }
}

namespace InferenceShield;

/// <summary>How input space is divided into cells. Read once, when an <see cref="InputCells"/> is made.</summary>
public sealed class InputCellOptions
{
    /// <summary>Numbers in a row.</summary>
    /// <value>1 to 16,777,216. Required.</value>
    public int Length { get; set; }

    /// <summary>Pixels from left to right, if the row is an image: its last dimension.</summary>
    /// <value>0 (the default) if the row is no image, or a divisor of <see cref="Length"/>.</value>
    public int ImageWidth { get; set; }

    /// <summary>Pixels from top to bottom, if the row is an image. Channels before it make further planes.</summary>
    /// <value>0 (the default), or such that width x height divides <see cref="Length"/>.</value>
    public int ImageHeight { get; set; }

    /// <summary>Pixels along each side of the squares that are averaged before the cell is found.</summary>
    /// <value>1 to 64; the default is 4. Averaging removes the noise of single pixels and keeps what is depicted.</value>
    public int ImagePooling { get; set; } = 4;

    /// <summary>The centre of the inputs, which the hyperplanes pass through: one number for each in a row.</summary>
    /// <value>Empty by default: features are taken as centred, and images lose their own mean.
    /// <see cref="Calibrate"/> sets it.</value>
    public IList<float> Centers { get; set; } = [];

    /// <summary>The spread of each number in a row (its standard deviation, say); features are divided by it.</summary>
    /// <value>Positive; empty by default, which means 1. <see cref="Calibrate"/> sets it for rows that are no image.</value>
    public IList<float> Spreads { get; set; } = [];

    /// <summary>Sets <see cref="Centers"/>, and <see cref="Spreads"/> unless rows are images, from representative rows.</summary>
    /// <param name="rows">Row after row, <see cref="Length"/> numbers each: a few hundred do. Not kept.</param>
    /// <returns>These options.</returns>
    /// <remarks>Numbers that are not finite count as absent; a feature that never varies gets the spread 1.</remarks>
    /// <exception cref="ArgumentException">No row, or not a whole number of rows.</exception>
    public InputCellOptions Calibrate(ReadOnlySpan<float> rows)
    {
        if (Length < 1 || rows.IsEmpty || rows.Length % Length != 0)
        {
            throw new ArgumentException($"There are {rows.Length} numbers, which is not a multiple of the row's {Length}.", nameof(rows));
        }

        float[] centers = new float[Length];
        float[] spreads = new float[Length];
        for (int i = 0; i < Length; i++)
        {
            double sum = 0;
            double squares = 0;
            int count = 0;
            for (int at = i; at < rows.Length; at += Length)
            {
                if (float.IsFinite(rows[at]))
                {
                    sum += rows[at];
                    squares += (double)rows[at] * rows[at];
                    count++;
                }
            }

            double mean = count == 0 ? 0 : sum / count;
            double variance = count == 0 ? 0 : (squares / count) - (mean * mean);
            centers[i] = (float)mean;
            spreads[i] = variance > 1e-12 ? (float)Math.Sqrt(variance) : 1;
        }

        Centers = centers;
        Spreads = ImageWidth > 0 ? [] : spreads;
        return this;
    }
}

using System.Globalization;
using InferenceShield.Lab;

namespace InferenceShield.Tool;

/// <summary>What <c>calibrate</c> learns for marks that live in inputs.</summary>
internal static class InputSpaceCalibrating
{
    /// <summary>Where benign inputs lie.</summary>
    /// <returns>Null where there is nothing to learn, because the inputs are one number or all the same.</returns>
    public static InputSpace? OfRows(Dataset rows, InputKind kind)
    {
        try
        {
            return rows.Width > 1 ? InputSpace.Learn(rows.Values.Span, rows.Width, kind) : null;
        }
        catch (ArgumentException exception)
        {
            throw MistakeException.Of(exception); // the library's own words for rows that it cannot learn of
        }
    }

    /// <summary>Writes the file in one step, so that a shield never reads half of it.</summary>
    public static string Save(InputSpace space, string directory, string name, ShieldSecret secret)
    {
        string path = Path.Combine(directory, name + ".inputs");
        using (FileStream stream = File.Create(path + ".new"))
        {
            space.Save(stream, name, secret);
        }

        File.Move(path + ".new", path, overwrite: true);
        return path;
    }

    /// <summary>What it can be used for, in words.</summary>
    /// <remarks>None of n held-out rows lies in a trap, whatever the key, because a trap begins beyond all of them. The bound is the share at
    /// which that has a chance of 5 %.</remarks>
    public static string Describe(InputSpace space) => string.Create(
        CultureInfo.InvariantCulture,
        $"where benign inputs lie, for cosine marks and traps; {space.DirectionCount} directions, reach of {space.HeldRows:N0} rows, none of them in a trap: of inputs like these at most {1 - Math.Pow(0.05, 1.0 / space.HeldRows):P2} are, at 95 % confidence");
}

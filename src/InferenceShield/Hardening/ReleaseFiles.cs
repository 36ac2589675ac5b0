using System.Security;
using System.Security.Cryptography;

namespace InferenceShield;

/// <summary>Loads the files with learned releases that the options name, once for each file.</summary>
/// <remarks>A file whose bytes are those of the options in force is not read into another object, so that a reload which
/// changes nothing is seen to change nothing.</remarks>
internal sealed class ReleaseFiles(string model, ReleaseFileKey key, ReleaseFiles? before)
{
    /// <summary>Tells calibrations from the kinds of <see cref="ReleaseFile"/>.</summary>
    private const byte CalibrationKind = 0;
    private const byte CurveKind = 255;

    private readonly Dictionary<(string Digest, byte Kind, int Classes), object> _loaded = [];

    /// <summary>What could not be loaded, each with its option's key and its path.</summary>
    public List<string> Faults { get; } = [];

    public ConfidenceBands? LoadBands(string option, string path, int classes) => Load(
        option, path, classes, ReleaseFile.Bands, (bytes, fileKey) => ConfidenceBands.Read(bytes, model, classes, fileKey));

    public AnswerCodebook? LoadCodebook(string option, string path, int classes) => Load(
        option, path, classes, ReleaseFile.Codebook, (bytes, fileKey) => AnswerCodebook.Read(bytes, model, classes, fileKey));

    public InputSpace? LoadInputSpace(string option, string path) => Load(
        option, path, classes: 0, ReleaseFile.InputSpace, (bytes, _) => InputSpaceFile.Read(bytes, model, key));

    public DetectionCalibration? LoadCalibration(string option, string path, DetectionKey detectionKey) => Load(
        option, path, classes: 0, CalibrationKind, (bytes, _) => CalibrationFile.Read(bytes, detectionKey), CalibrationFile.MaximumSize);

    public OdometerCurve? LoadCurve(string option, string path) => Load(
        option, path, classes: 0, CurveKind, (bytes, _) => ReadCurve(bytes));

    private T? Load<T>(string option, string path, int classes, byte kind, Func<byte[], ReleaseFileKey?, T> load, int largest = ReleaseFile.MaximumSize)
        where T : class
    {
        try
        {
            byte[] bytes = ReadBytes(path, largest);
            (string Digest, byte, int) identity = (Convert.ToHexString(SHA256.HashData(bytes)), kind, classes);
            if (!_loaded.TryGetValue(identity, out object? loaded) && !(before?._loaded.TryGetValue(identity, out loaded) ?? false))
            {
                loaded = load(bytes, ReleaseFile.IsAuthenticated(bytes) ? key : null);
            }

            _loaded[identity] = loaded!;
            return (T)loaded!;
        }
        catch (Exception exception) when (exception is ReleaseFileException or DetectionFileException or InvalidDataException)
        {
            Faults.Add($"{option} is '{path}': {exception.Message}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException or SecurityException)
        {
            Faults.Add($"{option} is '{path}', which cannot be read: {exception.Message}");
        }

        return null;
    }

    private OdometerCurve ReadCurve(byte[] bytes)
    {
        using MemoryStream stream = new(bytes);
        OdometerCurve curve = OdometerCurve.Load(stream);
        return curve.Model == model
            ? curve
            : throw new InvalidDataException($"The curve was measured of model '{curve.Model}'; expected '{model}'.");
    }

    private static byte[] ReadBytes(string path, int largest)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        if (file.Length > largest)
        {
            throw new ReleaseFileException(ReleaseFileFault.TooLarge, $"The file has {file.Length} bytes; the largest possible has {largest}.");
        }

        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }
}

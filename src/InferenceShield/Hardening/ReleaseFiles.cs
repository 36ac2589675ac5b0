using System.Security;
using System.Security.Cryptography;

namespace InferenceShield;

/// <summary>Loads the files with learned releases that the options name, once for each file.</summary>
/// <remarks>A file whose bytes are those of the options in force is not read into another object, so that a reload which
/// changes nothing is seen to change nothing.</remarks>
internal sealed class ReleaseFiles(string model, ReleaseFileKey key, ReleaseFiles? before)
{
    private readonly Dictionary<(string Digest, byte Kind, int Classes), object> _loaded = [];

    /// <summary>What could not be loaded, each with its option's key and its path.</summary>
    public List<string> Faults { get; } = [];

    public ConfidenceBands? LoadBands(string option, string path, int classes) => Load(
        option, path, classes, ReleaseFile.Bands, (bytes, fileKey) => ConfidenceBands.Read(bytes, model, classes, fileKey));

    public AnswerCodebook? LoadCodebook(string option, string path, int classes) => Load(
        option, path, classes, ReleaseFile.Codebook, (bytes, fileKey) => AnswerCodebook.Read(bytes, model, classes, fileKey));

    private T? Load<T>(string option, string path, int classes, byte kind, Func<byte[], ReleaseFileKey?, T> load)
        where T : class
    {
        try
        {
            byte[] bytes = ReadBytes(path);
            (string Digest, byte, int) identity = (Convert.ToHexString(SHA256.HashData(bytes)), kind, classes);
            if (!_loaded.TryGetValue(identity, out object? loaded) && !(before?._loaded.TryGetValue(identity, out loaded) ?? false))
            {
                loaded = load(bytes, ReleaseFile.IsAuthenticated(bytes) ? key : null);
            }

            _loaded[identity] = loaded!;
            return (T)loaded!;
        }
        catch (ReleaseFileException exception)
        {
            Faults.Add($"{option} is '{path}': {exception.Message}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException or SecurityException)
        {
            Faults.Add($"{option} is '{path}', which cannot be read: {exception.Message}");
        }

        return null;
    }

    private static byte[] ReadBytes(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        if (file.Length > ReleaseFile.MaximumSize)
        {
            throw new ReleaseFileException(ReleaseFileFault.TooLarge, $"The file has {file.Length} bytes; the largest possible has {ReleaseFile.MaximumSize}.");
        }

        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }
}

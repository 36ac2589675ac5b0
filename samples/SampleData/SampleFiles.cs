namespace InferenceShield.Samples;

/// <summary>Finds the models and data that are committed under <c>samples/</c>.</summary>
public static class SampleFiles
{
    private const string Marker = "InferenceShield.sln";

    /// <summary>The repository's root: the nearest folder above the running program that holds InferenceShield.sln.</summary>
    /// <exception cref="DirectoryNotFoundException">The program does not run inside a checkout.</exception>
    public static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, Marker)))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException(
            $"No folder above '{AppContext.BaseDirectory}' holds {Marker}. Run from a checkout of the repository, or name the files yourself.");
    }

    /// <summary>The path of a committed model, for example <c>fashion.onnx</c>.</summary>
    /// <exception cref="FileNotFoundException">There is no such model.</exception>
    public static string GetModel(string fileName) => GetExisting("models", fileName);

    /// <summary>The path of a committed data file, for example <c>t2k-images-idx3-ubyte.gz</c>.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static string GetData(string fileName) => GetExisting("data", fileName);

    private static string GetExisting(string folder, string fileName)
    {
        string path = Path.Combine(FindRoot(), "samples", folder, fileName);
        return File.Exists(path) ? path : throw new FileNotFoundException($"The sample file '{path}' does not exist.", path);
    }
}

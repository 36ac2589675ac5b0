using System.Diagnostics;
using System.IO.Compression;
using InferenceShield.Samples;
using Xunit;

namespace InferenceShield.Docs.Tests;

/// <summary>What `dotnet pack` makes is what a user of the official packages needs.</summary>
public sealed class PackageTests
{
#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    [Theory]
    [InlineData("InferenceShield", "System.IO.Hashing")]
    [InlineData("InferenceShield.OnnxRuntime", "Microsoft.ML.OnnxRuntime.Managed")]
    [InlineData("InferenceShield.Lab", "MathNet.Numerics")]
    public async Task A_package_declares_the_official_ids_and_carries_docs_and_symbols(string package, string dependency)
    {
        string root = SampleFiles.FindRoot();
        string output = Directory.CreateTempSubdirectory("inference-shield-pack-").FullName;
        try
        {
            // The assemblies of the packages were built for this test; packing builds nothing again.
            using Process pack = Process.Start(new ProcessStartInfo("dotnet",
                ["pack", Path.Combine(root, "src", package), "--no-build", "-c", Configuration, "-o", output, "-nologo", "-v", "q"])
            {
                WorkingDirectory = root, // not that of this process, which other tests change to folders that they delete
                RedirectStandardOutput = true,
                RedirectStandardError = true,

                // A build node of somebody else's, about to end, is none to lean on.
                Environment = { ["MSBUILDDISABLENODEREUSE"] = "1", ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0" },
            })!;
            Task<string> errors = pack.StandardError.ReadToEndAsync();
            string log = await pack.StandardOutput.ReadToEndAsync() + await errors;
            await pack.WaitForExitAsync();
            Assert.True(pack.ExitCode == 0, $"exit code {pack.ExitCode}: {log}");

            using ZipArchive nupkg = ZipFile.OpenRead(Assert.Single(Directory.GetFiles(output, "*.nupkg")));
            string nuspec = Read(nupkg, $"{package}.nuspec");
            Assert.Contains($"<dependency id=\"{dependency}\" version=", nuspec, StringComparison.Ordinal);
            Assert.Contains("<license type=\"expression\">MIT</license>", nuspec, StringComparison.Ordinal);
            Assert.NotNull(nupkg.GetEntry($"lib/net10.0/{package}.xml"));
            Assert.NotNull(nupkg.GetEntry("README.md"));
            Assert.NotNull(nupkg.GetEntry("icon.png"));
            Assert.Single(Directory.GetFiles(output, "*.snupkg"));
        }
        finally
        {
            Directory.Delete(output, recursive: true);
        }
    }

    private static string Read(ZipArchive archive, string entry)
    {
        using StreamReader reader = new(archive.GetEntry(entry)!.Open());
        return reader.ReadToEnd();
    }
}

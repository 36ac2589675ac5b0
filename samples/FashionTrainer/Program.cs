using InferenceShield.Lab;
using System.Diagnostics;
using InferenceShield.Samples;
using InferenceShield.Samples.Training;

const int SubsetCount = 2000;

if (args is ["--help" or "-h"])
{
    Console.WriteLine(TrainerOptions.Usage);
    return 0;
}

try
{
    TrainerOptions options = TrainerOptions.Parse(args);
    if (options.WriteSubset)
    {
        FashionMnistFiles.WriteSubset(options.DataFolder, SubsetCount);
        Console.WriteLine($"Wrote the first {SubsetCount} test images to samples/data.");
        return 0;
    }

    string output = options.Output ?? Path.Combine(SampleFiles.FindRoot(), "samples", "models", "fashion.onnx");
    Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(output))!);
    FashionDataset training = FashionMnistFiles.LoadTraining(options.DataFolder);
    FashionDataset test = FashionMnistFiles.LoadTest(options.DataFolder);
    Network network = FashionModel.Create(options.Seed);
    var standardization = Standardization.Measure(training.Images.Span);
    var trainer = new Trainer(network, standardization, options.Seed, options.Threads);
    Console.WriteLine($"{training.Count} training images, {network.Parameters.Length} parameters, {options.Threads} threads");

    long start = Stopwatch.GetTimestamp();
    trainer.Train(training, test, options.Epochs, Console.Out);
    TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
    FashionModel.Export(network, standardization).Save(output);
    Console.WriteLine(
        $"test accuracy {trainer.GetAccuracy(test):P2} of {test.Count} images; trained in {elapsed.TotalSeconds:F1} s; "
        + $"wrote {new FileInfo(output).Length} bytes to {output}");
    return 0;
}
catch (Exception exception) when (exception is ArgumentException or IOException or InvalidDataException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(exception.Message);
    return 1;
}

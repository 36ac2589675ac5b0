using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using InferenceShield.Lab;
using InferenceShield.OnnxRuntime;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.Tool;

/// <summary>The command <c>bench</c>: what a shielded session costs beside the bare one, in turns on this machine.</summary>
internal static class BenchCommand
{
    private const int WarmUpRounds = 6;
    private const int DifferentRows = 64;

    public static Command Create(Terminal terminal)
    {
        Argument<string> model = new("MODEL") { Description = "An ONNX file." };
        Option<string?> policy = SharedOptions.Policy();
        Option<string?> modelName = SharedOptions.ModelName();
        Option<string?> secret = SharedOptions.SecretVariable();
        Option<string?> output = SharedOptions.Output();
        Option<string?> kind = SharedOptions.Kind();
        Option<int> rounds = new("--rounds") { Description = "Rounds; in each both run.", HelpName = "NUMBER", DefaultValueFactory = _ => 25 };
        Option<int> calls = new("--calls") { Description = "Calls of each in a round.", HelpName = "NUMBER", DefaultValueFactory = _ => 400 };
        Option<bool> json = SharedOptions.Json();
        Command command = new(
            "bench",
            """
            Times ShieldedSession.Run against InferenceSession.Run, one row a call, one thread, in turns, so that a noisy machine disturbs both alike. Read the ratio; microseconds are of this machine and hour.

            inference-shield bench fashion.onnx
            inference-shield bench fashion.onnx --policy appsettings.json --json
            """)
        {
            model, policy, modelName, secret, output, kind, rounds, calls, json,
        };
        command.SetAction((parsed, cancellationToken) => Task.Run(
            () =>
            {
                FirstUseNotice.Show(terminal.Error);
                string path = parsed.GetRequiredValue(model);
                if (parsed.GetValue(rounds) < 1 || parsed.GetValue(calls) < 1)
                {
                    throw new MistakeException("--rounds and --calls: allowed are numbers from 1 on.");
                }

                string name = parsed.GetValue(modelName) ?? DataFile.NameOf(path);
                Action<ShieldOptions>? configure = parsed.GetValue(policy) is { } file ? PolicyFile.Read(file, name) : null;
                Overhead overhead = Measure(
                    path, name, configure, SharedOptions.Secret(parsed.GetValue(secret)), parsed.GetValue(output), SharedOptions.ParseKind(parsed.GetValue(kind)), parsed.GetValue(rounds), parsed.GetValue(calls), cancellationToken);
                terminal.Output.WriteLine(parsed.GetValue(json)
                    ? JsonText.Of(overhead)
                    : string.Create(
                        CultureInfo.InvariantCulture,
                        $"ShieldedSession.Run takes {overhead.Ratio:0.00} times InferenceSession.Run (median of {overhead.Rounds} rounds; 10-90 %: {overhead.LowRatio:0.00} to {overhead.HighRatio:0.00})\nmedian per call: bare {overhead.BareMicroseconds:0.0} us, shielded {overhead.ShieldedMicroseconds:0.0} us; the shield allocates {overhead.BytesPerCall:0.##} bytes per call"));
                return ExitCode.Done;
            },
            cancellationToken));
        return command;
    }

    private static Overhead Measure(
        string path, string name, Action<ShieldOptions>? configure, IShieldSecretProvider? secret, string? outputName, OutputKind? kind, int rounds, int calls, CancellationToken cancellationToken)
    {
        using OnnxModel model = OnnxModel.Open(path);
        int width = model.InputLength > 0 ? model.InputLength : throw new MistakeException($"'{path}' leaves the width of its input open; bench needs a fixed one.");
        float[] rows = new float[DifferentRows * width];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = i * 7919 % 1009 / 1009f;
        }

        OutputGuess target = OutputChoice.Choose(model, new Dataset("rows", rows, width), outputName, kind, configure is null ? [] : PolicyFile.GetOutputs(configure));
        using SessionOptions options = new() { IntraOpNumThreads = 1 };
        using InferenceSession bare = new(path, options);
        using Shield shield = BuildShield(name, configure, secret, target);
        using ShieldedSession shielded = new(shield, path, sessionOptions: options);
        CallerKey caller = shield.IdentifyCaller("bench");
        float[] input = new float[width];
        float[] answer = new float[target.Width];
        int[] shape = bare.InputMetadata.Values.First().Dimensions;
        long[] inputShape = [1, .. shape.Skip(1)];
        string[] inputs = [bare.InputMetadata.Keys.First()];
        string[] outputs = [target.Output];
        using RunOptions runOptions = new();
        using OrtValue inputValue = OrtValue.CreateTensorValueFromMemory(input, inputShape);
        using OrtValue outputValue = OrtValue.CreateTensorValueFromMemory(answer, [1, target.Width]);
        OrtValue[] inputValues = [inputValue];
        OrtValue[] outputValues = [outputValue];
        double[] bareTimes = new double[rounds];
        double[] shieldedTimes = new double[rounds];
        long bytes = 0;
        for (int round = -WarmUpRounds; round < rounds; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (round < 0)
            {
                Thread.Sleep(100); // lets the runtime compile the hot paths again, optimised
            }

            double bareTime = Time(calls, call =>
            {
                rows.AsSpan(call % DifferentRows * width, width).CopyTo(input);
                bare.Run(runOptions, inputs, inputValues, outputs, outputValues);
            });
            long before = GC.GetAllocatedBytesForCurrentThread();
            double shieldedTime = Time(calls, call => shielded.Run(caller, rows.AsSpan(call % DifferentRows * width, width), answer));
            bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            if (round >= 0)
            {
                (bareTimes[round], shieldedTimes[round]) = (bareTime, shieldedTime);
            }
        }

        double[] ratios = [.. bareTimes.Zip(shieldedTimes, (one, other) => other / one).Order()];
        return new Overhead(
            ratios[rounds / 2], ratios[rounds / 10], ratios[(rounds - 1) * 9 / 10], bareTimes.Order().ElementAt(rounds / 2), shieldedTimes.Order().ElementAt(rounds / 2), (double)bytes / calls, rounds, calls);
    }

    private static Shield BuildShield(string name, Action<ShieldOptions>? configure, IShieldSecretProvider? secret, OutputGuess target) =>
        new ShieldBuilder(name)
            .UseSecret(secret ?? ShieldSecrets.Ephemeral())
            .Configure(options =>
            {
                configure?.Invoke(options);
                OutputOptions output = options.Outputs.TryGetValue(target.Output, out OutputOptions? declared) ? declared : new OutputOptions { Kind = target.Kind };
                options.Outputs.Clear(); // one output is timed, shielded and bare
                options.Outputs[target.Output] = output;

                // The same work as ever, and no refusal.
                options.Admission.PerCaller = new LimitOptions { Queries = 1_000_000, Period = TimeSpan.FromSeconds(1), Burst = 1_000_000 };
            })
            .Build();

    private static double Time(int calls, Action<int> call)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < calls; i++)
        {
            call(i);
        }

        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / calls;
    }
}

using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;
using InferenceShield.Benchmarks;
using InferenceShield.Benchmarks.Callers;
using InferenceShield.Benchmarks.Detection;
using InferenceShield.Benchmarks.Campaigns;
using InferenceShield.Benchmarks.Fingerprints;
using InferenceShield.Benchmarks.Gate;
using InferenceShield.Benchmarks.Hardening;
using InferenceShield.Benchmarks.Ratios;
using InferenceShield.Benchmarks.Releases;
using InferenceShield.Benchmarks.Support;
using InferenceShield.Benchmarks.Watermarking;

switch (args.FirstOrDefault())
{
    case "gate":
        return GateCommand.Run(args[1..]);
    case "ratios":
        return RatiosCommand.Run("ratios", args[1..], RatioGroups.MakeAll, asSpeedUp: false);
    case "callers":
        return RatiosCommand.Run("callers", args[1..], CallerGroups.MakeAll, asSpeedUp: true);
    case "sketches":
        SketchRatios.Run(Console.Out);
        return 0;
    case "fingerprints":
        FingerprintRatios.Run(Console.Out);
        return 0;
    case "detection":
        DetectionRatios.Run(Console.Out);
        return 0;
    case "releases":
        ReleaseRatios.Run(Console.Out);
        return 0;
    case "campaigns":
        CampaignReadings.Run(Console.Out);
        return 0;
    case "counters":
        CounterRatios.Run(Console.Out);
        return 0;
    case "tokens":
        TokenMarkRatios.Run(Console.Out);
        return 0;
    case "marks":
        return RatiosCommand.Run("marks", args[1..], MarkGroups.MakeAll, asSpeedUp: false);
    case "input-marks":
        return RatiosCommand.Run("input-marks", args[1..], InputMarkGroups.MakeAll, asSpeedUp: false);
    case "hardening" when args.Contains("noise"):
        NoiseRatios.Run(Console.Out);
        return 0;
    case "hardening" when args.Contains("kinds"):
        OutputKindRatios.Run(Console.Out);
        return 0;
    case "hardening":
        PostureRatios.Run(Console.Out);
        RoundingRatios.Run(Console.Out);
        LeastInformationRatios.Run(Console.Out);
        return 0;
    default:
        IConfig config = DefaultConfig.Instance.WithArtifactsPath(BenchmarkFiles.Artifacts);
        BenchmarkSwitcher.FromAssembly(typeof(GateCommand).Assembly).Run(args, config);
        return 0;
}

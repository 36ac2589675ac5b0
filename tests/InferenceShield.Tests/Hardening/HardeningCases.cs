using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

/// <summary>Valid hardening options of every kind that releases on a decimal grid.</summary>
internal static class HardeningCases
{
    public static Gen<HardeningOptions> Any { get; } =
        from decimals in Gen.Choose(1, 5)
        from noise in Gen.Frequency((2, Gen.Constant(0)), (2, Gen.Choose(1, 1900)), (1, Gen.Constant(1900)))
        from information in Gen.Frequency((4, Gen.Constant(0)), (2, Gen.Choose(1, 2000)))
        from topK in Gen.Frequency((4, Gen.Constant(0)), (3, Gen.Choose(1, 6)), (1, Gen.Elements(100, 1_000_000)))
        from labelOnly in Gen.Frequency((9, Gen.Constant(false)), (1, Gen.Constant(true)))
        from temperature in Gen.Frequency((3, Gen.Constant(1.0)), (2, Gen.Elements(0.05, 0.5, 1.7, 10, 100)))
        select new HardeningOptions
        {
            Decimals = decimals,
            KeyedNoiseBudget = information == 0 ? noise / 1000.0 : 0,
            LeastInformationBudget = labelOnly || topK == 1 ? 0 : information / 1000.0,
            TopK = topK == 0 || (labelOnly && topK > 1) ? null : topK,
            Release = labelOnly ? Release.LabelOnly : null,
            Temperature = temperature,
        };

    public static string Describe(HardeningOptions options) =>
        $"decimals {options.Decimals}, noise {options.KeyedNoiseBudget}, least information {options.LeastInformationBudget}, top-k {options.TopK}, release {options.Release}, temperature {options.Temperature}";
}

using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Hardens one row of logits or probabilities.</summary>
/// <remarks>All in double and row by row in index order, so that a row's answer does not depend on its batch. The leading
/// class is the first of the largest clean scores and stays the strict leader of the released answer.</remarks>
internal static class DistributionHardening
{
    /// <summary>How far declared probabilities may sum from 1: half-precision softmax over thousands of classes stays inside.</summary>
    internal const double SumTolerance = 1e-2;

    /// <summary>Rounding of half precision may leave a probability this far below 0.</summary>
    private const double NegativeTolerance = -1e-3;

    /// <param name="plan">How.</param>
    /// <param name="noiseKey">Keys the noise.</param>
    /// <param name="clean">The model's scores.</param>
    /// <param name="released">As long; may be the same span. Not written if the row is faulty.</param>
    /// <param name="top">The leading class.</param>
    /// <param name="confidence">Its probability before anything was done to it, within a hundred-thousandth; NaN where the answer could be
    /// made without it.</param>
    /// <param name="fault">What is wrong with the row.</param>
    /// <param name="input">Where the row's input lies, for noise that belongs to it.</param>
    /// <param name="cosine">The cosine mark, for releases that keep it.</param>
    /// <returns>False if the row cannot be released.</returns>
    public static bool TryHarden(
        OutputPlan plan, NoiseKey noiseKey, ReadOnlySpan<float> clean, Span<float> released, out int top, out float confidence, out OutputFault fault,
        in Hash128 input = default, in CosineStep cosine = default)
    {
        if (cosine.IsNone && TryHardenFast(plan, clean, released, out top, out confidence))
        {
            fault = default;
            return true;
        }

        confidence = 0;
        HardeningScratch scratch = HardeningScratch.ForThisThread;
        Span<double> distribution = scratch.Distribution(clean.Length);
        if (!TryNormalize(plan, clean, distribution, out top, out double leading, out fault))
        {
            return false;
        }

        confidence = (float)leading;
        if (plan.IsPlain && cosine.IsNone)
        {
            Round(plan, distribution, top, scratch, released);
            return true;
        }

        if (plan.Release == Release.LabelOnly)
        {
            released.Clear();
            released[top] = 1;
            return true;
        }

        switch (plan.Perturbation)
        {
            case Perturbation.KeyedNoise:
                Hash128 cell = plan.NoiseCell == NoiseCell.Output ? noiseKey.HashOutput(distribution, top) : noiseKey.HashInput(plan.NoiseCell, input);
                KeyedNoise.Apply(distribution, top, plan.Budget, plan.NoiseKind, noiseKey, cell, scratch.Second(clean.Length));
                break;
            case Perturbation.ReverseSigmoid:
                ReverseSigmoidPerturbation.Apply(distribution, top, plan.Beta, plan.Gamma, scratch.Second(clean.Length));
                break;
            case Perturbation.AdaptiveMisinformation:
                Span<double> decoy = scratch.Second(clean.Length);
                MisinformationPerturbation.FillDecoy(decoy, distribution, top, noiseKey.Decoys);
                MisinformationPerturbation.Apply(distribution, top, plan.Tau, plan.Nu, decoy);
                break;
            case Perturbation.LeastInformation:
                LeastInformation.Apply(
                    distribution,
                    top,
                    plan.Budget,
                    distribution,
                    new LeastInformationScratch(scratch.Second(clean.Length), scratch.Third(clean.Length), scratch.Indices(clean.Length)));
                break;
            case Perturbation.Codebook when CodebookHardening.TryApply(plan.Codebook!, distribution, top, released):
                if (cosine.IsNone)
                {
                    return true;
                }

                TensorPrimitives.ConvertTruncating<float, double>(released, distribution);
                break;
        }

        if (!cosine.IsNone)
        {
            cosine.Apply(distribution, top, scratch.Second(clean.Length));
        }

        if (plan.Release == Release.Bands && plan.NeedsLeaderOnly)
        {
            ConfidenceBands bands = plan.Bands!.For(clean.Length);
            BandHardening.Apply(bands, bands.FindBand(confidence), clean, top, released);
            return true;
        }

        if (plan.ConfidenceCutoff > 0)
        {
            ConfidenceLimit.DropBelow(distribution, top, plan.ConfidenceCutoff);
        }

        if (plan.ConfidenceCap < 1)
        {
            ConfidenceLimit.Cap(distribution, top, plan.ConfidenceCap);
        }

        if (plan.Release == Release.Bands)
        {
            BandHardening.Apply(plan.Bands!.For(clean.Length), distribution, top, released);
            return true;
        }

        if (plan.TopK is > 0 and <= TopKRelease.MostRounded && plan.TopK < distribution.Length && plan.TopKRemainder == TopKRemainder.Zero && plan.ProbabilityDigits == 0)
        {
            TopKRelease.Round(distribution, top, scratch.Indices(plan.TopK), plan.GridUnits, plan.GridStep, released);
            return true;
        }

        if (plan.TopK > 0 && plan.TopK < distribution.Length)
        {
            TopKRelease.Apply(distribution, top, plan.TopKRemainder, scratch.Indices(plan.TopK), scratch.Second(clean.Length));
        }

        Round(plan, distribution, top, scratch, released);
        return true;
    }

    /// <summary>Hardens a row if its answer can be made without the whole distribution and it is sure enough: what takes it is seen on the way.</summary>
    /// <param name="plan">How.</param>
    /// <param name="clean">The model's scores.</param>
    /// <param name="released">As long; may be the same span. Not written if the answer is false.</param>
    /// <param name="least">What the confidence has to be above.</param>
    /// <param name="top">The leading class.</param>
    /// <param name="confidence">Its probability.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool TryHardenSure(OutputPlan plan, ReadOnlySpan<float> clean, Span<float> released, float least, out int top, out float confidence) =>
        TryHardenFast(plan, clean, released, out top, out confidence, least);

    /// <summary>Releases that can be made without the whole distribution.</summary>
    /// <param name="plan">How.</param>
    /// <param name="clean">The model's scores.</param>
    /// <param name="released">As long; may be the same span.</param>
    /// <param name="top">The leading class.</param>
    /// <param name="confidence">Its probability; NaN where the answer could be made without it.</param>
    /// <param name="least">What the confidence has to be above; 0 for any, known or not.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryHardenFast(OutputPlan plan, ReadOnlySpan<float> clean, Span<float> released, out int top, out float confidence, float least = 0)
    {
        if (plan.IsRoundingOnly && clean.Length is > 1 and <= FewClasses.Most && FewClasses.IsSupported
            && FewClasses.TryRelease(clean, plan.Kind == OutputKind.Logits, SumTolerance, plan.GridUnits, plan.GridStep, released, out top, out double likely, least))
        {
            confidence = (float)likely;
            return true;
        }

        if (plan.IsRoundingOnly && plan.Kind == OutputKind.Logits
            && FloatRounding.TryRelease(clean, plan.GridUnits, plan.GridStep, released, out top, out confidence, least))
        {
            return true;
        }

        if (plan.NeedsLeadingFewOnly && least == 0 && plan.TopK < clean.Length
            && LeadingFew.TryRelease(clean, plan.TopK, plan.GridUnits, plan.GridStep, released, out top))
        {
            confidence = float.NaN;
            return true;
        }

        if (plan.NeedsLeaderOnly && TryReleaseLeader(plan, clean, released, out top, out confidence, least))
        {
            return true;
        }

        top = 0;
        confidence = 0;
        return false;
    }

    /// <summary>Labels and bands: of the distribution they show the leading class alone, and who comes second.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)] // what it calls itself would be left uninlined
    private static bool TryReleaseLeader(OutputPlan plan, ReadOnlySpan<float> clean, Span<float> released, out int top, out float confidence, float least)
    {
        if (plan.Release == Release.Bands)
        {
            ConfidenceBands bands = plan.Bands!.For(clean.Length);
            bool isFound = LeadingClass.TryFindBand(plan.Kind, clean, bands, out top, out confidence, out int band) && confidence > least;
            if (isFound)
            {
                BandHardening.Apply(bands, band, clean, top, released);
            }

            return isFound;
        }

        top = 0;
        confidence = 0;
        if ((least > 0 && plan.Kind == OutputKind.Logits) // whose label is found without it
            || !LeadingClass.TryFindLabel(plan.Kind, clean, out top, out confidence) || confidence <= least)
        {
            return false;
        }

        released.Clear();
        released[top] = 1;
        return true;
    }

    /// <summary>The row as a distribution of sum 1, before anything that hides.</summary>
    /// <param name="plan">Kind and temperature.</param>
    /// <param name="clean">The model's scores.</param>
    /// <param name="distribution">As long.</param>
    /// <param name="top">The first of the largest.</param>
    /// <param name="confidence">Its probability without temperature.</param>
    /// <param name="fault">What is wrong with the row.</param>
    internal static bool TryNormalize(OutputPlan plan, ReadOnlySpan<float> clean, Span<double> distribution, out int top, out double confidence, out OutputFault fault)
    {
        top = 0;
        confidence = 0;
        if (!RowScan.TryFindEnds(clean, out float least, out float largest))
        {
            fault = FindNotFinite(clean);
            return false;
        }

        top = RowScan.Find(clean, largest);
        if (plan.Kind == OutputKind.Probabilities && !TryTakeProbabilities(clean, least, distribution, out fault))
        {
            return false;
        }

        confidence = ToDistribution(plan, clean, distribution, top);
        fault = default;
        return true;
    }

    private static OutputFault FindNotFinite(ReadOnlySpan<float> clean)
    {
        int index = 0;
        while (float.IsFinite(clean[index]))
        {
            index++;
        }

        return OutputFault.NotFinite(index, clean[index]);
    }

    private static bool TryTakeProbabilities(ReadOnlySpan<float> clean, float least, Span<double> distribution, out OutputFault fault)
    {
        TensorPrimitives.ConvertTruncating(clean, distribution);
        double sum = FixedOrderSum.Sum(distribution);
        if (Math.Abs(sum - 1) > SumTolerance)
        {
            fault = OutputFault.WrongSum(sum);
            return false;
        }

        if (least < NegativeTolerance)
        {
            int index = 0;
            while (!(clean[index] < NegativeTolerance))
            {
                index++;
            }

            fault = OutputFault.Negative(index, clean[index]);
            return false;
        }

        if (least <= 0)
        {
            TensorPrimitives.Max(distribution, 0, distribution); // -0 too
        }

        fault = default;
        return true;
    }

    private static void Round(OutputPlan plan, Span<double> distribution, int top, HardeningScratch scratch, Span<float> released)
    {
        if (plan.ProbabilityDigits > 0)
        {
            Span<int> ranked = scratch.Indices(Math.Min(distribution.Length, ReleaseGrid.Units));
            SignificantRounding.Apply(distribution, top, plan.ProbabilityDigits, scratch.Second(distribution.Length), ranked);
            GridSplit.Release(distribution, 1.0 / ReleaseGrid.Units, released);
            return;
        }

        Span<int> chosen = scratch.Indices(Math.Min(distribution.Length, plan.GridUnits));
        GridRounding.Apply(distribution, top, plan.GridUnits, scratch.Second(distribution.Length), chosen);
        GridSplit.Release(distribution, plan.GridStep, released);
    }

    /// <summary>Softmax with temperature for logits; power with temperature for probabilities; then the sum is 1.</summary>
    /// <returns>The leading class's probability without temperature.</returns>
    private static double ToDistribution(OutputPlan plan, ReadOnlySpan<float> clean, Span<double> distribution, int top)
    {
        double confidence = plan.InverseTemperature == 1 ? 0 : Confidence(plan, clean, distribution, top);
        double sum;
        if (plan.Kind == OutputKind.Logits)
        {
            sum = RowExponentials.Fill(clean, clean[top], plan.InverseTemperature, distribution);
        }
        else
        {
            Sharpen(plan, distribution, top);
            sum = FixedOrderSum.Sum(distribution);
        }

        TensorPrimitives.Multiply(distribution, 1 / sum, distribution);
        return plan.InverseTemperature == 1 ? distribution[top] : confidence;
    }

    /// <summary>Temperature on probabilities: as on the logits behind them.</summary>
    private static void Sharpen(OutputPlan plan, Span<double> distribution, int top)
    {
        if (plan.InverseTemperature != 1)
        {
            double largest = distribution[top];
            for (int i = 0; i < distribution.Length; i++)
            {
                distribution[i] = Math.Pow(distribution[i] / largest, plan.InverseTemperature);
            }
        }

    }

    /// <summary>The leading class's probability: of scores that a temperature is going to change.</summary>
    /// <param name="plan">Kind.</param>
    /// <param name="clean">The model's scores.</param>
    /// <param name="distribution">The probabilities; for logits scratch.</param>
    /// <param name="top">The first of the largest.</param>
    private static double Confidence(OutputPlan plan, ReadOnlySpan<float> clean, Span<double> distribution, int top)
    {
        return plan.Kind == OutputKind.Logits
            ? 1 / RowExponentials.Fill(clean, clean[top], 1, distribution)
            : distribution[top] / FixedOrderSum.Sum(distribution);
    }
}

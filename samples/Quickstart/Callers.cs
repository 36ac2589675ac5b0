using System.Numerics.Tensors;
using InferenceShield.OnnxRuntime;

namespace InferenceShield.Samples.Quickstart;

/// <summary>What the sample's callers do.</summary>
internal static class Callers
{
    /// <summary>Asks one image after the other, from the first again after the last.</summary>
    public static CallerReport AskAll(ShieldedSession session, CleanModel clean, FashionDataset images, string name, int queries)
    {
        CallerKey caller = session.Shield.IdentifyCaller(name);
        CallerReport report = new() { Name = name, Asked = queries };
        float[] released = new float[FashionDataset.ClassCount];
        for (int query = 0; query < queries; query++)
        {
            ReadOnlySpan<float> image = images.GetImage(query % images.Count);
            Admission admission = session.Run(caller, image, released);
            if (!admission.IsAdmitted)
            {
                report.RetryAfterSeconds = admission.RetryAfterSeconds;
                continue;
            }

            ReadOnlySpan<float> cleanScores = clean.Run(image);
            int label = images.Labels.Span[query % images.Count];
            int cleanTop = TensorPrimitives.IndexOfMax(cleanScores);
            int releasedTop = TensorPrimitives.IndexOfMax<float>(released);
            report.Answered++;
            report.CleanCorrect += cleanTop == label ? 1 : 0;
            report.ReleasedCorrect += releasedTop == label ? 1 : 0;
            report.TopDiffers += cleanTop == releasedTop ? 0 : 1;
            report.CleanVectors += IsClean(released) ? 1 : 0;
        }

        return report;
    }

    /// <summary>Asks the least certain of the first 500 images again and again, to average whatever was added to its scores.</summary>
    public static RepeatReport Repeat(ShieldedSession session, CleanModel clean, FashionDataset images, string name, int repeats)
    {
        int index = Enumerable.Range(0, 500).MinBy(i => TensorPrimitives.Max(clean.Run(images.GetImage(i))));
        float[] cleanScores = clean.Run(images.GetImage(index)).ToArray();
        CallerKey caller = session.Shield.IdentifyCaller(name);
        float[] released = new float[FashionDataset.ClassCount];
        HashSet<string> answers = [];
        int cleanVectors = 0;
        for (int i = 0; i < repeats; i++)
        {
            session.Run(caller, images.GetImage(index), released);
            answers.Add(string.Join(' ', released.Select(BitConverter.SingleToInt32Bits)));
            cleanVectors += IsClean(released) ? 1 : 0;
        }

        session.Shield.TryGetCaller(caller, out CallerStatistics statistics);
        return new RepeatReport(repeats, cleanScores, released, answers.Count, statistics.Repeated, cleanVectors);
    }

    /// <summary>Whether any score has more than the two decimals that the policy releases.</summary>
    private static bool IsClean(float[] scores) => scores.Any(score => score != (float)(Math.Round(score * 100.0) / 100));
}

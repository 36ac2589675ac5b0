using System.Globalization;
using System.Numerics.Tensors;
using MathNet.Numerics.Distributions;

namespace InferenceShield.Lab;

/// <summary>Inputs on which copies of a model answer otherwise than independent models do: a test of ownership for models that were never marked.</summary>
/// <remarks>
/// <para>Asks a suspect for labels only. The statistic is the mean logarithm of how much likelier each of its labels is of a copy than of an independent model, as
/// models of both kinds show that the owner trains. It is compared with control models: independent ones, trained like the suspect might have been without the
/// target, and not among those the fingerprint was made with.</para>
/// <para>It shows that a suspect is nearer to the target than the controls are, not that it was copied: a model trained on the same rows, or from
/// the same initial weights, is nearer too. Weaker than a mark, whose key nobody else has: whoever chooses inputs can choose those that incriminate (Liu et al.,
/// USENIX Security 2024), so commit to the fingerprint before there is a suspect. Immutable and thread-safe.</para>
/// </remarks>
public sealed class Fingerprint
{
    internal const int GroupCount = 2;

    private readonly int[] _labels;
    private readonly FingerprintGroup[] _groups;
    private readonly float[] _ratios;
    private readonly IReadOnlyList<IClassifier> _used;

    internal Fingerprint(Dataset inputs, int[] labels, FingerprintGroup[] groups, float[] ratios, int classCount, IReadOnlyList<IClassifier> used)
    {
        Inputs = inputs;
        _labels = labels;
        _groups = groups;
        _ratios = ratios;
        ClassCount = classCount;
        _used = used;
    }

    /// <summary>What a suspect is asked, without labels.</summary>
    public Dataset Inputs { get; }

    /// <summary>The target's label of each input.</summary>
    public IReadOnlyList<int> Labels => _labels;

    /// <summary>Why each input is in it.</summary>
    public IReadOnlyList<FingerprintGroup> Groups => _groups;

    /// <summary>The classes of the target.</summary>
    public int ClassCount { get; }

    /// <summary>Makes a fingerprint.</summary>
    /// <param name="target">The protected model.</param>
    /// <param name="probes">Inputs to choose and mix from, with their true labels, and none that the target was trained on: its mistakes are looked for among them.</param>
    /// <param name="independents">At least 4 models that were trained without the target, on other rows and from other weights.</param>
    /// <param name="surrogates">At least 4 copies of the target. Best one for each independent model, on the same rows and from the same initial weights, but with the
    /// target's labels: then nothing but the target tells the two lists apart. Of different architectures, both.</param>
    /// <param name="options">Sizes.</param>
    /// <param name="seed">Mixtures follow from it.</param>
    /// <returns>The same for the same arguments, bit for bit on one machine.</returns>
    /// <remarks>Costs about Candidates x Conferrable answers of each model.</remarks>
    /// <exception cref="ArgumentException">Too few models or probes, models of other shapes, no labels, or copies that differ from independent models in nothing.</exception>
    public static Fingerprint Make(
        IClassifier target, Dataset probes, IReadOnlyList<IClassifier> independents, IReadOnlyList<IClassifier> surrogates, FingerprintOptions options, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(probes);
        ArgumentNullException.ThrowIfNull(independents);
        ArgumentNullException.ThrowIfNull(surrogates);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return new FingerprintSearch(target, probes, independents, surrogates, options, seed).Run();
    }

    /// <summary>How far a model agrees with the target on each group, 0 to 1, by the number of the group; 0 where a group is empty.</summary>
    /// <param name="model">Asked once for all inputs; only its leading labels count.</param>
    /// <exception cref="ArgumentException">Of another shape than the target.</exception>
    public double[] MeasureAgreement(IClassifier model)
    {
        ArgumentNullException.ThrowIfNull(model);
        FingerprintSearch.RequireShape(model, Inputs.Width, ClassCount, "model");
        return AgreementOf(FingerprintSearch.LabelsOf(model, Inputs.Values.Span), _labels, _groups);
    }

    /// <summary>The statistic: the mean log-likelihood ratio of a model's labels, natural logarithms; above 0 they are likelier of a copy.</summary>
    /// <param name="model">Asked once for all inputs; only its leading labels count.</param>
    /// <exception cref="ArgumentException">Of another shape than the target.</exception>
    public double Measure(IClassifier model)
    {
        ArgumentNullException.ThrowIfNull(model);
        FingerprintSearch.RequireShape(model, Inputs.Width, ClassCount, "model");
        return MeasureLabels(FingerprintSearch.LabelsOf(model, Inputs.Values.Span));
    }

    /// <summary>As <see cref="Measure"/>, for labels that a model gave; -1, no class of the target, counts as the label that is least like a copy's.</summary>
    /// <remarks>An independent model is below 0. Counted as 0, what is no answer, or a class that a given map leaves out, would look more like a copy than any of its answers.</remarks>
    internal double MeasureLabels(ReadOnlySpan<int> labels)
    {
        double sum = 0;
        for (int i = 0; i < labels.Length; i++)
        {
            ReadOnlySpan<float> ratios = _ratios.AsSpan(i * ClassCount, ClassCount);
            sum += labels[i] < 0 ? TensorPrimitives.Min(ratios) : ratios[labels[i]];
        }

        return sum / labels.Length;
    }

    /// <summary>Tests a suspect against independent control models.</summary>
    /// <param name="suspect">Only its leading labels count.</param>
    /// <param name="controls">At least 5 independent models that the fingerprint was not made with; 19 for a p-value of .05, 99 for .01.</param>
    /// <returns>The p-value is (1 + controls whose statistic is as large) / (1 + controls): valid if the suspect, were it independent, could as well be one of the controls. The note
    /// has a second one, of Student's t, which is only as good as its assumption that controls are normally distributed. The interval is that of the t.</returns>
    /// <exception cref="ArgumentException">Too few controls, or one that the fingerprint was made with.</exception>
    public OwnershipTestResult Test(IClassifier suspect, IReadOnlyList<IClassifier> controls)
    {
        ArgumentNullException.ThrowIfNull(suspect);
        ArgumentNullException.ThrowIfNull(controls);
        if (controls.Any(control => _used.Contains(control)))
        {
            throw new ArgumentException("A control is one of the models that the fingerprint was made with: its inputs were chosen so that this one disagrees. Train others.", nameof(controls));
        }

        return Compare(Measure(suspect), [.. controls.Select(Measure)]);
    }

    /// <summary>As <see cref="Test"/>, for statistics that are known.</summary>
    /// <param name="statistic">The suspect's <see cref="Measure"/>.</param>
    /// <param name="controls">At least 5 controls'.</param>
    public OwnershipTestResult Compare(double statistic, IReadOnlyList<double> controls)
    {
        ArgumentNullException.ThrowIfNull(controls);
        const int Fewest = 5;
        if (controls.Count < Fewest)
        {
            throw new ArgumentException($"There are {controls.Count} controls; at least {Fewest} are needed, and 19 for a p-value of .05.", nameof(controls));
        }

        int count = controls.Count;
        (double mean, double spread) = Predict(controls, Inputs.Count);
        double reach = StudentT.InvCDF(0, 1, count - 1, 0.975) * spread;
        double parametric = StudentP(statistic, controls, Inputs.Count);
        double[] others = new double[count];
        for (int i = 0; i < count; i++)
        {
            others[i] = RankP(controls[i], controls, leaveOut: i);
        }

        return new OwnershipTestResult(
            "fingerprint", Inputs.Count, Inputs.Count, statistic, mean, statistic - mean, statistic - mean - reach, statistic - mean + reach, "mean log-likelihood ratio",
            RankP(statistic, controls, leaveOut: -1), PValueMethod.Controls, RandomKeys: 0, RandomKeyShare: double.NaN, others,
            string.Create(CultureInfo.InvariantCulture,
                $"{count} controls cannot give a p-value below {1.0 / (1 + count):G2}. If controls are normally distributed, which is not known, p is {parametric:G2} (Student's t, {count - 1} degrees of freedom)."));
    }

    /// <summary>The chance that one more independent model reaches a statistic, if controls are normally distributed; unlike a rank it may be of any size.</summary>
    internal static double StudentP(double statistic, IReadOnlyList<double> controls, int inputs)
    {
        (double mean, double spread) = Predict(controls, inputs);
        return StudentT.CDF(0, 1, controls.Count - 1, (mean - statistic) / spread);
    }

    /// <summary>The mean of controls, and what one more differs from it by; a tie of all controls still leaves one input's worth.</summary>
    private static (double Mean, double Spread) Predict(IReadOnlyList<double> controls, int inputs)
    {
        double mean = controls.Average();
        double deviation = Math.Sqrt(controls.Sum(control => (control - mean) * (control - mean)) / (controls.Count - 1));
        return (mean, Math.Max(deviation, 1.0 / inputs) * Math.Sqrt(1 + (1.0 / controls.Count)));
    }

    private static double[] AgreementOf(ReadOnlySpan<int> answers, ReadOnlySpan<int> labels, ReadOnlySpan<FingerprintGroup> groups)
    {
        Span<int> matches = stackalloc int[GroupCount];
        Span<int> counts = stackalloc int[GroupCount];
        for (int i = 0; i < labels.Length; i++)
        {
            counts[(int)groups[i]]++;
            matches[(int)groups[i]] += answers[i] == labels[i] ? 1 : 0;
        }

        double[] agreement = new double[GroupCount];
        for (int group = 0; group < GroupCount; group++)
        {
            agreement[group] = counts[group] == 0 ? 0 : (double)matches[group] / counts[group];
        }

        return agreement;
    }

    private static double RankP(double statistic, IReadOnlyList<double> controls, int leaveOut)
    {
        int asLarge = 0;
        for (int i = 0; i < controls.Count; i++)
        {
            asLarge += i != leaveOut && controls[i] >= statistic ? 1 : 0;
        }

        return (1.0 + asLarge) / (1 + controls.Count - (leaveOut < 0 ? 0 : 1));
    }
}

using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>Every step that can harden a row, each alone: to compare them, or to build a release by hand.</summary>
/// <remarks>
/// <para>A <see cref="Shield"/> does this for you, with defaults that were measured. What measurement says (docs/efficacy.md; classifiers
/// with 10, 26 and 104 classes): no step that keeps the label costs a thief who adapts to it more than <see cref="LabelOnly"/>
/// does, 1.2 to 1.9 points of agreement or 1.3 to 1.9 times the queries at 5,000. <see cref="Round"/> to 2 decimals closes the rank
/// leak of full-precision scores and costs honest users some of the order among the surest answers. The perturbations here are useless or harmful by
/// themselves, as each one's documentation says, and are off in every default.</para>
/// <para>Shapes, where nothing else is said: one row of K probabilities, K at least 1, finite, at least 0 and with a sum of 1. What half precision does
/// to them is taken, a sum within 0.01 of 1 and values down to -0.001, and put right. For logits take the softmax first,
/// less the largest. A batch is released row by row. Steps on independent scores, real values, embeddings and token logits say
/// what they take and keep themselves.</para>
/// <para>Promises of steps on probabilities: what is released is finite, at least 0 and sums to 1 within 1e-6 (exactly, in grid steps, where it is
/// rounded); the first of the largest stays the first of the largest; an answer is a function of the row and the arguments,
/// the same on every call, thread and vector width. In place it is what it would be elsewhere.</para>
/// <para>Thread-safe. Allocates nothing, once a thread has seen its widest row; steps on other kinds, while their numbers (decimals,
/// thresholds, budget, k) stay those of the thread's call before. Cost is O(K) where nothing else is said.</para>
/// <para>Errors: an <see cref="ArgumentException"/> names the argument and what is allowed, and leaves the spans as they
/// were. An <see cref="InvalidModelOutputException"/> names the class that cannot be released; all of the released span is
/// zeroed then.</para>
/// </remarks>
public static partial class HardeningSteps
{
    private const int MostDigits = 5;

    /// <summary>Rounds to decimals, on a grid on which the answer sums to exactly 1 and has one strict maximum.</summary>
    /// <param name="probabilities">The clean row.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <param name="decimals">1 to 5. The default, 2, costs honest users .003 to .004 of AUROC; 1 costs .04 to .06. More than 5
    /// would leak the rank of the model's last layer.</param>
    /// <remarks>Largest remainder (Hamilton's method), equals by lower index; who draws level with the leader gives it a step.
    /// Rounding again changes nothing. O(K + m log m), m being the steps that rounding down leaves over.</remarks>
    /// <exception cref="ArgumentException">Spans that do not fit, or decimals out of range.</exception>
    /// <exception cref="InvalidModelOutputException">The row cannot be released.</exception>
    public static void Round(ReadOnlySpan<float> probabilities, Span<float> released, int decimals = 2)
    {
        StepRow.RequireRange(decimals, 1, MostDigits, nameof(decimals));
        StepRow row = StepRow.Take(probabilities, released);
        int units = Units(decimals);
        HardeningScratch scratch = HardeningScratch.ForThisThread;
        GridRounding.Apply(
            row.Distribution, row.Top, units, scratch.Second(row.Classes), scratch.Indices(Math.Min(row.Classes, units)));
        row.ReleaseSteps(units);
    }

    /// <summary>Rounds to significant digits, so that the answer sums to exactly 1 and has one strict maximum.</summary>
    /// <param name="probabilities">The clean row.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <param name="digits">1 to 5; the default is 2.</param>
    /// <remarks>On the grid of five decimals at the finest, since more leak the rank of the model's last layer. The leading class is 1 less
    /// the others: it may show more digits than asked for, tells nothing that they do not, and moves by one step of its own last
    /// digit, more only to stay ahead of a near-tie. Small classes keep more decimals than <see cref="Round"/> leaves them, which serves rankings and
    /// thieves alike. Rounding again changes nothing. Cost as for <see cref="Round"/>. Its effect on thieves was not
    /// measured.</remarks>
    /// <exception cref="ArgumentException">Spans that do not fit, or digits out of range.</exception>
    /// <exception cref="InvalidModelOutputException">The row cannot be released.</exception>
    public static void RoundToSignificantDigits(ReadOnlySpan<float> probabilities, Span<float> released, int digits = 2)
    {
        StepRow.RequireRange(digits, 1, MostDigits, nameof(digits));
        StepRow row = StepRow.Take(probabilities, released);
        HardeningScratch scratch = HardeningScratch.ForThisThread;
        SignificantRounding.Apply(
            row.Distribution,
            row.Top,
            digits,
            scratch.Second(row.Classes),
            scratch.Indices(Math.Min(row.Classes, ReleaseGrid.Units)));
        row.ReleaseSteps(ReleaseGrid.Units);
    }

    /// <summary>Releases 1 for the leading class and 0 for the others.</summary>
    /// <param name="probabilities">The clean row.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <remarks>The strongest step that keeps the label, and what bounds all others: it costs a thief 1.2 to 1.9 points of
    /// agreement at 5,000 queries, or 1.3 to 1.9 times the queries (docs/efficacy.md). Honest users lose the score altogether.</remarks>
    /// <exception cref="ArgumentException">Spans that do not fit.</exception>
    /// <exception cref="InvalidModelOutputException">The row cannot be released.</exception>
    public static void LabelOnly(ReadOnlySpan<float> probabilities, Span<float> released) =>
        StepRow.Take(probabilities, released).ReleaseLabel();

    /// <summary>Releases the k largest classes only, equals by lower index.</summary>
    /// <param name="probabilities">The clean row.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <param name="k">1 to K.</param>
    /// <param name="remainder">What the other classes get; the default is 0.</param>
    /// <remarks>The top 3 cost a thief nothing at 10 and 26 classes; more classes were not measured. What is kept is kept at
    /// full precision: round afterwards. O(K + k log k) on typical rows.</remarks>
    /// <exception cref="ArgumentException">Spans that do not fit, or k out of range.</exception>
    /// <exception cref="InvalidModelOutputException">The row cannot be released.</exception>
    public static void TopK(ReadOnlySpan<float> probabilities, Span<float> released, int k, TopKRemainder remainder = TopKRemainder.Zero)
    {
        StepRow.RequireRange(k, 1, Math.Max(1, probabilities.Length), nameof(k));
        if (!Enum.IsDefined(remainder))
        {
            throw new ArgumentOutOfRangeException(nameof(remainder), remainder, "'remainder' has to be Zero or Shared.");
        }

        StepRow row = StepRow.Take(probabilities, released);
        HardeningScratch scratch = HardeningScratch.ForThisThread;
        TopKRelease.Apply(row.Distribution, row.Top, remainder, scratch.Indices(k), scratch.Second(row.Classes));
        row.Release();
    }

    /// <summary>Releases classes below a cutoff as 0 and scales the others to a sum of 1; the leading class always stays.</summary>
    /// <param name="probabilities">The clean row.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <param name="cutoff">0 to 1; the default is 0.25. Above 0.5 only the leading class is left: label-only.</param>
    /// <remarks>The high-confidence filter of other libraries, which release the zero vector if no class reaches the cutoff and
    /// no sum of 1 if some do not. Not measured; what is kept is at full precision and its ratios are exact: round
    /// afterwards.</remarks>
    /// <exception cref="ArgumentException">Spans that do not fit, or a cutoff out of range.</exception>
    /// <exception cref="InvalidModelOutputException">The row cannot be released.</exception>
    public static void HighConfidence(ReadOnlySpan<float> probabilities, Span<float> released, double cutoff = 0.25)
    {
        StepRow.RequireRange(cutoff, 0, 1, nameof(cutoff));
        StepRow row = StepRow.Take(probabilities, released);
        ConfidenceLimit.DropBelow(row.Distribution, row.Top, cutoff);
        row.Release();
    }

    /// <summary>Releases a confidence above a cap as the cap; the other classes share what that frees in their proportions.</summary>
    /// <param name="probabilities">The clean row.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <param name="cap">0.5 to 1. An application's threshold above the cap is never reached again.</param>
    /// <remarks>The other classes keep their exact ratios, which tells the rank of the model's last layer: round afterwards.
    /// Where they are all 0 they share evenly. Not measured; confident answers, which are most, lose their
    /// calibration.</remarks>
    /// <exception cref="ArgumentException">Spans that do not fit, or a cap out of range.</exception>
    /// <exception cref="InvalidModelOutputException">The row cannot be released.</exception>
    public static void ConfidenceCap(ReadOnlySpan<float> probabilities, Span<float> released, double cap)
    {
        StepRow.RequireRange(cap, 0.5, 1, nameof(cap));
        StepRow row = StepRow.Take(probabilities, released);
        ConfidenceLimit.Cap(row.Distribution, row.Top, cap);
        row.Release();
    }

    /// <summary>Divides the logits behind the probabilities by a temperature. Does not protect: above 1 it helps the thief.</summary>
    /// <param name="probabilities">The clean row.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <param name="temperature">0.05 to 100; 1 changes nothing.</param>
    /// <remarks>Measured at 2: agreement of the thief's copy rises from 86.9 to 88.8 % (26 classes, 2,000 queries), for soft answers
    /// teach more. At 5 the honest users' calibration error is .33 to .37. Who knows the temperature takes it off again, and
    /// the rank shows through whatever it is.</remarks>
    /// <exception cref="ArgumentException">Spans that do not fit, or a temperature out of range.</exception>
    /// <exception cref="InvalidModelOutputException">The row cannot be released.</exception>
    public static void Temperature(ReadOnlySpan<float> probabilities, Span<float> released, double temperature)
    {
        StepRow.RequireRange(temperature, 0.05, 100, nameof(temperature));
        StepRow row = StepRow.Take(probabilities, released);
        TemperatureScaling.Apply(row.Distribution, row.Top, 1 / temperature);
        row.Release();
    }

    /// <summary>Reverse sigmoid (Lee et al. 2018), capped so that the label never moves. Useless or harmful, for comparison only.</summary>
    /// <param name="probabilities">The clean row.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <param name="beta">0 to 1; the default is 0.008, as published evaluations use.</param>
    /// <param name="gamma">0 to 10; the default is 0.2. 1 with a beta of 1 makes the answer uniform but for the label.</param>
    /// <remarks>
    /// <para>p becomes p - beta (s(gamma logit p) - 1/2), with p held within 1e-9 of 0 and 1; below 0 is 0; then the sum is made
    /// 1. The published form moves labels (beta 1, gamma .2: 3 % of random rows of 10 classes, 29 to 60 % of 100). This one
    /// goes only as far from the clean answer as the leading class stays in front; near-ties hardly change.</para>
    /// <para>Measured: at a beta of .008 it costs a thief nothing. At 1 honest users see inverted confidence (AUROC .39 and
    /// .35) and a thief who takes the label loses what <see cref="LabelOnly"/> costs him. There is no key: who knows beta and
    /// gamma takes it off again but for the least scores.</para>
    /// </remarks>
    /// <exception cref="ArgumentException">Spans that do not fit, or numbers out of range.</exception>
    /// <exception cref="InvalidModelOutputException">The row cannot be released.</exception>
    public static void ReverseSigmoid(
        ReadOnlySpan<float> probabilities,
        Span<float> released,
        double beta = ReverseSigmoidOptions.DefaultBeta,
        double gamma = ReverseSigmoidOptions.DefaultGamma)
    {
        StepRow.RequireRange(beta, 0, ReverseSigmoidOptions.LargestBeta, nameof(beta));
        StepRow.RequireRange(gamma, 0, ReverseSigmoidOptions.LargestGamma, nameof(gamma));
        StepRow row = StepRow.Take(probabilities, released);
        ReverseSigmoidPerturbation.Apply(row.Distribution, row.Top, beta, gamma, HardeningScratch.ForThisThread.Second(row.Classes));
        row.Release();
    }

    /// <summary>Adaptive misinformation (Kariyappa and Qureshi 2020) with a keyed decoy: draws unconfident answers towards the
    /// same scores dealt out to other classes, as far as the label stays.</summary>
    /// <param name="probabilities">The clean row.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <param name="key">16 secret random bytes, the same on every replica; derived for this purpose and model alone.</param>
    /// <param name="tau">0 to 1; the default is 0.25. The confidence at which half of the decoy comes in.</param>
    /// <param name="nu">0 to 1,000,000; the default is 1000. How sharply.</param>
    /// <remarks>
    /// <para>The share of the decoy is a = 1 / (1 + exp(nu (confidence - tau))). The permutation is a function of key and label in
    /// which no class keeps its own score: the same answer on every repeat, for every caller.</para>
    /// <para>What keeping the label costs the method: nearly all of it. Its published effect, copies up to 40 points worse, is
    /// from wrong labels for inputs far from the training data. Here a thief who takes the label gets what
    /// <see cref="LabelOnly"/> gives. Also without that, it tells which answers the model is unsure of, and queries near the
    /// training data pass it by. Honest users lose the scores of just those answers that need looking at. An answer that was
    /// drawn as far as the label allows shows two classes level, which tells that it was; and one answer whose clean scores
    /// are known gives its label's permutation away (both are tests). Its worth was not measured; off in every default.</para>
    /// <para>One keyed hash for every two classes, whatever the share.</para>
    /// </remarks>
    /// <exception cref="ArgumentException">Spans that do not fit, a key of another length, or numbers out of range.</exception>
    /// <exception cref="InvalidModelOutputException">The row cannot be released.</exception>
    public static void AdaptiveMisinformation(
        ReadOnlySpan<float> probabilities,
        Span<float> released,
        ReadOnlySpan<byte> key,
        double tau = AdaptiveMisinformationOptions.DefaultTau,
        double nu = AdaptiveMisinformationOptions.DefaultNu)
    {
        SipHashKey decoyKey = RequireKey(key);
        RequireMisinformation(tau, nu);
        StepRow row = StepRow.Take(probabilities, released);
        Span<double> decoy = HardeningScratch.ForThisThread.Second(row.Classes);
        MisinformationPerturbation.FillDecoy(decoy, row.Distribution, row.Top, decoyKey);
        MisinformationPerturbation.Apply(row.Distribution, row.Top, tau, nu, decoy);
        row.Release();
    }

    /// <summary>Adaptive misinformation (Kariyappa and Qureshi 2020) with a decoy of your own, such as the answer of a second
    /// model that was trained to be wrong.</summary>
    /// <param name="probabilities">The clean row.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <param name="decoy">As long; a distribution as the row is; not overlapping <paramref name="released"/>. For answers that are
    /// the same on every repeat it has to be a function of the query and no draw.</param>
    /// <param name="tau">0 to 1; the default is 0.25. The confidence at which half of the decoy comes in.</param>
    /// <param name="nu">0 to 1,000,000; the default is 1000. How sharply.</param>
    /// <remarks>As with a keyed decoy the answer is drawn only as far as the label stays, which leaves the method no more worth
    /// than <see cref="LabelOnly"/> against a thief who takes the label. Off in every default.</remarks>
    /// <exception cref="ArgumentException">Spans that do not fit, or numbers out of range.</exception>
    /// <exception cref="InvalidModelOutputException">The row cannot be released, or the decoy is no distribution.</exception>
    public static void AdaptiveMisinformation(
        ReadOnlySpan<float> probabilities,
        Span<float> released,
        ReadOnlySpan<float> decoy,
        double tau = AdaptiveMisinformationOptions.DefaultTau,
        double nu = AdaptiveMisinformationOptions.DefaultNu)
    {
        RequireMisinformation(tau, nu);
        if (decoy.Length != probabilities.Length || decoy.Overlaps(released))
        {
            throw new ArgumentException(
                $"The decoy has {decoy.Length} numbers for a row of {probabilities.Length} classes; it has to have as many, apart from what is released.",
                nameof(decoy));
        }

        StepRow row = StepRow.Take(probabilities, released);
        Span<double> target = HardeningScratch.ForThisThread.Second(row.Classes);
        row.TakeDecoy(decoy, target);
        MisinformationPerturbation.Apply(row.Distribution, row.Top, tau, nu, target);
        row.Release();
    }

    /// <summary>The answer of least information within an L1 budget (ModelGuard-W, Tang et al. 2024), exactly. Round it afterwards.</summary>
    /// <param name="probabilities">The clean row.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <param name="budget">0 to 2: how far the answer may be from the clean one in L1. Above 0.2 is not advised.</param>
    /// <remarks>
    /// <para>Minimises the sum of ln(y + 1e-6) a over all distributions a within the budget that keep the label by 1e-4, or by
    /// as much as there is room for.</para>
    /// <para>Off by default, as measured: a thief who trains on the scores as they are loses much (91 to 56 % at a budget of 1); one
    /// who takes the label loses no more than <see cref="LabelOnly"/> costs him. At .2 it moves 77 to 88 % of answers across
    /// a threshold of .9. All but a few classes keep their exact ratios, and dropping those few shows the rank of the model's
    /// last layer: it has to be rounded afterwards, as by <see cref="Round"/>. It destroys cosine watermarks.</para>
    /// <para>O(K); O(K log K) where the answer changes many classes.</para>
    /// </remarks>
    /// <exception cref="ArgumentException">Spans that do not fit, or a budget out of range.</exception>
    /// <exception cref="InvalidModelOutputException">The row cannot be released.</exception>
    public static void LeastInformation(ReadOnlySpan<float> probabilities, Span<float> released, double budget)
    {
        StepRow.RequireRange(budget, 0, 2, nameof(budget));
        StepRow row = StepRow.Take(probabilities, released);
        HardeningScratch scratch = HardeningScratch.ForThisThread;
        LeastInformationScratch search = new(scratch.Second(row.Classes), scratch.Third(row.Classes), scratch.Indices(row.Classes));
        InferenceShield.LeastInformation.Apply(row.Distribution, row.Top, budget, row.Distribution, search);
        row.Release();
    }

    /// <summary>Adds noise that is a function of key and answer, never a draw, within an L1 budget.</summary>
    /// <param name="probabilities">The clean row.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <param name="budget">0 to 1.9: how far the answer may be from the clean one in L1.</param>
    /// <param name="key">Prepared once.</param>
    /// <param name="kind">How the noise is shared among the classes.</param>
    /// <remarks>The noise belongs to the label and the probabilities to one decimal, so repeats and most
    /// near-repeats get the same: averaging them gains nothing. Measured: it costs a thief nothing at budgets up to .2, moves 77 to 88 %
    /// of answers across a threshold of .9, and who knows one clean answer of a cell knows the cell's noise. Use it as a mark,
    /// and round afterwards.</remarks>
    /// <exception cref="ArgumentException">Spans that do not fit, or a budget out of range.</exception>
    /// <exception cref="InvalidModelOutputException">The row cannot be released.</exception>
    public static void KeyedNoise(
        ReadOnlySpan<float> probabilities, Span<float> released, double budget, NoiseKey key, NoiseKind kind = NoiseKind.Uniform)
    {
        RequireNoise(budget, key, kind);
        StepRow row = StepRow.Take(probabilities, released);
        AddNoise(row, budget, key, kind, key.HashOutput(row.Distribution, row.Top));
    }

    /// <summary>As above, for noise that belongs to the region of input space.</summary>
    /// <param name="probabilities">The clean row.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <param name="budget">0 to 1.9.</param>
    /// <param name="key">Prepared once.</param>
    /// <param name="kind">How the noise is shared among the classes.</param>
    /// <param name="input">Where the row's input lies: a prefix of few bits is stable under small changes.</param>
    /// <exception cref="ArgumentException">Spans that do not fit, or a budget out of range.</exception>
    /// <exception cref="InvalidModelOutputException">The row cannot be released.</exception>
    public static void KeyedNoise(
        ReadOnlySpan<float> probabilities, Span<float> released, double budget, NoiseKey key, NoiseKind kind, InputCell input)
    {
        RequireNoise(budget, key, kind);
        AddNoise(StepRow.Take(probabilities, released), budget, key, kind, key.HashInput(NoiseCell.Input, new Hash128(input.Bits, 0)));
    }

    /// <summary>As above, for noise that belongs to the exact input: near-duplicates average it
    /// away.</summary>
    /// <param name="probabilities">The clean row.</param>
    /// <param name="released">As long: the same span, or one that does not overlap it.</param>
    /// <param name="budget">0 to 1.9.</param>
    /// <param name="key">Prepared once.</param>
    /// <param name="kind">How the noise is shared among the classes.</param>
    /// <param name="input">The digest of the row's input.</param>
    /// <exception cref="ArgumentException">Spans that do not fit, or a budget out of range.</exception>
    /// <exception cref="InvalidModelOutputException">The row cannot be released.</exception>
    public static void KeyedNoise(
        ReadOnlySpan<float> probabilities, Span<float> released, double budget, NoiseKey key, NoiseKind kind, InputDigest input)
    {
        RequireNoise(budget, key, kind);
        AddNoise(StepRow.Take(probabilities, released), budget, key, kind, key.HashInput(NoiseCell.ExactInput, new Hash128(input.Low, input.High)));
    }

    private static void AddNoise(StepRow row, double budget, NoiseKey key, NoiseKind kind, Hash128 cell)
    {
        InferenceShield.KeyedNoise.Apply(
            row.Distribution, row.Top, budget, kind, key, cell, HardeningScratch.ForThisThread.Second(row.Classes));
        row.Release();
    }

    private static void RequireNoise(double budget, NoiseKey key, NoiseKind kind)
    {
        StepRow.RequireRange(budget, 0, 1.9, nameof(budget));
        ArgumentNullException.ThrowIfNull(key);
        if (!Enum.IsDefined(kind))
        {
            throw new ArgumentOutOfRangeException(nameof(kind), kind, "Allowed: Uniform, Laplace or Gaussian.");
        }
    }

    private static SipHashKey RequireKey(ReadOnlySpan<byte> key) => key.Length == SipHashKey.Size
        ? new SipHashKey(key)
        : throw new ArgumentException($"The key has {key.Length} bytes; it needs {SipHashKey.Size}. Derive them from a secret with HKDF.", nameof(key));

    private static void RequireMisinformation(double tau, double nu)
    {
        StepRow.RequireRange(tau, 0, 1, nameof(tau));
        StepRow.RequireRange(nu, 0, AdaptiveMisinformationOptions.LargestNu, nameof(nu));
    }

    private static int Units(int decimals)
    {
        int units = 1;
        for (int i = 0; i < decimals; i++)
        {
            units *= 10;
        }

        return units;
    }
}

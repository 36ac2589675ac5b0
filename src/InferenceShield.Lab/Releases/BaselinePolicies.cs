using System.Globalization;
using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Published ways to release answers, to compare others with: the postprocessors of the Adversarial Robustness Toolbox and
/// temperature, written from their formulas with their defects.</summary>
/// <remarks>None of them keeps the promises of a shield, and none is recommended. Releases are thread-safe, work row by row and look
/// at no input; only <see cref="GaussianNoise"/> depends on the key. Clean answers are probabilities of at least two classes.</remarks>
public static class BaselinePolicies
{
    /// <summary>Reverse sigmoid (Lee, Edwards, Molloy and Su, 2018), as the toolbox has it: p - beta (sigmoid(gamma logit p) - 1/2),
    /// clipped to 0..1, divided by the sum.</summary>
    /// <remarks>May change the label; public and without a key, so a table inverts it. With beta and gamma 1 every answer is uniform.</remarks>
    /// <param name="beta">How strong, above 0. The toolbox's default is 1.</param>
    /// <param name="gamma">How steep, above 0. The toolbox's default is .1.</param>
    public static ReleasePolicy ReverseSigmoid(double beta = 1, double gamma = 0.1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(beta);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(gamma);
        return OfRows(Name($"reverse sigmoid {beta}/{gamma}"), (clean, released) =>
        {
            for (int i = 0; i < clean.Length; i++)
            {
                double p = Math.Clamp(clean[i], 1e-9, 1 - 1e-9);
                double sigmoid = 1 / (1 + Math.Pow((1 - p) / p, gamma));
                released[i] = (float)Math.Clamp(p - (beta * (sigmoid - 0.5)), 0, 1);
            }

            Normalize(released);
        });
    }

    /// <summary>Normal noise drawn afresh for every answer, clipped at 0 and divided by the sum.</summary>
    /// <remarks>May change the label. Repeats differ, so their mean tells the clean answer but for a fixed bias of the clipping; a run is
    /// reproducible, as draws follow from the key and the number of answers given before. Where everything is clipped the toolbox
    /// divides by 0; here the answer stays 0.</remarks>
    /// <param name="scale">Standard deviation, above 0. The toolbox's default is .2.</param>
    public static ReleasePolicy GaussianNoise(double scale = 0.2)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(scale);
        return new(Name($"Gaussian noise {scale}"), key => new GaussianNoiseRelease(key, scale));
    }

    /// <summary>Probabilities below a cutoff become 0.</summary>
    /// <remarks>Answers do not sum to 1 and may be 0 in every class.</remarks>
    /// <param name="cutoff">Above 0, at most 1. The toolbox's default is .25.</param>
    public static ReleasePolicy HighConfidence(double cutoff = 0.25)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(cutoff);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cutoff, 1);
        float least = (float)cutoff;
        return OfRows(Name($"high confidence {cutoff}"), (clean, released) =>
        {
            for (int i = 0; i < clean.Length; i++)
            {
                released[i] = clean[i] < least ? 0 : clean[i];
            }
        });
    }

    /// <summary>Every probability rounded by itself, halves to even.</summary>
    /// <remarks>Answers need not sum to 1, and two classes may come to share the maximum.</remarks>
    /// <param name="decimals">0 to 7. The toolbox's default is 3.</param>
    public static ReleasePolicy Rounded(int decimals = 3)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(decimals);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(decimals, 7);
        return OfRows(Name($"rounded {decimals}"), (clean, released) =>
        {
            for (int i = 0; i < clean.Length; i++)
            {
                released[i] = (float)Math.Round((double)clean[i], decimals, MidpointRounding.ToEven);
            }
        });
    }

    /// <summary>1 for the label, 0 for the others.</summary>
    /// <remarks>The toolbox gives every row of a batch the labels of all of them; that error is not repeated here.</remarks>
    public static ReleasePolicy ClassLabels() => OfRows("class labels", static (clean, released) =>
    {
        int label = TensorPrimitives.IndexOfMax(clean);
        released.Clear();
        released[label] = 1;
    });

    /// <summary>Probabilities to the power of 1 / temperature, divided by their sum: the softmax of logits divided by the temperature.</summary>
    /// <remarks>Keeps the order of classes. Above 1 it teaches a thief more, not less; who knows the temperature takes it off.</remarks>
    /// <param name="temperature">Above 0.</param>
    public static ReleasePolicy Temperature(double temperature)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(temperature);
        return OfRows(Name($"temperature {temperature}"), (clean, released) =>
        {
            // Relative to the largest, which becomes 1: no power overflows, and the sum is at least 1.
            double largest = TensorPrimitives.Max(clean);
            for (int i = 0; i < clean.Length; i++)
            {
                released[i] = (float)Math.Pow(clean[i] / largest, 1 / temperature);
            }

            Normalize(released);
        });
    }

    private static void Normalize(Span<float> answer)
    {
        float sum = TensorPrimitives.Sum<float>(answer);
        if (sum > 0)
        {
            TensorPrimitives.Divide(answer, sum, answer);
        }
    }

    private static string Name(FormattableString name) => name.ToString(CultureInfo.InvariantCulture);

    private static ReleasePolicy OfRows(string name, RowRelease.Row row)
    {
        RowRelease release = new(row);
        return new(name, _ => release);
    }
}

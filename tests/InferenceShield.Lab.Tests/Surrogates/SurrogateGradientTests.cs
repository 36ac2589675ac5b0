namespace InferenceShield.Lab.Tests;

public sealed class SurrogateGradientTests
{
    [Fact]
    public void The_input_gradient_is_the_slope_of_the_cross_entropy()
    {
        // A linear copy has no kinks, and with two hidden layers small steps seldom cross one: central differences are the oracle.
        foreach (SurrogateOptions options in new[] { new SurrogateOptions { Kind = SurrogateKind.Linear, Steps = 50 }, new SurrogateOptions { Hidden = [16, 8], Steps = 50 } })
        {
            SeededRandom random = new(3, 0);
            float[] inputs = new float[70 * 5];
            float[] targets = new float[70 * 3];
            for (int i = 0; i < inputs.Length; i++)
            {
                inputs[i] = 4 + (3 * (float)random.NextGaussian());
            }

            for (int row = 0; row < 70; row++)
            {
                targets[row * 3] = inputs[row * 5] > 4 ? 1 : 0.25f;
                targets[(row * 3) + 2] = 1 - targets[row * 3];
            }

            Surrogate copy = SurrogateTrainer.Train(inputs, targets, 5, 3, options, 1, 1, default);
            float[] gradient = new float[inputs.Length];
            copy.GetInputGradient(inputs, targets, gradient);
            double largest = gradient.Max(Math.Abs);
            int wrong = 0;
            for (int i = 0; i < inputs.Length; i++)
            {
                float before = inputs[i];
                inputs[i] = before + 0.01f;
                double above = GetLoss(copy, inputs, targets, i / 5);
                inputs[i] = before - 0.01f;
                double below = GetLoss(copy, inputs, targets, i / 5);
                inputs[i] = before;
                wrong += Math.Abs(((above - below) / 0.02) - gradient[i]) > 0.02 * largest ? 1 : 0;
            }

            Assert.True(largest > 1e-3);
            Assert.InRange(wrong, 0, inputs.Length / 50);
        }
    }

    private static double GetLoss(Surrogate copy, float[] inputs, float[] targets, int row)
    {
        float[] probabilities = new float[3];
        copy.Classify(inputs.AsSpan(row * 5, 5), probabilities);
        return -Enumerable.Range(0, 3).Sum(i => targets[(row * 3) + i] * Math.Log(probabilities[i]));
    }
}

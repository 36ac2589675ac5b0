using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>The gradient bandit of adaptive Knockoff Nets: preferences for actions that follow the rewards, and the rewards themselves.</summary>
internal sealed class KnockoffBandit(int actions, int classes, KnockoffReward kind)
{
    // Means forget beyond this many answers: the rewards change while the copy learns.
    private const int Window = 128;

    private readonly double[] _preferences = new double[actions];
    private readonly int[] _rewarded = new int[actions];
    private readonly double[] _meanAnswer = new double[classes];
    private double _baseline;
    private double _largestLoss = double.Epsilon;
    private int _answers;

    /// <summary>Draws one of the open actions; there is one at least.</summary>
    public int Draw(ReadOnlySpan<bool> isOpen, ref SeededRandom random)
    {
        double[] probabilities = GetProbabilities(isOpen);
        double mark = random.NextShare();
        int last = 0;
        for (int action = 0; action < probabilities.Length; action++)
        {
            if (isOpen[action])
            {
                last = action;
                if ((mark -= probabilities[action]) < 0)
                {
                    break;
                }
            }
        }

        return last;
    }

    /// <summary>Learns from the answer to a row of an action; the copy's answer is empty where there is no copy.</summary>
    public void Learn(int action, ReadOnlySpan<bool> isOpen, ReadOnlySpan<float> answer, ReadOnlySpan<float> copied)
    {
        _answers++;
        double weight = 1.0 / Math.Min(_answers, Window);
        double reward = GetReward(answer, copied, weight);
        _baseline += weight * (reward - _baseline);

        // H(a) += (r - mean)(1 - p(a)) / n(a), H(b) -= (r - mean) p(b) / n(a)
        double gain = (reward - _baseline) / ++_rewarded[action];
        double[] probabilities = GetProbabilities(isOpen);
        for (int other = 0; other < _preferences.Length; other++)
        {
            _preferences[other] += gain * ((other == action ? 1 : 0) - probabilities[other]);
        }
    }

    private double[] GetProbabilities(ReadOnlySpan<bool> isOpen)
    {
        double[] probabilities = new double[_preferences.Length];
        double largest = double.NegativeInfinity;
        for (int action = 0; action < probabilities.Length; action++)
        {
            largest = isOpen[action] ? Math.Max(largest, _preferences[action]) : largest;
        }

        double sum = 0;
        for (int action = 0; action < probabilities.Length; action++)
        {
            probabilities[action] = isOpen[action] ? Math.Exp(_preferences[action] - largest) : 0;
            sum += probabilities[action];
        }

        // Where all are exhausted nothing is drawn any more.
        TensorPrimitives.Multiply(probabilities, sum > 0 ? 1 / sum : 0, probabilities);
        return probabilities;
    }

    private double GetReward(ReadOnlySpan<float> answer, ReadOnlySpan<float> copied, double weight)
    {
        // All three lie in 0..1, the loss by the largest so far.
        double certainty = GetCertainty(answer);
        double diversity = 0;
        double loss = 0;
        for (int i = 0; i < answer.Length; i++)
        {
            _meanAnswer[i] += weight * (answer[i] - _meanAnswer[i]);
            diversity += Math.Max(0, answer[i] - _meanAnswer[i]);
            loss -= answer[i] * Math.Log(Math.Max(copied.IsEmpty ? 1.0 / answer.Length : copied[i], 1e-12));
        }

        _largestLoss = Math.Max(_largestLoss, loss);
        loss /= _largestLoss;
        return kind switch
        {
            KnockoffReward.Certainty => certainty,
            KnockoffReward.Diversity => diversity,
            KnockoffReward.Loss => loss,
            _ => (certainty + diversity + loss) / 3,
        };
    }

    private static double GetCertainty(ReadOnlySpan<float> answer)
    {
        float first = float.NegativeInfinity;
        float second = float.NegativeInfinity;
        foreach (float value in answer)
        {
            (first, second) = value > first ? (value, first) : (first, MathF.Max(second, value));
        }

        return answer.Length > 1 ? first - second : 0;
    }
}

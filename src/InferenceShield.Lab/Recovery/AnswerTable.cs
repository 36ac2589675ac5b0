using System.Numerics.Tensors;

namespace InferenceShield.Lab;

/// <summary>Released answers and the clean ones behind them, by label and confidence.</summary>
internal sealed class AnswerTable
{
    /// <summary>Within this L1 distance entries count as the same answer.</summary>
    public const float Radius = 0.01f;

    private readonly int _classes;
    private readonly float[] _clean;
    private readonly float[] _released;
    private readonly float[] _confidences;
    private readonly int[] _starts;

    public AnswerTable(ReadOnlySpan<float> clean, ReadOnlySpan<float> released, int classes)
    {
        int rows = clean.Length / classes;
        int[] order = new int[rows];
        (int Label, float Confidence)[] keys = new (int, float)[rows];
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> answer = released.Slice(row * classes, classes);
            order[row] = row;
            int label = TensorPrimitives.IndexOfMax(answer);
            keys[row] = (label, answer[label]);
        }

        Array.Sort(keys, order);
        _classes = classes;
        _clean = new float[clean.Length];
        _released = new float[clean.Length];
        _confidences = Array.ConvertAll(keys, static key => key.Confidence);
        _starts = new int[classes + 1];
        for (int i = 0; i < rows; i++)
        {
            clean.Slice(order[i] * classes, classes).CopyTo(_clean.AsSpan(i * classes));
            released.Slice(order[i] * classes, classes).CopyTo(_released.AsSpan(i * classes));
            _starts[keys[i].Label + 1] = i + 1;
        }

        for (int label = 1; label <= classes; label++)
        {
            _starts[label] = Math.Max(_starts[label], _starts[label - 1]);
        }
    }

    /// <summary>Writes the mean clean answer of the entries near an answer, else that of the nearest.</summary>
    public void Find(ReadOnlySpan<float> answer, Span<float> clean)
    {
        int label = TensorPrimitives.IndexOfMax(answer);
        int start = _starts[label];
        int end = _starts[label + 1];
        clean.Clear();
        if (start == end)
        {
            clean[label] = 1;
            return;
        }

        // Outwards from the same confidence on both sides: what lies further off in it alone than the best found needs no comparison.
        int above = Array.BinarySearch(_confidences, start, end - start, answer[label]);
        above = above < 0 ? ~above : above;
        int below = above - 1;
        int near = 0;
        int nearest = -1;
        float least = float.PositiveInfinity;
        Span<float> difference = _classes <= 1024 ? stackalloc float[_classes] : new float[_classes];
        while (true)
        {
            float gapAbove = above < end ? _confidences[above] - answer[label] : float.PositiveInfinity;
            float gapBelow = below >= start ? answer[label] - _confidences[below] : float.PositiveInfinity;
            float gap = Math.Min(gapAbove, gapBelow);
            if (gap > Math.Max(least, Radius) || gap == float.PositiveInfinity)
            {
                break;
            }

            int entry = gapAbove <= gapBelow ? above++ : below--;
            TensorPrimitives.Subtract(answer, _released.AsSpan(entry * _classes, _classes), difference);
            float distance = TensorPrimitives.SumOfMagnitudes<float>(difference);
            if (distance < least)
            {
                least = distance;
                nearest = entry;
            }

            if (distance <= Radius)
            {
                TensorPrimitives.Add(clean, _clean.AsSpan(entry * _classes, _classes), clean);
                near++;
            }
        }

        if (near > 0)
        {
            TensorPrimitives.Divide(clean, near, clean);
        }
        else
        {
            _clean.AsSpan(nearest * _classes, _classes).CopyTo(clean);
        }
    }
}

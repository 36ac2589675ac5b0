using System.Buffers.Binary;
using System.Numerics;

namespace InferenceShield.Tests;

/// <summary>The formulas of a detection profile, written down plainly in doubles: what <see cref="DetectionProfile.Measure"/> is held to.</summary>
internal sealed class SignalOracle
{
    private readonly SignalSample _sample;
    private readonly InputKind _kind;
    private readonly double[][] _probabilities;
    private readonly int[] _labels;
    private readonly double[][] _rows;
    private readonly double[][] _compared;
    private readonly double[][] _projected;
    private readonly double[] _featureMeans;
    private readonly double[] _featureSpreads;
    private readonly double[] _mean;
    private readonly int[] _coordinates;
    private readonly double[] _signs;
    private readonly double[] _longSigns;
    private readonly double[][] _logs;
    private readonly double[][] _sixteen;
    private readonly double _least;
    private readonly double _largest;
    private readonly double _centre;
    private readonly Dictionary<(double[][] Rows, int Label), double[]> _means = [];

    public SignalOracle(SignalSample sample, InputKind kind)
    {
        _sample = sample;
        _kind = kind;
        using ShieldSecret secret = SignalSample.Secret();
        using DetectionKey key = DetectionKey.Of(secret, "digits");
        _longSigns = Signs(key, "profile/long-signs", 16 * 257);
        int compared = Math.Min(1024, sample.Length);
        _signs = Signs(key, "profile/signs", compared * Math.Max(1, 256 / compared));
        _coordinates = Coordinates(key);
        double[][] raw = [.. Enumerable.Range(0, sample.Rows).Select(r => sample.Input(r).ToArray().Select(x => (double)x).ToArray())];
        _featureMeans = Mean(raw);
        _featureSpreads = [.. Enumerable.Range(0, sample.Length).Select(i => Math.Sqrt(raw.Average(row => Math.Pow(row[i] - _featureMeans[i], 2))))];
        _rows = [.. raw.Select(Standardise)];
        _probabilities = [.. Enumerable.Range(0, sample.Rows).Select(r => Softmax(sample.Scores(r)))];
        _labels = [.. _probabilities.Select(p => Array.IndexOf(p, p.Max()))];
        _centre = kind == InputKind.Image ? sample.Inputs.Average() : 0;
        _compared = [.. _rows.Select(Fold)];
        _mean = Mean(_compared);
        _projected = [.. _compared.Select(Project)];
        _logs = [.. _probabilities.Select(CentredLogs)];
        _sixteen = [.. _projected.Select(r => _coordinates[64..80].Select(c => r[c]).ToArray())];
        _least = _rows.Min(r => r.Min());
        _largest = _rows.Max(r => r.Max());
    }

    public double[] Scalars(int row)
    {
        double[] p = _probabilities[row];
        double[] x = _rows[row];
        int label = _labels[row];
        int second = Second(row);
        double[] centroid = MeanOf(_compared, label);
        double[] offset = Less(_compared[row], _mean);
        double[] direction = Less(centroid, _mean);
        double mean = x.Average();
        double norm = Math.Sqrt(Dot(offset, offset) * Dot(direction, direction));
        double rest = p.Where((_, i) => i != label).Sum();
        return
        [
            -Math.Log10(rest + 1e-7),
            Math.Log(p[label] / p[second]),
            -p.Sum(q => q * Math.Log(q)),
            Surprise(label, second),
            LogDistance(_logs, row),
            mean,
            Math.Sqrt(x.Average(v => (v - mean) * (v - mean))),
            x.Count(v => v < _least + (.02 * (_largest - _least))) / (double)x.Length,
            Enumerable.Range(1, x.Length - 1).Average(i => Math.Abs(x[i] - x[i - 1])),
            Math.Sqrt(Dot(Less(_compared[row], centroid), Less(_compared[row], centroid)) / x.Length),
            norm > 0 ? Dot(offset, direction) / norm : 0,
            LogDistance(_sixteen, row),
        ];
    }

    /// <summary>The bits, and which of them are further from the median than rounding goes.</summary>
    public (ulong Bits, ulong Sure) SimHash(int row)
    {
        ulong bits = 0;
        ulong sure = 0;
        for (int i = 0; i < 64; i++)
        {
            double[] values = [.. _projected.Select(r => r[_coordinates[i]]).Order()];
            double above = _projected[row][_coordinates[i]] - values[values.Length / 2];
            bits = (bits << 1) | (above > 0 ? 1UL : 0);
            sure = (sure << 1) | (Math.Abs(above) > 1e-3 ? 1UL : 0);
        }

        return (bits, sure);
    }

    private static double[] Mean(double[][] rows) => [.. Enumerable.Range(0, rows[0].Length).Select(i => rows.Average(r => r[i]))];

    private static double[] Less(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x - y)];

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    private static double[] Softmax(ReadOnlySpan<float> scores)
    {
        double[] e = [.. scores.ToArray().Select(s => Math.Exp(s))];
        return [.. e.Select(v => v / e.Sum())];
    }

    private static double[] CentredLogs(double[] p)
    {
        double[] logs = [.. p.Select(v => Math.Log(v + 1e-7))];
        return [.. logs.Select(l => l - logs.Average())];
    }

    private static double[] Signs(DetectionKey key, string purpose, int count)
    {
        byte[] bits = new byte[(count + 7) / 8];
        key.Derive(purpose, bits);
        return [.. Enumerable.Range(0, count).Select(i => (bits[i / 8] >> (i % 8) & 1) == 0 ? 1.0 : -1)];
    }

    private static int[] Coordinates(DetectionKey key)
    {
        byte[] words = new byte[84 * 4];
        key.Derive("profile/coordinates", words);
        List<int> left = [.. Enumerable.Range(0, 256)];
        int[] chosen = new int[84];
        for (int i = 0; i < chosen.Length; i++)
        {
            // A shuffle in place: the first of those left takes the place of the chosen one.
            int at = (int)((BinaryPrimitives.ReadUInt32LittleEndian(words.AsSpan(4 * i)) * (ulong)left.Count) >> 32);
            chosen[i] = left[at];
            left[at] = left[0];
            left.RemoveAt(0);
        }

        return chosen;
    }

    private double[] Standardise(double[] row) =>
        _kind == InputKind.Image ? row : [.. row.Select((x, i) => _featureSpreads[i] > 1e-9 ? (x - _featureMeans[i]) / _featureSpreads[i] : 0)];

    private double[] Fold(double[] row)
    {
        if (row.Length <= 1024)
        {
            return row;
        }

                double[] folded = new double[1024];
        for (int i = 0; i < row.Length; i++)
        {
            folded[i % 1024] += (row[i] - _centre) * _longSigns[i % _longSigns.Length];
        }

        return folded;
    }

    private double[] Project(double[] row)
    {
        double[] folded = new double[256];
        for (int i = 0; i < Math.Max(_signs.Length, row.Length); i++)
        {
            folded[i % 256] += (row[i % row.Length] - _mean[i % row.Length]) * _signs[i];
        }

        return [.. Enumerable.Range(0, 256).Select(c => Enumerable.Range(0, 256).Sum(i => (BitOperations.PopCount((uint)(c & i)) & 1) == 0 ? folded[i] : -folded[i]))];
    }

    private double[] MeanOf(double[][] rows, int label)
    {
        if (!_means.TryGetValue((rows, label), out double[]? mean))
        {
            double[][] own = [.. rows.Where((_, r) => _labels[r] == label)];
            _means[(rows, label)] = mean = own.Length < 20 ? Mean(rows) : Mean(own);
        }

        return mean;
    }

    private int Second(int row)
    {
        double[] p = [.. _probabilities[row]];
        p[_labels[row]] = -1;
        return Array.IndexOf(p, p.Max());
    }

    private double Surprise(int label, int second)
    {
        int rows = _sample.Rows;
        int[] seconds = [.. Enumerable.Range(0, rows).Select(Second)];
        double share = (seconds.Count(s => s == second) + .5) / (rows + (.5 * _sample.Classes));
        int both = Enumerable.Range(0, rows).Count(r => _labels[r] == label && seconds[r] == second);
        return -Math.Log((both + (10 * share)) / (_labels.Count(l => l == label) + 10));
    }

    private double LogDistance(double[][] rows, int row)
    {
        int n = rows[0].Length;
        int label = _labels[row];
        bool own = n <= 64 && _labels.Count(l => l == label) >= 200;
        double[][] offsets = [.. rows.Select((values, r) => Less(values, MeanOf(rows, _labels[r]))).Where((_, r) => !own || _labels[r] == label)];
        double[,] covariance = new double[n, n];
        foreach (double[] values in offsets)
        {
            for (int i = 0; i < n; i++)
            {
                for (int j = 0; j < n; j++)
                {
                    covariance[i, j] += values[i] * values[j] / offsets.Length;
                }
            }
        }

        double ridge = (1e-3 * Enumerable.Range(0, n).Average(i => covariance[i, i])) + 1e-9;
        double[] right = Less(rows[row], MeanOf(rows, label));
        double[] solution = [.. right];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                covariance[i, j] = i == j ? covariance[i, j] + ridge : n > 64 ? 0 : .9 * covariance[i, j];
            }
        }

        // Gauss and Jordan.
        for (int pivot = 0; pivot < n; pivot++)
        {
            for (int i = 0; i < n; i++)
            {
                double factor = covariance[i, pivot] / covariance[pivot, pivot];
                if (i == pivot || factor == 0)
                {
                    continue;
                }

                for (int j = 0; j < n; j++)
                {
                    covariance[i, j] -= factor * covariance[pivot, j];
                }

                solution[i] -= factor * solution[pivot];
            }
        }

        return Math.Log(Math.Max(1e-6, Enumerable.Range(0, n).Sum(i => right[i] * solution[i] / covariance[i, i])));
    }
}

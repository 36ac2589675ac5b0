using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Factorization;

namespace InferenceShield.Lab;

/// <summary>Finds the hidden units of a network of one hidden layer where log-ratios, linear everywhere else, have kinks.</summary>
/// <remarks>Works in the box of inputs scaled to -1..1.</remarks>
internal sealed class HiddenUnitSearch(ExactQueries meter, InputBox box, int classCount)
{
    private readonly int _length = box.Low.Length;

    // How far answers are off, and the step with which derivatives are taken: the coarser the answers, the longer.
    private double _noise;
    private double _step;

    // Stands for a zero: half the least value that came with the first one.
    private double? _least;

    public List<HiddenUnit> Units { get; } = [];

    /// <summary>How far the log-ratios are from a linear function where they should be one.</summary>
    public double Noise => _noise;

    private double SlopeError => 20 * _noise / _step;

    /// <summary>Centred log-ratios of places; null where asking came to an end.</summary>
    public async ValueTask<double[]?> AskAsync(double[] places, CancellationToken cancellationToken)
    {
        double[]? answers = await meter.AskAsync(Unscale(places), cancellationToken).ConfigureAwait(false);
        if (answers is not null)
        {
            TakeLogRatios(answers);
        }

        return answers;
    }

    /// <summary>Rows of the box, scaled.</summary>
    public double[] Draw(int count, ref SeededRandom random)
    {
        double[] rows = box.Draw(count, ref random);
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = (2 * (rows[i] - box.Low[i % _length]) / box.GetWidth(i % _length)) - 1;
        }

        return rows;
    }

    /// <summary>Weights of scaled inputs and a bias, as weights of inputs and a bias.</summary>
    public void UnscaleWeights(Span<double> weights)
    {
        for (int i = 0; i < _length; i++)
        {
            weights[i] *= 2 / box.GetWidth(i);
            weights[_length] -= weights[i] * (box.Low[i] + box.High[i]) / 2;
        }
    }

    /// <summary>Measures how coarse answers are: by how much three places close to each other on a line are off it.</summary>
    public async Task<bool> MeasureNoiseAsync(double[] places, double[] others, CancellationToken cancellationToken)
    {
        int count = places.Length / _length;
        double[] rows = new double[3 * places.Length];
        for (int i = 0; i < count; i++)
        {
            double[] origin = places[(i * _length)..((i + 1) * _length)];
            double[] line = Direction(origin, others.AsSpan(i * _length, _length), out _);
            for (int side = 0; side < 3; side++)
            {
                TensorPrimitives.MultiplyAdd(line, (side - 1) * 1e-3, origin, rows.AsSpan(((3 * i) + side) * _length));
            }
        }

        if (await meter.AskAsync(Unscale(rows), cancellationToken).ConfigureAwait(false) is not { } answers)
        {
            return false;
        }

        double coarse = LogRatios.FindDecimals(answers) is int decimals ? Math.Pow(10, -decimals) : 0;
        TakeLogRatios(answers);
        double[] off = new double[count];
        for (int i = 0; i < count; i++)
        {
            off[i] = Bend(answers.AsSpan(3 * i * classCount, 3 * classCount)).L2Norm();
        }

        Array.Sort(off);
        _noise = Math.Max(Math.Max(off[count / 2], coarse), 1e-15 * TensorPrimitives.MaxMagnitude<double>(answers));
        _step = Math.Clamp(10 * Math.Sqrt(_noise), 1e-4, 2e-2);
        return true;
    }

    /// <summary>Looks for units along the line through two places; false where asking came to an end.</summary>
    public async Task<bool> SearchAsync(double[] from, double[] to, CancellationToken cancellationToken)
    {
        double[] line = Direction(from, to, out double distance);
        if (await FindKinksAsync(from, line, -distance / 2, 1.5 * distance, cancellationToken).ConfigureAwait(false) is not { } kinks)
        {
            return false;
        }

        foreach (double kink in kinks)
        {
            double[] place = new double[_length];
            TensorPrimitives.MultiplyAdd(line, kink, from, place);
            double near = Math.Max(1e-6, SlopeError);
            if (Units.Exists(unit => Math.Abs(TensorPrimitives.Dot<double>(unit.Normal, place) + unit.Offset) < near))
            {
                continue;
            }

            if (await ReadUnitAsync(place, line, cancellationToken).ConfigureAwait(false) is not { } read)
            {
                return false;
            }

            if (read.Length == 0)
            {
                continue;
            }

            if (await ConfirmAsync(read[0], from, to, cancellationToken).ConfigureAwait(false) is not { } isUnit)
            {
                return false;
            }

            if (isUnit)
            {
                Units.Add(read[0]);
            }
        }

        return true;
    }

    // Where the slope at both ends of an interval and the values agree, there is no kink; where the two lines meet in a point that
    // answers as both say, there is one; else the interval is halved. All intervals of a round are asked at once.
    private async Task<List<double>?> FindKinksAsync(double[] origin, double[] line, double from, double to, CancellationToken cancellationToken)
    {
        List<double> kinks = [];
        List<(double Low, double High)> open = [(from, to)];
        while (open.Count > 0)
        {
            double[] ends = [.. open.SelectMany(interval => new[] { interval.Low, interval.Low + _step, interval.High - _step, interval.High })];
            if (await AskAsync(Along(origin, line, ends), cancellationToken).ConfigureAwait(false) is not { } values)
            {
                return null;
            }

            List<(double Low, double High)> next = [];
            List<(double Low, double High, double Kink, Vector<double> Value)> candidates = [];
            for (int i = 0; i < open.Count; i++)
            {
                (double low, double high) = open[i];
                Vector<double> start = ValueAt(values, 4 * i);
                Vector<double> slope = (ValueAt(values, (4 * i) + 1) - start) / _step;
                Vector<double> change = ((ValueAt(values, (4 * i) + 3) - ValueAt(values, (4 * i) + 2)) / _step) - slope;
                Vector<double> off = ValueAt(values, (4 * i) + 3) - start - (slope * (high - low));
                double error = (SlopeError * (high - low)) + (10 * _noise);
                if (change.L2Norm() <= SlopeError && off.L2Norm() <= error)
                {
                    continue;
                }

                double kink = high - (off.DotProduct(change) / change.DotProduct(change));
                if (kink > low + _step && kink < high - _step && (off - (change * (high - kink))).L2Norm() <= 3 * error)
                {
                    candidates.Add((low, high, kink, start + (slope * (kink - low))));
                }
                else
                {
                    Split(low, high, next);
                }
            }

            if (candidates.Count > 0)
            {
                if (await AskAsync(Along(origin, line, [.. candidates.Select(candidate => candidate.Kink)]), cancellationToken).ConfigureAwait(false) is not { } met)
                {
                    return null;
                }

                for (int i = 0; i < candidates.Count; i++)
                {
                    (double low, double high, double kink, Vector<double> value) = candidates[i];
                    if ((ValueAt(met, i) - value).L2Norm() <= (3 * SlopeError * (high - low)) + (10 * _noise))
                    {
                        kinks.Add(kink);
                    }
                    else
                    {
                        Split(low, high, next);
                    }
                }
            }

            open = next;
        }

        kinks.Sort();
        return kinks;
    }

    // Not in the middle, so that no two kinks lie evenly about the cut.
    private void Split(double low, double high, List<(double Low, double High)> next)
    {
        if (high - low > 8 * _step)
        {
            double cut = low + (0.47 * (high - low));
            next.Add((low, cut));
            next.Add((cut, high));
        }
    }

    // The gradient on either side of a kink differs by jump times normal: a matrix of rank 1. Empty where it is not.
    private async Task<HiddenUnit[]?> ReadUnitAsync(double[] place, double[] line, CancellationToken cancellationToken)
    {
        double away = 8 * _step * Math.Sqrt(_length);
        int side = _length + 1;
        double[] rows = new double[2 * side * _length];
        for (int row = 0; row < 2 * side; row++)
        {
            Span<double> values = rows.AsSpan(row * _length, _length);
            TensorPrimitives.MultiplyAdd(line, row < side ? -away : away, place, values);
            if (row % side > 0)
            {
                values[(row % side) - 1] += _step;
            }
        }

        if (await AskAsync(rows, cancellationToken).ConfigureAwait(false) is not { } answers)
        {
            return null;
        }

        Matrix<double> difference = Matrix<double>.Build.Dense(
            classCount,
            _length,
            (c, i) => (answers[((side + 1 + i) * classCount) + c] - answers[(side * classCount) + c] - answers[((1 + i) * classCount) + c] + answers[c]) / _step);
        Svd<double> svd = difference.Svd();
        double strength = svd.S[0];
        if (strength <= SlopeError || (svd.S.Count > 1 && svd.S[1] > Math.Max(1e-5 * strength, SlopeError * Math.Sqrt(_length))))
        {
            return [];
        }

        double[] normal = svd.VT.Row(0).ToArray();
        double[] jump = (svd.U.Column(0) * strength).ToArray();
        if (TensorPrimitives.Dot<double>(normal, line) < 0)
        {
            TensorPrimitives.Negate(normal, normal);
            TensorPrimitives.Negate(jump, jump);
        }

        return [new HiddenUnit(normal, -TensorPrimitives.Dot<double>(normal, place), jump)];
    }

    // A unit bends the log-ratios everywhere on its hyperplane, by its jump times the step: elsewhere on it, of two places one has to show that.
    private async Task<bool?> ConfirmAsync(HiddenUnit unit, double[] first, double[] second, CancellationToken cancellationToken)
    {
        double away = 8 * _step;
        double[] rows = new double[6 * _length];
        for (int row = 0; row < 6; row++)
        {
            double[] place = row < 3 ? first : second;
            double height = TensorPrimitives.Dot<double>(unit.Normal, place) + unit.Offset;
            TensorPrimitives.MultiplyAdd(unit.Normal, (((row % 3) - 1) * away) - height, place, rows.AsSpan(row * _length));
        }

        if (await AskAsync(rows, cancellationToken).ConfigureAwait(false) is not { } answers)
        {
            return null;
        }

        Vector<double> expected = Vector<double>.Build.Dense(unit.Jump) * away;
        double error = (0.05 * expected.L2Norm()) + (8 * _noise);
        return (Bend(answers.AsSpan(0, 3 * classCount)) - expected).L2Norm() <= error
            || (Bend(answers.AsSpan(3 * classCount, 3 * classCount)) - expected).L2Norm() <= error;
    }

    private void TakeLogRatios(double[] answers)
    {
        _least ??= answers.Contains(0) ? LogRatios.HalfLeast(answers) : null;
        LogRatios.Take(answers, classCount, _least ?? double.Epsilon);
    }

    // First less twice the second and the third of three answers: zero on a line.
    private Vector<double> Bend(ReadOnlySpan<double> answers) => Vector<double>.Build.DenseOfArray(answers[..classCount].ToArray())
        - (2 * Vector<double>.Build.DenseOfArray(answers.Slice(classCount, classCount).ToArray()))
        + Vector<double>.Build.DenseOfArray(answers[(2 * classCount)..].ToArray());

    private Vector<double> ValueAt(double[] values, int row) => Vector<double>.Build.DenseOfArray(values[(row * classCount)..((row + 1) * classCount)]);

    private static double[] Direction(ReadOnlySpan<double> from, ReadOnlySpan<double> to, out double distance)
    {
        double[] line = new double[from.Length];
        TensorPrimitives.Subtract(to, from, line);
        distance = TensorPrimitives.Norm<double>(line);
        TensorPrimitives.Divide(line, distance, line);
        return line;
    }

    private double[] Along(double[] origin, double[] line, double[] places)
    {
        double[] rows = new double[places.Length * _length];
        for (int i = 0; i < places.Length; i++)
        {
            TensorPrimitives.MultiplyAdd(line, places[i], origin, rows.AsSpan(i * _length));
        }

        return rows;
    }

    private double[] Unscale(double[] rows)
    {
        double[] inputs = new double[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            inputs[i] = box.Low[i % _length] + ((rows[i] + 1) / 2 * box.GetWidth(i % _length));
        }

        return inputs;
    }
}

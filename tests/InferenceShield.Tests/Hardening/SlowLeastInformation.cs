namespace InferenceShield.Tests;

/// <summary>The answer of least information as others compute it: by a linear program, and by ternary search.</summary>
internal static class SlowLeastInformation
{
    private const double Margin = 1e-4;

    public static double Objective(ReadOnlySpan<double> probabilities, ReadOnlySpan<double> answer)
    {
        double sum = 0;
        for (int i = 0; i < answer.Length; i++)
        {
            sum += Math.Log(probabilities[i] + 1e-6) * answer[i];
        }

        return sum;
    }

    /// <summary>What each class gains and loses are the variables. Null if no answer keeps the margin within the budget.</summary>
    public static double[]? ByLinearProgram(double[] probabilities, int top, double budget, bool largestFirst = false)
    {
        int classes = probabilities.Length;
        double[] costs = [.. probabilities.Select(value => Math.Log(value + 1e-6))];
        (List<double[]> rows, List<double> bounds) = Constrain(probabilities, top, budget, extra: 0, Margin);
        double[]? moves = LinearProgram.Minimize([.. costs, .. costs.Select(cost => -cost)], [.. rows], [.. bounds], largestFirst);
        return moves is null ? null : [.. probabilities.Select((value, i) => value + moves[i] - moves[classes + i])];
    }

    /// <summary>As published: the answer and its absolute distances are the variables, so no corner is known at first.</summary>
    public static double[]? ByPublishedProgram(double[] probabilities, int top, double budget)
    {
        int classes = probabilities.Length;
        List<double[]> rows = [];
        List<double> bounds = [];
        Array.Fill(Add(1), 1, 0, classes);
        Array.Fill(Add(-1), -1, 0, classes);
        Array.Fill(Add(budget), 1, classes, classes);
        for (int i = 0; i < classes; i++)
        {
            double[] above = Add(probabilities[i]);
            (above[i], above[classes + i]) = (1, -1);
            double[] below = Add(-probabilities[i]);
            (below[i], below[classes + i]) = (-1, -1);
            if (i != top)
            {
                double[] behind = Add(-Margin);
                (behind[i], behind[top]) = (1, -1);
            }
        }

        double[] costs = [.. probabilities.Select(value => Math.Log(value + 1e-6)), .. new double[classes]];
        return LinearProgram.Minimize(costs, [.. rows], [.. bounds])?[..classes];

        double[] Add(double bound)
        {
            rows.Add(new double[2 * classes]);
            bounds.Add(bound);
            return rows[^1];
        }
    }

    /// <summary>The widest margin that the budget can buy; its sign is free, so it is the difference of two variables.</summary>
    public static double WidestMargin(double[] probabilities, int top, double budget)
    {
        int classes = probabilities.Length;
        (List<double[]> rows, List<double> bounds) = Constrain(probabilities, top, budget, extra: 2, margin: 0);
        for (int i = rows.Count - classes + 1; i < rows.Count; i++)
        {
            rows[i][2 * classes] = 1;
            rows[i][(2 * classes) + 1] = -1;
        }

        double[] costs = new double[(2 * classes) + 2];
        costs[^2] = -1;
        costs[^1] = 1;
        double[] moves = LinearProgram.Minimize(costs, [.. rows], [.. bounds])!;
        return moves[^2] - moves[^1];
    }

    /// <summary>60 ternary steps over the leading class, with greedy transfers at each: the reference script, line by line.</summary>
    public static double[]? ByTernarySearch(double[] probabilities, int top, double budget, int steps = 60)
    {
        double[] costs = [.. probabilities.Select(value => Math.Log(value + 1e-6))];
        double[] answer = new double[costs.Length];
        int[] order = [.. Enumerable.Range(0, costs.Length).Where(i => i != top).OrderBy(i => costs[i])];
        double low = Math.Max(1.0 / costs.Length, probabilities[top] - (budget / 2));
        double high = Math.Min(1, probabilities[top] + (budget / 2));
        for (int step = 0; step < steps; step++)
        {
            double left = low + ((high - low) / 3);
            double right = high - ((high - low) / 3);
            if (Cost(left) <= Cost(right))
            {
                high = right;
            }
            else
            {
                low = left;
            }
        }

        double[] candidates = [low, (low + high) / 2, high, probabilities[top]];
        return Fill(probabilities, top, order, costs, budget, candidates.MinBy(Cost), answer) ? answer : null;

        double Cost(double t)
        {
            if (!Fill(probabilities, top, order, costs, budget, t, answer))
            {
                return 1e9 + probabilities[top] - t;
            }

            double sum = 0;
            for (int i = 0; i < costs.Length; i++)
            {
                sum += costs[i] * answer[i];
            }

            return sum;
        }
    }

    private static (List<double[]> Rows, List<double> Bounds) Constrain(
        double[] probabilities, int top, double budget, int extra, double margin)
    {
        int classes = probabilities.Length;
        List<double[]> rows = [];
        List<double> bounds = [];
        Add(Enumerable.Range(0, classes), +1, 0);
        Add(Enumerable.Range(0, classes), -1, 0);
        double[] distance = Add([], 0, budget);
        Array.Fill(distance, 1, 0, 2 * classes);
        for (int i = 0; i < classes; i++)
        {
            Add([], 0, probabilities[i])[classes + i] = 1;
        }

        for (int i = 0; i < classes; i++)
        {
            if (i != top)
            {
                double[] row = Add([i], 1, probabilities[top] - probabilities[i] - margin);
                (row[top], row[classes + top]) = (-1, 1);
            }
        }

        return (rows, bounds);

        double[] Add(IEnumerable<int> indices, double sign, double bound)
        {
            double[] row = new double[(2 * classes) + extra];
            foreach (int i in indices)
            {
                (row[i], row[classes + i]) = (sign, -sign);
            }

            rows.Add(row);
            bounds.Add(bound);
            return row;
        }
    }

    private static bool Fill(
        double[] probabilities, int top, int[] order, double[] costs, double budget, double t, double[] answer)
    {
        double cap = t - Margin;
        double rise = t - probabilities[top];
        double giveMost = (budget - Math.Abs(rise) - rise) / 2;
        double takeMost = Math.Max(giveMost, 0) + rise;
        if (giveMost < -1e-12 || takeMost < -1e-12)
        {
            return false;
        }

        giveMost = Math.Max(giveMost, 0);
        takeMost = Math.Max(takeMost, 0);
        probabilities.CopyTo(answer, 0);
        answer[top] = t;
        double taken = 0;
        foreach (int i in order)
        {
            if (answer[i] > cap)
            {
                taken += answer[i] - cap;
                answer[i] = cap;
            }
        }

        if (taken > takeMost + 1e-12)
        {
            return false;
        }

        double given = 0;
        double need = taken - rise;
        int low = 0;
        int high = order.Length - 1;
        while (need > 1e-15 && low < order.Length)
        {
            int i = order[low];
            double part = Math.Min(cap - answer[i], need);
            if (part <= 1e-15)
            {
                low++;
                continue;
            }

            answer[i] += part;
            given += part;
            need -= part;
        }

        while (need < -1e-15 && high >= 0)
        {
            int i = order[high];
            double part = Math.Min(answer[i], -need);
            if (part <= 1e-15)
            {
                high--;
                continue;
            }

            answer[i] -= part;
            taken += part;
            need += part;
        }

        if (Math.Abs(need) > 1e-12 || given > giveMost + 1e-9)
        {
            return false;
        }

        while (low < high)
        {
            int receiver = order[low];
            int donor = order[high];
            if (costs[receiver] >= costs[donor])
            {
                break;
            }

            if (cap - answer[receiver] <= 1e-15)
            {
                low++;
                continue;
            }

            if (answer[donor] <= 1e-15)
            {
                high--;
                continue;
            }

            double part = Math.Min(
                Math.Min(cap - answer[receiver], answer[donor]), Math.Min(giveMost - given, takeMost - taken));
            if (part <= 1e-15)
            {
                break;
            }

            answer[receiver] += part;
            answer[donor] -= part;
            given += part;
            taken += part;
        }

        return true;
    }
}

using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <summary>Finds the answer of least information where a single move does not give it.</summary>
/// <remarks>
/// <para>Fix t, the leader's probability. Every other class may have 0 to u = t - margin. Those above u come down to it; then
/// the mass balance is paid, and what is left of the budget is moved, from the costliest class that has any to the cheapest
/// that has room, until they meet. This greedy exchange is optimal, as costs are linear and bounds are per class. Costs rise
/// with y, so it works from both ends of the sorted row inwards.</para>
/// <para>Let h be half the budget, r = t - y_top. Others may lose h + min(r, 0) and get as much less r. The least t is where
/// lowering to u takes all of that, or where (K - 1) u just holds what the leader leaves: both linear between classes.</para>
/// <para>The least cost at t is the partial minimum of an LP, hence convex and piecewise linear in t. On a piece, with p
/// filled classes, q emptied ones, f lowered ones, c_in and c_out the costs of the two classes where the exchange ended, its
/// slope is c_top + sum of filled c + sum of lowered, not emptied c + c_in (g - 1 - p) - c_out (g + f - min(q, f)), g being 1
/// for r &lt; 0, else 0. If they met, or
    /// nobody has room left, c_in = c_out and the formula still holds.</para>
/// <para>The bend with the minimum is found with tangents: the lines of the pieces left and right of it cross at it or show a
/// piece between them. A step to the middle now and then bounds the number of steps.</para>
/// </remarks>
internal ref struct TransferSearch
{
    /// <summary>Mostly a few classes at either end have a part in the answer.</summary>
    private const int FirstSide = 16;

    /// <summary>How many times as many are tried when it takes more.</summary>
    private const int Growth = 8;

    private const int MostSteps = 160;

    /// <summary>Costs that rounding cannot tell apart.</summary>
    private const double CostTolerance = 1e-14;

    private readonly ClassLadder _ladder;
    private readonly double _leader;
    private readonly double _leaderCost;
    private readonly double _half;

    private TransferSearch(ClassLadder ladder, double leader, double half)
    {
        _ladder = ladder;
        _leader = leader;
        _leaderCost = Math.Log(leader + LeastInformation.CostOffset);
        _half = half;
    }

    /// <param name="row">At least two classes.</param>
    /// <param name="top">The leading one.</param>
    /// <param name="half">Half the budget: the mass that may be moved.</param>
    /// <param name="answer">As long; may be the same span.</param>
    /// <param name="scratch">As long.</param>
    /// <param name="side">Classes of either end that are sorted at first.</param>
    public static void Apply(
        ReadOnlySpan<double> row, int top, double half, Span<double> answer, LeastInformationScratch scratch, int side = FirstSide)
    {
        for (; ; side *= Growth)
        {
            TransferSearch search = new(ClassLadder.Make(row, top, side, scratch), row[top], half);
            if (search.TryFind(row.Length, out Transfer best))
            {
                row.CopyTo(answer);
                search.Write(in best, answer, top);
                return;
            }
        }
    }

    /// <summary>False if it takes more classes than the ladder has.</summary>
    private readonly bool TryFind(int classes, out Transfer best)
    {
        if (!TryFindLeast(classes, out best))
        {
            return false;
        }

        double highest = _leader + _half;
        if (best.Top > highest)
        {
            // No answer has the margin. This one has the widest, and leaves nothing to choose.
            best.Top = highest;
            return true;
        }

        double least = best.Top;
        best = Evaluate(least);
        if (!best.IsKnown)
        {
            return false;
        }

        return best.Slope >= 0 || TryDescend(best, Evaluate(Math.Max(least, Math.Min(highest, _leader + OthersSum()))), out best);
    }

    /// <summary>The least probability that the leading class may have.</summary>
    private readonly bool TryFindLeast(int classes, out Transfer least)
    {
        ReadOnlySpan<double> values = _ladder.Values;
        int lowered = 0;
        double lowest = 0; // of those lowered
        double excess = 0; // of those lowered over the lowest: from differences, as tiny budgets drown in sums
        double level;
        while (true)
        {
            // All of the budget goes into lowering the leader and whoever is above the level.
            double ahead = lowest - _leader + LeastInformation.Margin;
            double fall = (_half - excess - (lowered * ahead)) / (1 + lowered);
            level = fall >= 0 ? _leader - fall - LeastInformation.Margin : lowest - ((_half - excess) / lowered);
            if (lowered == _ladder.Side || !(values[^(lowered + 1)] > level))
            {
                break;
            }

            double next = values[^(lowered + 1)];
            excess += lowered * (lowest - next);
            lowest = next;
            lowered++;
        }

        least = new Transfer { Top = level + LeastInformation.Margin, Level = level, Lowered = lowered };
        if (!_ladder.IsWhole)
        {
            // Where the others can just hold their mass, all of them are at the level: the ladder's two ends do not tell.
            return lowered < _ladder.Side && least.Top > LeastInformation.Margin + (2.0 / classes);
        }

        double full = (_leader + OthersSum() + ((classes - 1) * LeastInformation.Margin)) / classes;
        least.Top = Math.Max(least.Top, full);
        return true;
    }

    /// <summary>In rising order, one by one. Not limiting where the ladder leaves out classes.</summary>
    private readonly double OthersSum()
    {
        if (!_ladder.IsWhole)
        {
            return double.PositiveInfinity;
        }

        double sum = 0;
        foreach (double value in _ladder.Values)
        {
            sum += value;
        }

        return sum;
    }

    /// <param name="left">Falls to the right.</param>
    /// <param name="right">The far end; perhaps out of sight.</param>
    /// <param name="best">Where the cost is least.</param>
    private readonly bool TryDescend(Transfer left, Transfer right, out Transfer best)
    {
        best = right.Cost < left.Cost ? right : left;
        if (right.Slope <= 0)
        {
            return true;
        }

        double far = Math.Max(left.Top, _leader + _half);
        for (int step = 1; step <= MostSteps; step++)
        {
            bool isTangent = right.IsKnown && step % 4 != 0;
            double fraction = isTangent ? right.Top - left.Top : 0;
            double forward = isTangent
                ? (right.Cost - left.Cost - (right.Slope * fraction)) / (left.Slope - right.Slope)
                : ((right.IsKnown ? right.Top : far) - left.Top) / 2;
            double bound = left.Cost + (left.Slope * forward);
            double top = left.Top + forward;
            if (!(top > left.Top) || top >= (right.IsKnown ? right.Top : far))
            {
                break;
            }

            Transfer middle = Evaluate(top);
            if (middle.Cost < best.Cost)
            {
                best = middle;
            }

            if (isTangent && middle.Cost - bound <= CostTolerance)
            {
                break;
            }

            if (middle.Slope < 0)
            {
                left = middle;
            }
            else
            {
                right = middle;
                far = top;
            }
        }

        return right.IsKnown;
    }

    /// <summary>The best answer at one probability of the leading class.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private readonly Transfer Evaluate(double top)
    {
        ReadOnlySpan<double> values = _ladder.Values;
        ReadOnlySpan<double> costs = _ladder.Costs[..values.Length];
        int last = values.Length - 1;
        int side = _ladder.IsWhole ? int.MaxValue : _ladder.Side;
        double level = top - LeastInformation.Margin;
        double rise = top - _leader;
        double cost = rise * _leaderCost;
        double slope = _leaderCost;

        int lowered = 0;
        double excess = 0;
        for (; lowered <= last && values[last - lowered] > level; lowered++)
        {
            double fall = values[last - lowered] - level;
            excess += fall;
            cost -= fall * costs[last - lowered];
            slope += costs[last - lowered];
        }

        if (lowered >= side)
        {
            return Transfer.OutOfSight;
        }

        int filled = 0;
        double given = 0;
        double room = Math.Max(0, level - values[0]);
        int emptied = 0;
        double taken = 0;
        double stock = Math.Min(level, values[last]);

        bool isFull = false;

        // First what the mass balance asks for, then exchange.
        double give = excess - rise;
        double take = Math.Max(0, -give);
        double exchange = _half + Math.Min(rise, 0) - Math.Max(excess, rise);
        give = Math.Max(0, give);
        while (true)
        {
            bool isExchange = give <= 0 && take <= 0;
            if (isExchange && (exchange <= 0 || filled + emptied >= last))
            {
                break;
            }

            if (room <= 0 && (isExchange || give > 0))
            {
                if (lowered > 0 && filled + lowered > last)
                {
                    isFull = true; // whoever could get something is at the level
                    break;
                }

                if (filled == last)
                {
                    break;
                }

                slope += costs[filled++];
                room = level - values[filled];
                given = 0;
            }
            else if (stock <= 0 && (isExchange || take > 0))
            {
                if (emptied == last)
                {
                    break;
                }

                slope -= emptied < lowered ? costs[last - emptied] : 0;
                emptied++;
                stock = Math.Min(level, values[last - emptied]);
                taken = 0;
            }
            else if (give > 0)
            {
                double part = Math.Min(give, room);
                give -= part;
                room -= part;
                given += part;
                cost += part * costs[filled];
            }
            else if (take > 0)
            {
                double part = Math.Min(take, stock);
                take -= part;
                stock -= part;
                taken += part;
                cost -= part * costs[last - emptied];
            }
            else
            {
                if (values[filled] >= values[last - emptied])
                {
                    break;
                }

                double part = Math.Min(exchange, Math.Min(room, stock));
                exchange -= part;
                room -= part;
                given += part;
                stock -= part;
                taken += part;
                cost += part * (costs[filled] - costs[last - emptied]);
            }

            if (filled >= side || emptied >= side)
            {
                return Transfer.OutOfSight;
            }
        }

        int falling = rise < 0 ? 1 : 0;
        slope += (isFull ? costs[last - emptied] : costs[filled]) * (falling - 1 - filled);
        slope -= costs[last - emptied] * (falling + lowered - Math.Min(emptied, lowered));
        return new Transfer
        {
            Top = top,
            Level = level,
            Lowered = lowered,
            Emptied = emptied,
            Taken = taken,
            Filled = filled,
            Given = given,
            Cost = cost,
            Slope = slope,
        };
    }

    /// <param name="transfer">What to do.</param>
    /// <param name="answer">The clean row.</param>
    /// <param name="top">The leading class.</param>
    private readonly void Write(in Transfer transfer, Span<double> answer, int top)
    {
        int last = _ladder.Values.Length - 1;
        for (int i = 0; i < transfer.Lowered; i++)
        {
            answer[_ladder.Classes[last - i]] = transfer.Level;
        }

        for (int i = 0; i < transfer.Emptied; i++)
        {
            answer[_ladder.Classes[last - i]] = 0;
        }

        for (int i = 0; i < transfer.Filled; i++)
        {
            answer[_ladder.Classes[i]] = transfer.Level;
        }

        // Perhaps the same class: then it does both.
        answer[_ladder.Classes[transfer.Filled]] += transfer.Given;
        ref double cut = ref answer[_ladder.Classes[last - transfer.Emptied]];
        cut = Math.Max(0, cut - transfer.Taken);
        answer[top] = transfer.Top;
        answer[top] -= Excess(in transfer, answer, top);
    }

    /// <summary>What rounding has added to the sum: up to 1e-11 where it is the same at each of 100,000 classes.</summary>
    private readonly double Excess(in Transfer transfer, ReadOnlySpan<double> answer, int top)
    {
        int last = _ladder.Values.Length - 1;
        int above = Math.Max(last - Math.Max(transfer.Lowered, transfer.Emptied), transfer.Filled + 1);
        double sum = answer[top] - _leader;
        double lost = 0;
        for (int i = 0; i <= last; i++)
        {
            if (i == transfer.Filled + 1)
            {
                i = above; // what lies between is as it was
                if (i > last)
                {
                    break;
                }
            }

            // Neumaier's sum: it keeps what each addition loses.
            double change = answer[_ladder.Classes[i]] - _ladder.Values[i];
            double next = sum + change;
            lost += Math.Abs(sum) >= Math.Abs(change) ? sum - next + change : change - next + sum;
            sum = next;
        }

        return sum + lost;
    }
}

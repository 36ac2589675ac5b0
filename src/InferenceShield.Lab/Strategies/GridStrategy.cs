using System.Collections.Immutable;

namespace InferenceShield.Lab;

/// <summary>Sweeps chosen features over their bounds and leaves the others as they are: for rows of few features.</summary>
/// <remarks>
/// Starts from a row of the pool, in random order, or without a pool from the middle of the bounds. The full grid asks all
/// combinations of <see cref="Levels"/> evenly spaced values of the chosen features, then sweeps around the next row of the
/// pool. Low discrepancy replaces it by the additive recurrence frac(shift + n / φ^i), φ the root of φ^(d+1) = φ + 1 (Roberts,
/// "The unreasonable effectiveness of quasirandom sequences", 2018), shifted by the seed: even coverage however many features
/// and queries there are, each with another row of the pool. Asks until the budget is spent, or one grid is asked and there is
/// no pool to go on from. Thread-safe; costs a row of numbers a query.
/// </remarks>
public sealed class GridStrategy : IQueryStrategy
{
    private const int LeastLevels = 2;

    /// <summary>Indices of the features to sweep. Default: empty, all of them.</summary>
    public ImmutableArray<int> Features { get; init; } = [];

    /// <summary>Values of each feature in the full grid, at least 2. Default: null, as many as the budget allows one grid.</summary>
    public int? Levels
    {
        get;
        init => field = value is null or >= LeastLevels ? value : throw new ArgumentOutOfRangeException(nameof(Levels), value, $"A sweep takes at least {LeastLevels} values of a feature.");
    }

    /// <summary>Whether points come from a low-discrepancy sequence instead of a full grid. Default: false.</summary>
    public bool IsLowDiscrepancy { get; init; }

    /// <summary>Bounds of the inputs. Default: null, those of the pool.</summary>
    public InputBounds? Bounds { get; init; }

    /// <inheritdoc/>
    public string Name => IsLowDiscrepancy ? "low-discrepancy" : "grid";

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There are neither bounds nor a pool, they do not fit the oracle, a feature is none of its features, or the budget is too small for a grid of all chosen features.</exception>
    public async Task<Transcript> AskAsync(IOracle oracle, QueryContext context, CancellationToken cancellationToken)
    {
        InputBounds bounds = Asker.GetBounds(Name, Bounds, oracle, context);
        Dataset? pool = context.Pool is null ? null : Asker.GetPool(Name, oracle, context);
        int[] features = GetFeatures(bounds.Width, context);
        int levels = IsLowDiscrepancy ? 0 : GetLevels(features.Length, context);
        long points = IsLowDiscrepancy ? 1 : (long)Math.Min(Math.Pow(levels, features.Length), context.Budget);

        SeededRandom random = new(context.Seed, stream: 21);
        int[] order = random.Choose(pool?.Count ?? 0, pool?.Count ?? 0);
        double[] shifts = new double[features.Length];
        foreach (ref double shift in shifts.AsSpan())
        {
            shift = random.NextShare();
        }

        double[] strides = GetStrides(features.Length);
        long available = IsLowDiscrepancy ? context.Budget : points * Math.Max(1, order.Length);
        float[] rows = new float[Asker.Batch * bounds.Width];
        Asker asker = new(oracle, context);
        for (long first = 0; first < available && asker.Remaining > 0; first += Asker.Batch)
        {
            int count = (int)Math.Min(Math.Min(Asker.Batch, asker.Remaining), available - first);
            for (int i = 0; i < count; i++)
            {
                long point = first + i;
                Span<float> row = rows.AsSpan(i * bounds.Width, bounds.Width);
                Start(row, pool, order, point / points, bounds);
                for (int place = 0; place < features.Length; place++)
                {
                    double share = IsLowDiscrepancy
                        ? (shifts[place] + (point * strides[place])) % 1
                        : (double)GetDigit(point % points, place, levels) / (levels - 1);
                    float low = bounds.Minimum.Span[features[place]];
                    row[features[place]] = (float)(low + (share * (bounds.Maximum.Span[features[place]] - low)));
                }
            }

            await asker.AskAsync(rows.AsMemory(0, count * bounds.Width), cancellationToken).ConfigureAwait(false);
        }

        return asker.Transcript;
    }

    private int[] GetFeatures(int width, QueryContext context)
    {
        if (Features.IsDefaultOrEmpty)
        {
            return [.. Enumerable.Range(0, width)];
        }

        foreach (int feature in Features)
        {
            if (feature < 0 || feature >= width)
            {
                throw new ArgumentException($"The strategy '{Name}' sweeps feature {feature}; the model takes features 0 to {width - 1}.", nameof(context));
            }
        }

        return Features.Distinct().Count() == Features.Length
            ? [.. Features]
            : throw new ArgumentException($"The strategy '{Name}' sweeps a feature twice: name each once.", nameof(context));
    }

    private int GetLevels(int features, QueryContext context)
    {
        // The root may fall a last digit short of a whole number.
        int most = (int)(Math.Pow(context.Budget, 1.0 / features) + 1e-9);
        int levels = Levels ?? most;
        return levels >= LeastLevels && levels <= most
            ? levels
            : throw new ArgumentException(
                $"The strategy '{Name}' cannot sweep {features} features at {Math.Max(levels, LeastLevels)} values each within {context.Budget} queries: choose fewer features or values, or low discrepancy.", nameof(context));
    }

    private static long GetDigit(long point, int place, int levels)
    {
        for (int i = 0; i < place; i++)
        {
            point /= levels;
        }

        return point % levels;
    }

    /// <summary>1/φ, 1/φ², ... for the root φ of φ^(d+1) = φ + 1.</summary>
    private static double[] GetStrides(int dimensions)
    {
        double root = 2;
        for (int i = 0; i < 64; i++)
        {
            root = Math.Pow(1 + root, 1.0 / (dimensions + 1));
        }

        double[] strides = new double[dimensions];
        for (int i = 0; i < dimensions; i++)
        {
            strides[i] = Math.Pow(root, -1 - i);
        }

        return strides;
    }

    private static void Start(Span<float> row, Dataset? pool, int[] order, long turn, InputBounds bounds)
    {
        if (pool is not null)
        {
            pool.GetRow(order[turn % order.Length]).CopyTo(row);
            return;
        }

        for (int i = 0; i < row.Length; i++)
        {
            row[i] = (bounds.Minimum.Span[i] + bounds.Maximum.Span[i]) / 2;
        }
    }
}

using System.Runtime.CompilerServices;

namespace InferenceShield;

/// <summary>What is kept of a caller for <see cref="CallerPlainSignals"/>: 152 bytes. Not thread-safe.</summary>
internal struct PlainWatch
{
    /// <summary>Queries before which a caller has no history.</summary>
    public const int FewestQueries = 64;

    private const float FastShare = 1f / 25;
    private const float SlowShare = 1f / 750;
    private const float RecentShare = 1f / 100;
    private const float LongestPause = 600;
    private const float Borderline = .1f;
    private const int Buckets = 16;
    private const int RecentCount = 128;
    private const int EarlierCount = 2048;

    // Steps that differ by less than a hundredth are one step; what moves less than this, in units of spread, does not move.
    private const float StepTolerance = .01f;
    private const float SmallestStep = 1e-4f;

    private long _latestAt;
    private int _queries;

    // Exponentially weighted means. They begin with the mean of all: the share of a query is 1 / n until that is less.
    private int _intervals;
    private float _fastInterval;
    private float _slowInterval;
    private int _answers;
    private float _confidence;
    private float _confidenceVariance;
    private float _borderline;
    private float _surprise;

    // Counts by label; halved when they are full, so that they are about the latest queries.
    private RecentLabels _recentLabels;
    private EarlierLabels _earlierLabels;
    private byte _recentTotal;
    private ushort _earlierTotal;
    private ushort _sweep;
    private ushort _longestSweep;
    private QuerySignals.SweepPosition _position;
    private QuerySignals.SweepPosition _step;
    private QuerySignals.SweepPosition _stepBefore;

    /// <summary>Takes one query.</summary>
    public void Note(PlainBaseline baseline, in QuerySignals signals, long now)
    {
        NoteTime(now);
        NoteLabel(signals.Label);
        float share = (uint)signals.Label < (uint)baseline.LabelShares.Length ? baseline.LabelShares[signals.Label] : 0;
        _surprise += (MinusLog(share) - _surprise) * Math.Max(RecentShare, 1f / _queries);
        if (float.IsFinite(signals.Confidence))
        {
            NoteAnswer(signals.Confidence, signals.Scalars[(int)SignalScalar.LogMargin]);
        }

        NoteStep(in signals.Position);
    }

    /// <summary>What a dashboard shows.</summary>
    public readonly CallerPlainSignals Read(PlainBaseline baseline)
    {
        double benign = 0;
        foreach (float share in baseline.LabelShares)
        {
            benign += share * MinusLog(share);
        }

        bool known = _queries >= FewestQueries;
        double recent = Entropy((ReadOnlySpan<byte>)_recentLabels, _recentTotal);
        double earlier = 0;
        for (int i = 0; i < Buckets && _earlierTotal > 0; i++)
        {
            earlier -= XLogX((double)_earlierLabels[i] / _earlierTotal);
        }

        return new CallerPlainSignals(
            _queries,
            _intervals >= FewestQueries && _fastInterval > 0 ? _slowInterval / _fastInterval : 1,
            recent,
            known ? earlier : recent,
            _answers >= FewestQueries ? _confidenceVariance : 0,
            known ? _surprise - benign : 0,
            _borderline,
            _answers >= FewestQueries && baseline.BorderlineShare > 0 ? _borderline / baseline.BorderlineShare : 1,
            _sweep,
            _longestSweep);
    }

    private static float MinusLog(float share) => -MathF.Log(Math.Max(share, 1e-6f));

    private static double XLogX(double share) => share > 0 ? share * Math.Log(share) : 0;

    private static double Entropy(ReadOnlySpan<byte> counts, int total)
    {
        double entropy = 0;
        for (int i = 0; i < counts.Length && total > 0; i++)
        {
            entropy -= XLogX((double)counts[i] / total);
        }

        return entropy;
    }

    private void NoteTime(long now)
    {
        if (_queries > 0 && now >= _latestAt)
        {
            _intervals = Math.Max(_intervals, _intervals + 1);
            float seconds = (float)Math.Min(((double)now - _latestAt) * 1e-9, LongestPause);
            _fastInterval += (seconds - _fastInterval) * Math.Max(FastShare, 1f / _intervals);
            _slowInterval += (seconds - _slowInterval) * Math.Max(SlowShare, 1f / _intervals);
        }

        _latestAt = now;
        _queries = Math.Max(_queries, _queries + 1);
    }

    private void NoteLabel(int label)
    {
        int bucket = label & (Buckets - 1);
        if (_recentTotal == RecentCount)
        {
            _recentTotal = 0;
            foreach (ref byte count in (Span<byte>)_recentLabels)
            {
                count /= 2;
                _recentTotal += count;
            }
        }

        if (_earlierTotal == EarlierCount)
        {
            _earlierTotal = 0;
            foreach (ref ushort count in (Span<ushort>)_earlierLabels)
            {
                count /= 2;
                _earlierTotal += count;
            }
        }

        _recentLabels[bucket]++;
        _recentTotal++;
        _earlierLabels[bucket]++;
        _earlierTotal++;
    }

    private void NoteAnswer(float confidence, float logMargin)
    {
        _answers = Math.Max(_answers, _answers + 1);
        float share = Math.Max(RecentShare, 1f / _answers);
        float difference = confidence - _confidence;
        _confidence += difference * share;
        _confidenceVariance = (1 - share) * (_confidenceVariance + (share * difference * difference)); // West, 1979
        bool isBorderline = confidence * (1 - MathF.Exp(-logMargin)) < Borderline;
        _borderline += ((isBorderline ? 1 : 0) - _borderline) * share;
    }

    private void NoteStep(in QuerySignals.SweepPosition position)
    {
        QuerySignals.SweepPosition step = default;
        float length = 0;
        float difference = 0;
        float differenceBefore = 0;
        for (int i = 0; i < 4; i++)
        {
            step[i] = position[i] - _position[i];
            length = Math.Max(length, Math.Abs(step[i]));
            difference = Math.Max(difference, Math.Abs(step[i] - _step[i]));
            differenceBefore = Math.Max(differenceBefore, Math.Abs(step[i] - _stepBefore[i]));
        }

        _position = position;
        float allowed = StepTolerance * length;
        if (!(length > SmallestStep))
        {
            return; // the same input again: neither goes on nor ends a sweep
        }

        if (difference <= allowed || differenceBefore <= allowed)
        {
            _sweep = (ushort)Math.Min(_sweep + 1, ushort.MaxValue);
            _longestSweep = Math.Max(_longestSweep, _sweep);
        }
        else
        {
            _sweep = 0;
        }

        if (difference > allowed)
        {
            _stepBefore = _step;
            _step = step;
        }
    }

    [InlineArray(Buckets)]
    private struct RecentLabels
    {
        private byte _first;
    }

    [InlineArray(Buckets)]
    private struct EarlierLabels
    {
        private ushort _first;
    }
}

using InferenceShield.Lab;

namespace InferenceShield.Statistics.Detection;

/// <summary>A thief who knows the whole algorithm of detection, but neither key nor calibration.</summary>
/// <remarks>He asks 300 rows of his pool and trains a copy, by whose answers he foresees how he looks; what leads his attack is trained again
/// whenever the answers have doubled. Of <see cref="Candidates"/> rows of his attack he asks the one that his guard likes best.</remarks>
internal sealed class AdaptiveThief
{
    private const int First = 300;
    private const int Candidates = 6;
    private const int ActiveChoices = 24;
    private const int NearBits = 2;

    public required ThiefProposal Proposal { get; init; }

    public ThiefGuard Guard { get; init; }

    /// <summary>Of a mixed pair: share of the second row, from and to.</summary>
    public (float Least, float Most) Mix { get; init; } = (0.3f, 0.7f);

    /// <summary>How far a row is moved, in shares of its bounds.</summary>
    public float Step { get; init; } = 0.1f;

    /// <summary>Of his own thresholds, below which he stays; the defender's may be lower than those he makes up.</summary>
    public double Bound { get; init; } = 0.6;

    /// <summary>Share of rows of his pool, put in at random.</summary>
    public double Padding { get; init; }

    /// <summary>Whether he asks nothing that is nearly one of his last 64 queries.</summary>
    public bool KeepsDistance { get; init; }

    /// <summary>Queries of the attack among those asked last.</summary>
    public int Attacks { get; private set; }

    /// <summary>Asks.</summary>
    /// <param name="model">What he steals.</param>
    /// <param name="budget">Queries, at least 300.</param>
    /// <param name="seed">All follows from it.</param>
    public Transcript Ask(WatchedModel model, int budget, ulong seed)
    {
        SeededRandom random = new(seed, stream: 220);
        int width = model.Thief.Width;
        Transcript transcript = new(width, model.Model.ClassCount);
        Attacks = 0;
        float[] row = new float[width];
        float[] answer = new float[model.Model.ClassCount];
        for (int i = 0; i < First; i++)
        {
            Put(model.Thief.GetRow(random.NextInt32(model.Thief.Count)), model, transcript, answer);
        }

        Surrogate copy = Train(model, transcript, seed);
        Surrogate foreseen = copy;
        int trained = transcript.Count;
        ThiefCalibration? own = Guard != ThiefGuard.None || KeepsDistance ? ThiefCalibration.Make(model, copy, Guard, seed) : null;
        ThiefState? state = own is null ? null : new ThiefState(own);
        for (int i = 0; i < transcript.Count && state is not null; i++)
        {
            Take(state, own!, foreseen, transcript.Inputs.Slice(i * width, width));
        }

        int count = own is null ? 1 : Candidates;
        float[] rows = new float[count * width];
        while (transcript.Count < budget)
        {
            bool isAttack = Padding == 0 || random.NextShare() >= Padding;
            double cost = Pick(isAttack, rows, row, model, (copy, foreseen), transcript, own, state, ref random);
            if (isAttack && cost > Bound && Guard == ThiefGuard.Calibration)
            {
                isAttack = false;
                Pick(isAttack: false, rows, row, model, (copy, foreseen), transcript, own, state, ref random);
            }

            Attacks += isAttack ? 1 : 0;
            Put(row, model, transcript, answer);
            if (state is not null)
            {
                Take(state, own!, foreseen, row);
            }

            if (transcript.Count >= 2 * trained && Proposal != ThiefProposal.Mix)
            {
                copy = Train(model, transcript, seed);
                trained = transcript.Count;
            }
        }

        return transcript;
    }

    private static Surrogate Train(WatchedModel model, Transcript transcript, ulong seed) => SurrogateTrainer.Train(
        transcript.Inputs, transcript.Answers, transcript.InputLength, transcript.AnswerLength, model.Steering, seed, 1, CancellationToken.None);

    private static void Put(ReadOnlySpan<float> row, WatchedModel model, Transcript transcript, float[] answer)
    {
        model.Model.Classify(row, answer);
        transcript.Add(row, answer);
    }

    /// <summary>His tables are of his first copy's answers, so that is whose answers he counts: the model's own are surer.</summary>
    private static void Take(ThiefState state, ThiefCalibration own, Surrogate foreseen, ReadOnlySpan<float> row)
    {
        QuerySignals signals = TrafficMeasure.MeasureRows(own.Calibration.Profile, foreseen, row)[0];
        state.Take(in signals);
    }

    /// <summary>Writes the row that costs least, and says how much it costs.</summary>
    private double Pick(
        bool isAttack, float[] rows, float[] row, WatchedModel model, (Surrogate Now, Surrogate First) copy, Transcript transcript, ThiefCalibration? own, ThiefState? state, ref SeededRandom random)
    {
        int width = row.Length;
        int count = rows.Length / width;
        if (isAttack)
        {
            Propose(rows, count, model, copy.Now, transcript, ref random);
        }
        else
        {
            for (int i = 0; i < count; i++)
            {
                model.Thief.GetRow(random.NextInt32(model.Thief.Count)).CopyTo(rows.AsSpan(i * width));
            }
        }

        if (own is null)
        {
            rows.AsSpan(0, width).CopyTo(row);
            return 0;
        }

        QuerySignals[] signals = TrafficMeasure.MeasureRows(own.Calibration.Profile, copy.First, rows);
        int best = 0;
        double least = double.PositiveInfinity;
        for (int i = 0; i < count; i++)
        {
            double cost = Guard switch
            {
                ThiefGuard.Means => state!.MeansAfter(in signals[i]),
                ThiefGuard.Calibration => state!.RatioAfter(in signals[i]),
                _ => 0,
            };
            cost += (KeepsDistance || Guard == ThiefGuard.Calibration) && state!.IsNear(in signals[i], NearBits) ? 1e6 : 0;
            if (cost < least)
            {
                (best, least) = (i, cost);
            }
        }

        rows.AsSpan(best * width, width).CopyTo(row);
        return least;
    }

    /// <summary>Writes rows of the attack.</summary>
    public void Propose(float[] rows, int count, WatchedModel model, Surrogate copy, Transcript transcript, ref SeededRandom random)
    {
        int width = model.Thief.Width;
        switch (Proposal)
        {
            case ThiefProposal.Mix:
                for (int i = 0; i < count; i++)
                {
                    MixRows(rows.AsSpan(i * width, width), model.Thief, ref random);
                }

                return;
            case ThiefProposal.Active:
                Dataset choices = model.Thief.Select(random.Choose(model.Thief.Count, ActiveChoices * count));
                float[] answers = WatchedModel.Answer(copy, choices.Values.Span);
                int[] order = [.. Enumerable.Range(0, choices.Count).OrderBy(i => Certainty(answers.AsSpan(i * copy.ClassCount, copy.ClassCount))).Take(count)];
                for (int i = 0; i < count; i++)
                {
                    choices.GetRow(order[i]).CopyTo(rows.AsSpan(i * width));
                }

                return;
            default:
                float[] targets = new float[count * copy.ClassCount];
                float[] gradient = new float[rows.Length];
                for (int i = 0; i < count; i++)
                {
                    int parent = random.NextInt32(transcript.Count);
                    transcript.Inputs.Slice(parent * width, width).CopyTo(rows.AsSpan(i * width));
                    ReadOnlySpan<float> answer = transcript.Answers.Slice(parent * copy.ClassCount, copy.ClassCount);
                    targets[(i * copy.ClassCount) + System.Numerics.Tensors.TensorPrimitives.IndexOfMax(answer)] = 1;
                }

                copy.GetInputGradient(rows, targets, gradient);
                for (int i = 0; i < rows.Length; i++)
                {
                    float reach = Step * (model.Bounds.Maximum.Span[i % width] - model.Bounds.Minimum.Span[i % width]);
                    rows[i] = Math.Clamp(rows[i] + (reach * Math.Sign(gradient[i])), model.Bounds.Minimum.Span[i % width], model.Bounds.Maximum.Span[i % width]);
                }

                return;
        }
    }

    private void MixRows(Span<float> row, Dataset pool, ref SeededRandom random)
    {
        ReadOnlySpan<float> first = pool.GetRow(random.NextInt32(pool.Count));
        ReadOnlySpan<float> second = pool.GetRow(random.NextInt32(pool.Count));
        float share = random.NextBetween(Mix.Least, Mix.Most);
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = first[i] + (share * (second[i] - first[i]));
        }
    }

    /// <summary>How far the leading class leads.</summary>
    private static float Certainty(ReadOnlySpan<float> answer)
    {
        float first = 0;
        float second = 0;
        foreach (float p in answer)
        {
            second = Math.Max(second, Math.Min(p, first));
            first = Math.Max(first, p);
        }

        return first - second;
    }
}

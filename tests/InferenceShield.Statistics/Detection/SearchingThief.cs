using InferenceShield.Lab;

namespace InferenceShield.Statistics.Detection;

/// <summary>A thief who looks for the strongest attack that goes unanswered: a change of the answers' granularity is his oracle.</summary>
/// <remarks>The idea of OARS (Feng et al., "Stateful defenses for machine learning models are not yet secure against black-box attacks", CCS
/// 2023): make a weaker proposal whenever the defence shows that it noticed. Here an alarmed caller gets labels only, after a random
/// delay; the thief then takes another key and halves his step or weight. Without <see cref="Looks"/> he stays.</remarks>
internal sealed class SearchingThief
{
    private const int LeastDelay = 32;
    private const int MostDelay = 256;
    private const int Rungs = 6;

    /// <summary>What he asks at first.</summary>
    public required AdaptiveThief Start { get; init; }

    /// <summary>Whether he can see that answers became labels. Under a silent posture he cannot.</summary>
    public bool Looks { get; init; }

    /// <summary>Whether an alarm has any effect on answers.</summary>
    public bool IsAnswered { get; init; } = true;

    public int Keys { get; private set; }

    public int AlarmedKeys { get; private set; }

    /// <summary>Share of the queries that got full answers.</summary>
    public double FullAnswers { get; private set; }

    /// <summary>Halvings of his first proposal in the end.</summary>
    public int Rung { get; private set; }

    public Transcript Ask(WatchBench bench, int budget, ulong seed)
    {
        WatchedModel model = bench.Model;
        SeededRandom random = new(seed, stream: 230);
        Transcript transcript = new(model.Thief.Width, model.Model.ClassCount);
        Surrogate? copy = null;
        int trained = 0;
        int full = 0;
        (Keys, AlarmedKeys, Rung) = (0, 0, 0);
        float[] row = new float[model.Thief.Width];
        float[] answer = new float[model.Model.ClassCount];
        while (transcript.Count < budget)
        {
            CallerMonitor monitor = new(bench.Calibration);
            Keys++;
            int labelsFrom = int.MaxValue;
            AdaptiveThief thief = Weaken(Start, Rung);
            for (int asked = 0; transcript.Count < budget; asked++)
            {
                if (transcript.Count < 300)
                {
                    model.Thief.GetRow(random.NextInt32(model.Thief.Count)).CopyTo(row);
                }
                else
                {
                    if (copy is null || (transcript.Count >= 2 * trained && Start.Proposal != ThiefProposal.Mix))
                    {
                        trained = transcript.Count;
                        copy = SurrogateTrainer.Train(
                            transcript.Inputs, transcript.Answers, transcript.InputLength, transcript.AnswerLength, model.Steering, seed, 1, CancellationToken.None);
                    }

                    thief.Propose(row, 1, model, copy, transcript, ref random);
                }

                model.Model.Classify(row, answer);
                QuerySignals signals = default;
                bench.Profile.Measure(row, answer, (ulong)transcript.Count + 1, ref signals);
                monitor.Observe(in signals);
                if (labelsFrom == int.MaxValue && IsAnswered && monitor.Verdicts.Count > 0)
                {
                    AlarmedKeys++;
                    labelsFrom = asked + LeastDelay + random.NextInt32(MostDelay - LeastDelay);
                }

                if (asked >= labelsFrom)
                {
                    int label = signals.Label;
                    answer.AsSpan().Clear();
                    answer[label] = 1;
                }

                transcript.Add(row, answer);
                full += asked >= labelsFrom ? 0 : 1;
                if (Looks && asked >= labelsFrom)
                {
                    Rung = Math.Min(Rung + 1, Rungs);
                    break;
                }
            }
        }

        FullAnswers = (double)full / budget;
        return transcript;
    }

    private static AdaptiveThief Weaken(AdaptiveThief thief, int rung)
    {
        float by = MathF.Pow(0.5f, rung);
        return new AdaptiveThief { Proposal = thief.Proposal, Mix = (thief.Mix.Least * by, thief.Mix.Most * by), Step = thief.Step * by };
    }
}

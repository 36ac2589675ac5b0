using System.Security.Cryptography;
using InferenceShield.Lab;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>Marks in the answers of a session, which reads its inputs itself.</summary>
public sealed class MarkTests
{
    private const int Width = 8;
    private const int Classes = 10;

    [Fact]
    public void A_session_marks_by_the_input_as_a_host_does_and_a_batch_as_its_rows()
    {
        HardeningOptions hardening = new()
        {
            Watermark = new WatermarkOptions { NearTie = new NearTieMarkOptions { Margin = .5, Keying = MarkKeying.ExactInput }, Triggers = new LabelTriggerOptions { Rate = .01 } },
        };
        using TestSession session = TestSession.Of(TestModels.Linear(Width, Classes), OutputKind.Logits, hardening: hardening);
        float[] batch = Rows(40);
        float[] released = session.Ask(batch, 40 * Classes);
        int moved = 0;
        for (int row = 0; row < 40; row++)
        {
            float[] input = batch[(row * Width)..((row + 1) * Width)];
            float[] clean = Logits(input);
            float[] answer = released[(row * Classes)..((row + 1) * Classes)];
            Assertions.SameBits(answer, session.Ask(input, Classes));
            float[] hosts = new float[Classes];
            Admission admission = session.Shield.Admit(session.Caller, new byte[1]);
            session.Shield.Harden(in admission, [session.Shield.ReadMarkInput(input)], clean, hosts, Classes);
            Assertions.SameBits(hosts, answer);
            moved += Assertions.FirstOfLargest(answer) == Assertions.FirstOfLargest(clean) ? 0 : 1;
        }

        Assert.True(moved > 3, $"{moved} moved");
        Assert.Equal((120, 3 * moved), (session.Shield.GetUtility().Rows, session.Shield.GetUtility().LabelsMoved));
    }

    [Fact]
    public void Noise_that_belongs_to_exact_inputs_is_that_of_a_session_without_marks()
    {
        HardeningOptions noisy = new() { NoiseCell = NoiseCell.ExactInput, KeyedNoiseBudget = .3, Decimals = 5 };
        using TestSession plain = TestSession.Of(TestModels.Linear(Width, Classes), OutputKind.Logits, hardening: noisy);
        using TestSession session = TestSession.Of(
            TestModels.Linear(Width, Classes), OutputKind.Logits, hardening: noisy, configure: options =>
                options.Guarded.Watermark = new WatermarkOptions { NearTie = new NearTieMarkOptions { Keying = MarkKeying.ExactInput } });
        float[] batch = Rows(10);
        Assertions.SameBits(plain.Ask(batch, 10 * Classes), session.Ask(batch, 10 * Classes));
    }

    [Fact]
    public void Every_input_of_any_type_counts_and_a_row_is_marked_alike_in_every_batch()
    {
        using TestSession session = TestSession.Of(
            TestModels.Recurrent(),
            [("score", OutputKind.Probabilities), ("next", OutputKind.State)],
            options => options.Hardening.Watermark = new WatermarkOptions { NearTie = new NearTieMarkOptions { Margin = .5, Keying = MarkKeying.ExactInput } });
        using ShieldedRequest request = session.Session.CreateRequest();
        foreach (int changed in (int[])[0, 1, 2])
        {
            int higher = 0;
            for (int i = 1; i <= 40; i++)
            {
                // Next to nothing for the model, which is torn between its two labels; another input for the mark.
                float[] frame = [changed == 0 ? 1e-30f * i : 0, 0, 0, 0, 0, 0, 0, 0];
                float[] state = [changed == 1 ? 1e-30f * i : 0, 0, 0, 0, 0, 0, 0, 0];
                long rate = changed == 2 ? i : 1;
                int[] labels = Labels(frame, state, rate, 2);
                Assert.Equal(labels[0], Assert.Single(Labels(frame[..4], state[..4], rate, 1)));
                Assert.Equal(labels[1], Assert.Single(Labels(frame[4..], state[4..], rate, 1)));
                higher += labels[0];
            }

            Assert.InRange(higher, 8, 32);
        }

        int[] Labels(float[] frame, float[] state, long rate, int rows)
        {
            request.SetInput<float>("frame", frame, [rows, 4]);
            request.SetInput<float>("state", state, [rows, 4]);
            request.SetInput<long>("rate", [rate], []);
            Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
            int[] labels = new int[rows];
            for (int row = 0; row < rows; row++)
            {
                labels[row] = Assertions.FirstOfLargest(request.GetOutput("score").Slice(2 * row, 2));
            }

            return labels;
        }
    }

    [Fact]
    public void A_request_can_ask_for_answers_without_marks_which_are_kept_apart()
    {
        using TestSession session = TestSession.Of(
            TestModels.Linear(Width, Classes),
            OutputKind.Logits,
            hardening: new HardeningOptions { Watermark = new WatermarkOptions { NearTie = new NearTieMarkOptions { Margin = .5 } } },
            options: new ShieldedSessionOptions { AnswerCache = new AnswerCacheOptions { Megabytes = 1 } });
        using TestSession plain = TestSession.Of(TestModels.Linear(Width, Classes), OutputKind.Logits);
        using ShieldedRequest request = session.Session.CreateRequest();
        float[] batch = Rows(40);
        float[] clean = plain.Ask(batch, 40 * Classes);
        float[] marked = session.Ask(batch, 40 * Classes);
        Assert.False(Assertions.AreSameBits(clean, marked));
        request.SetInput<float>(TestModels.Input, batch, [40, Width]);
        foreach (bool unmarked in (bool[])[true, false, true])
        {
            request.Unmarked = unmarked;
            Admission admission = session.Session.Run(session.Caller, request);
            Assert.True(admission.IsAdmitted);
            Assertions.SameBits(unmarked ? clean : marked, request.GetOutput(TestModels.Output));
        }

        Assert.Equal((80, 80), (session.Session.GetAnswerCacheStatistics().Hits, session.Session.GetAnswerCacheStatistics().Misses));
    }

    [Fact]
    public void Tokens_are_marked_by_the_context_of_each_call()
    {
        const int Vocabulary = 64;
        using TestSession session = TestSession.Of(
            TestModels.Linear(Width, Vocabulary),
            OutputKind.TokenLogits,
            configure: shield => shield.Hardening.Watermark = new WatermarkOptions { GreenList = new GreenListMarkOptions() },
            options: new ShieldedSessionOptions { AnswerCache = new AnswerCacheOptions { Megabytes = 1 } });
        using ShieldedRequest request = session.Session.CreateRequest();
        float[] row = Rows(1);
        request.SetInput<float>(TestModels.Input, row, [1, Width]);
        List<float[]> answers = [];
        foreach (int[] context in (int[][])[[1, 2, 3, 4, 5, 6, 7, 8], [8, 7, 6, 5, 4, 3, 2, 1], [1, 2, 3, 4, 5, 6, 7, 8], []])
        {
            float[] weights = TestModels.Weights(Width * Vocabulary);
            float[] clean = [.. Enumerable.Range(0, Vocabulary).Select(token => row.Select((value, i) => value * weights[(i * Vocabulary) + token]).Sum())];
            request.SetContext(context);
            Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
            answers.Add(request.GetOutput(TestModels.Output).ToArray());
            Admission admission = session.Shield.Admit(session.Caller, new byte[1]);
            session.Shield.Harden(in admission, context, clean);
            Assertions.SameBits(clean, answers[^1]);
        }

        Assertions.SameBits(answers[0], answers[2]);
        Assert.False(Assertions.AreSameBits(answers[0], answers[1]));
        Assert.False(Assertions.AreSameBits(answers[0], answers[3]));
        long rows = session.Shield.GetUtility().Rows;
        Assert.Contains("SetContext", Assert.Throws<InvalidOperationException>(() => session.Session.Run(session.Caller, request)).Message, StringComparison.Ordinal);
        Assert.Contains("SetContext", Assert.Throws<InvalidOperationException>(() => session.Session.Run(session.Caller, row, new float[Vocabulary])).Message, StringComparison.Ordinal);
        request.SetInput<float>(TestModels.Input, Rows(2), [2, Width]);
        request.SetContext([1]);
        Assert.Contains("one row a call", Assert.Throws<InvalidQueryException>(() => session.Session.Run(session.Caller, request)).Message, StringComparison.Ordinal);
        Assert.Equal(rows, session.Shield.GetUtility().Rows);
    }

    [Fact]
    public void Rows_of_a_call_whose_later_output_faults_are_not_in_the_list()
    {
        using TestFolder folder = new();
        string file = folder.File("list");
        foreach (OutputKind second in (OutputKind[])[OutputKind.Probabilities, OutputKind.Logits])
        {
            using (TestSession session = TestSession.Of(TestModels.Classifier(), [("embedding", OutputKind.Logits), ("logits", second)], shield =>
            {
                shield.Evidence.File = file;
                shield.Outputs["embedding"].Hardening = new HardeningOptions { Watermark = new WatermarkOptions { NearTie = new NearTieMarkOptions { Margin = .5 } } };
            }))
            {
                using ShieldedRequest request = session.Session.CreateRequest();
                request.SetInput<float>(TestModels.Input, Rows(20), [20, Width]);
                if (second == OutputKind.Probabilities)
                {
                    Assert.Throws<InvalidModelOutputException>(() => session.Session.Run(session.Caller, request));
                }
                else
                {
                    Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);
                }

                session.Shield.Dispose();
                Assert.True(second == OutputKind.Logits ? session.Shield.Evidence!.Value.Recorded > 0 : session.Shield.Evidence!.Value.Recorded == 0);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_caller_who_gets_a_kept_answer_is_in_the_list_as_the_first_one(bool keepInputs)
    {
        using TestFolder folder = new();
        string file = folder.File("list");
        HardeningOptions hardening = new() { Watermark = new WatermarkOptions { NearTie = new NearTieMarkOptions { Margin = .5 } } };
        foreach (bool isLone in (bool[])[true, false])
        {
            ShieldedSessionOptions cached = new() { AnswerCache = new AnswerCacheOptions { Megabytes = 1 } };
            void Configure(ShieldOptions options)
            {
                options.Hardening = hardening;
                (options.Evidence.File, options.Evidence.KeepInputs) = (file + isLone, keepInputs);
            }

            using TestSession session = isLone
                ? TestSession.Of(TestModels.Linear(Width, Classes), OutputKind.Logits, hardening: hardening, configure: Configure, options: cached)
                : TestSession.Of(TestModels.Classifier(), [("embedding", OutputKind.Logits), ("logits", OutputKind.Logits)], Configure, options: cached);
            using ShieldedRequest request = session.Session.CreateRequest();
            CallerKey second = session.Shield.IdentifyCaller("second");
            request.SetInput<float>(TestModels.Input, Rows(20), [20, Width]);
            foreach (CallerKey caller in (CallerKey[])[session.Caller, second])
            {
                Assert.True(session.Session.Run(caller, request).IsAdmitted);
            }

            Assert.Equal(20, session.Session.GetAnswerCacheStatistics().Hits);
            session.Shield.Dispose();
            using ShieldSecret secret = ShieldSecrets.FromBytes(SHA256.HashData("test secret 1"u8)).GetSecret();
            using EvidenceKey key = EvidenceKey.Of(secret, session.Shield.Name);
            EvidenceReader reader = EvidenceReader.Open(file + isLone, key);
            EvidenceRecord[] first = [.. reader.Read(session.Caller)];
            EvidenceRecord[] again = [.. reader.Read(second)];
            Assert.InRange(first.Length, 2, 40);
            Assert.Equal(first.Select(Said), again.Select(Said));
            Assert.Equal(first.Select(record => record.Input.ToArray()), again.Select(record => record.Input.ToArray()));
        }

        static (MarkKinds, int, int, int, InputDigest, int) Said(EvidenceRecord record) => (record.Kinds, record.Output, record.Clean, record.Released, record.Digest, record.Input.Length);
    }

    private static float[] Logits(float[] input)
    {
        float[] weights = TestModels.Weights(Width * Classes);
        return [.. Enumerable.Range(0, Classes).Select(label => input.Select((value, i) => value * weights[(i * Classes) + label]).Sum())];
    }

    private static float[] Rows(int count)
    {
        SeededRandom random = new(55, 1);
        float[] rows = new float[count * Width];
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = (random.NextInt32(17) - 8) / 8f; // sums are exact in any order
        }

        return rows;
    }
}

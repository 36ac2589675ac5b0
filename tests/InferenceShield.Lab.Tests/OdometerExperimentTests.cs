namespace InferenceShield.Lab.Tests;

public sealed class OdometerExperimentTests
{
    private static readonly Teacher s_pool = new(1_600, 12, 4, seed: 1);

    [Fact]
    public void More_of_the_honest_inputs_give_a_higher_reading_and_a_better_copy_and_the_same_on_every_run()
    {
        Known target = new(s_pool);
        DetectionCalibration calibration = Calibrate();
        Dataset rows = new("pool", s_pool.Inputs.AsMemory(600 * 12), 12);
        OdometerExperimentOptions options = new() { Counts = [20, 100, 400, 9_999], Repeats = 2, Surrogate = new() { Kind = SurrogateKind.Linear } };

        OdometerCurve curve = OdometerExperiment.Measure(target, calibration, rows.Slice(0, 600), rows.Slice(600, 400), options);
        OdometerCurve again = OdometerExperiment.Measure(target, calibration, rows.Slice(0, 600), rows.Slice(600, 400), options with { Threads = 2 });

        Assert.Equal(curve.Points.AsEnumerable(), again.Points);
        Assert.Equal([20, 100, 400], curve.Points.Select(point => point.Queries));
        Assert.True(curve.Points[0].Odometer < curve.Points[2].Odometer);
        Assert.InRange(curve.Points[2].Odometer, .5, 1);
        Assert.True(curve.Points[0].Agreement < curve.Points[2].Agreement && curve.Points[2].Agreement > .8, string.Join(' ', curve.Points));
        Assert.All(curve.Points, point => Assert.True(curve.AgreementAt(point.Odometer) >= point.Most));
    }

    [Fact]
    public void A_calibration_of_another_model_is_refused()
    {
        Dataset rows = new("pool", new float[200], 2);

        ArgumentException exception = Assert.Throws<ArgumentException>(() => OdometerExperiment.Measure(new ToyTarget(), Calibrate(), rows, rows));

        Assert.Contains("Calibrate this model", exception.Message, StringComparison.Ordinal);
    }

    private static DetectionCalibration Calibrate()
    {
        const int Benign = 600;
        SeededRandom random = new(5, stream: 3);
        byte[] material = new byte[ShieldSecret.MinimumLength];
        foreach (ref byte value in material.AsSpan())
        {
            value = (byte)(random.NextUInt64() >> 56);
        }

        using ShieldSecret secret = new(material);
        DetectionProfile profile = DetectionProfile.Learn(
            secret, "m", InputKind.Tabular, OutputKind.Probabilities, s_pool.Inputs.AsSpan(0, Benign * 12), 12, s_pool.Answers.AsSpan(0, Benign * 4), 4);
        QuerySignals[] benign = new QuerySignals[Benign];
        for (int row = 0; row < Benign; row++)
        {
            profile.Measure(s_pool.Inputs.AsSpan(row * 12, 12), s_pool.Answers.AsSpan(row * 4, 4), (ulong)row + 1, ref benign[row]);
        }

        return new DetectionCalibration(profile, 0, null!, null, null, null, OdometerCells.Learn(4, benign, 3), null, null!);
    }

    /// <summary>Answers the rows of the pool by what the teacher says of them.</summary>
    private sealed class Known(Teacher teacher) : IClassifier
    {
        private readonly Dictionary<(float, float), int> _rows = Enumerable.Range(0, teacher.Count).ToDictionary(row => (teacher.Inputs[row * teacher.Width], teacher.Inputs[(row * teacher.Width) + 1]));

        public int InputLength => teacher.Width;

        public int ClassCount => teacher.Classes;

        public void Classify(ReadOnlySpan<float> inputs, Span<float> probabilities)
        {
            for (int row = 0; row < inputs.Length / InputLength; row++)
            {
                teacher.Answers.AsSpan(_rows[(inputs[row * InputLength], inputs[(row * InputLength) + 1])] * ClassCount, ClassCount).CopyTo(probabilities[(row * ClassCount)..]);
            }
        }
    }
}

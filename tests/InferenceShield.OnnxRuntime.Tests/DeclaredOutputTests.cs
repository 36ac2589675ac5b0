namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>What the shield was told of the model's outputs, against what the model has.</summary>
public sealed class DeclaredOutputTests
{
    [Fact]
    public void Outputs_that_are_not_declared_are_not_returned()
    {
        using TestSession session = TestSession.Of(TestModels.Classifier(), OutputKind.Probabilities, output: "probabilities");
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<float>(TestModels.Input, TestModels.Weights(8), [1, 8]);
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);

        Assert.Equal(10, request.GetOutput("probabilities").Length);
        foreach (string name in (string[])["logits", "embedding", "label", "nothing", "Probabilities", ""])
        {
            Assertions.Says(Assert.Throws<ArgumentException>(() => request.GetOutput(name).Length).Message, $"'{name}' is not declared", "probabilities (Probabilities)");
        }

        Assert.Equal(["probabilities"], session.Session.Outputs.Select(output => output.Name));
        Assert.Equal("x: Float [batch, 8]", Assert.Single(session.Session.Inputs).ToString());
    }

    [Fact]
    public void A_declared_output_that_the_model_lacks_is_an_error_that_names_those_it_has()
    {
        ModelFileException exception = Assert.Throws<ModelFileException>(() =>
            TestSession.Of(TestModels.Classifier(), [("probabilities", OutputKind.Probabilities), ("probability", OutputKind.Probabilities)]));
        Assertions.Says(
            exception.Message,
            "'model'", "'probability'", "logits: Float [batch, 10]", "probabilities: Float [batch, 10]", "embedding: Float [batch, 10]", "label: Int64 [batch]");
    }

    [Fact]
    public void Another_number_of_classes_than_the_model_has_is_an_error_at_start()
    {
        ModelFileException exception = Assert.Throws<ModelFileException>(() => TestSession.Of(
            TestModels.Classifier(), [("probabilities", OutputKind.Probabilities)], options => options.Outputs["probabilities"].Classes = 12));
        Assertions.Says(exception.Message, "probabilities: Float [batch, 10]", "has 10 numbers", "declares 12", "Outputs:probabilities:Classes");
    }

    [Fact]
    public void Logits_declared_as_probabilities_are_not_released()
    {
        using TestSession session = TestSession.Of(TestModels.Classifier(), OutputKind.Probabilities, output: "logits");
        float[] input = TestModels.Weights(16);
        float[] released = new float[20];
        Array.Fill(released, 7);
        InvalidModelOutputException exception = Assert.Throws<InvalidModelOutputException>(() => session.Session.Run(session.Caller, input, released));

        Assertions.Says(exception.Message, "'logits'", "Probabilities", "row 0 sums to", "Declare it as Logits");
        Assert.Equal(("logits", 0, -1), (exception.Output, exception.Row, exception.Class));
        Assertions.AllZero(released);
    }

    [Fact]
    public void The_row_that_is_no_distribution_is_named()
    {
        using TestSession session = TestSession.Of(TestModels.Cast(Lab.OnnxElementType.Float, Lab.OnnxElementType.Float), OutputKind.Probabilities);
        // Squares: .5² x 4 = 1, and .5² x 3 + 1 = 1.75.
        float[] released = new float[12];
        InvalidModelOutputException exception = Assert.Throws<InvalidModelOutputException>(() =>
            session.Session.Run(session.Caller, [.5f, .5f, .5f, .5f, .5f, .5f, .5f, 1, .5f, .5f, .5f, .5f], released));
        Assertions.Says(exception.Message, "row 1 sums to 1.75, not 1");
        Assert.Equal(1, exception.Row);
        Assertions.AllZero(released);
        Assertions.IsReleased(session.Ask([.5f, -.5f, .5f, .5f], 4), top: 0);
    }

    [Fact]
    public void Every_declared_output_is_hardened_as_it_is_declared()
    {
        using TestSession session = TestSession.Of(
            TestModels.Classifier(),
            [("logits", OutputKind.Logits), ("probabilities", OutputKind.Probabilities), ("embedding", OutputKind.Embedding)],
            options =>
            {
                options.Outputs["probabilities"].Hardening = new HardeningOptions { Release = Release.LabelOnly };
                options.Outputs["embedding"].Hardening = new HardeningOptions { SignificantDigits = 1 };
            });
        using TestSession bare = TestSession.Of(TestModels.Classifier(), OutputKind.Logits, output: "logits", configure: options => options.Mode = ShieldMode.ObserveOnly);
        float[] input = [.. TestModels.Weights(24).Select(weight => weight / 8)];
        float[] clean = bare.Ask(input, 30);
        using ShieldedRequest request = session.Session.CreateRequest();
        request.SetInput<float>(TestModels.Input, input, [3, 8]);
        Assert.True(session.Session.Run(session.Caller, request).IsAdmitted);

        for (int row = 0; row < 3; row++)
        {
            int top = Assertions.FirstOfLargest(clean.AsSpan(row * 10, 10));
            Assertions.IsReleased(request.GetOutput("logits").Slice(row * 10, 10), top);
            Assertions.IsReleased(request.GetOutput("probabilities").Slice(row * 10, 10), top, units: 1);
            foreach (float value in request.GetOutput("embedding").Slice(row * 10, 10))
            {
                Assert.Equal(value, float.Parse(value.ToString("E0")));
            }
        }

        Assert.Equal(9, session.Shield.GetStatistics().Hardened);
        Assert.Equal(3, session.Shield.GetStatistics().Admitted);
    }
}

namespace InferenceShield.Tests;

/// <summary>Shield.Harden: which calls it takes, what it refuses, and what never leaves.</summary>
public sealed class ShieldHardenTests
{
    public static TheoryData<OutputKind> HardenedKinds { get; } = [OutputKind.Logits, OutputKind.Probabilities, OutputKind.Embedding, OutputKind.Regression];

    [Theory]
    [MemberData(nameof(HardenedKinds))]
    public void A_value_that_is_not_finite_is_an_error_naming_row_and_class_and_nothing_is_released(OutputKind kind)
    {
        const int Rows = 4;
        const int Classes = 5;
        using Shield shield = TestShield.Build(kind);
        foreach (float wrong in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            for (int place = 0; place < Rows * Classes; place++)
            {
                float[] clean = [.. Enumerable.Repeat(0.2f, Rows * Classes)];
                clean[place] = wrong;
                float[] kept = [.. clean];
                float[] released = [.. Enumerable.Repeat(7f, clean.Length)];
                Admission admission = shield.AdmitRows(Rows);
                InvalidModelOutputException exception = Assert.Throws<InvalidModelOutputException>(
                    () => shield.Harden(in admission, clean, released, Classes));
                Assert.Equal((TestShield.Output, place / Classes, place % Classes), (exception.Output, exception.Row, exception.Class));
                Assert.Equal(
                    FormattableString.Invariant($"The model's output 'scores' is {wrong} at row {place / Classes}, class {place % Classes}. Nothing of this call is released. Check the model and its input ranges."),
                    exception.Message);
                Assert.All(released, value => Assert.Equal(0, value));
                Assertions.SameBits(kept, clean);

                Assert.Throws<InvalidModelOutputException>(() => shield.Harden(in admission, clean, Classes));
                Assert.All(clean, value => Assert.Equal(0, value));
            }
        }

        Assert.Equal(0, shield.GetStatistics().Hardened);
    }

    [Theory]
    [InlineData(0.5f, 0.5f, 0.02f, "1.02")]
    [InlineData(0.5f, 0.48f, 0f, "0.98")]
    [InlineData(0f, 0f, 0f, "0")]
    [InlineData(3f, 2f, -1f, "4")]
    [InlineData(3.4e38f, 3.4e38f, 3.4e38f, "1.02E+39")]
    public void Probabilities_that_do_not_sum_to_1_are_an_error_that_suggests_logits(float a, float b, float c, string sum)
    {
        using Shield shield = TestShield.Build();
        Admission admission = shield.AdmitRows(2);
        float[] scores = [0.2f, 0.3f, 0.5f, a, b, c];
        InvalidModelOutputException exception = Assert.Throws<InvalidModelOutputException>(() => shield.Harden(in admission, scores, 3));
        Assert.Equal((TestShield.Output, 1, -1), (exception.Output, exception.Row, exception.Class));
        Assert.Equal(
            $"The model's output 'scores' is declared as Probabilities, but row 1 sums to {sum}, not 1. Nothing of this call is released. Declare it as Logits if it holds unnormalised scores, as SigmoidProbabilities if each score is a probability by itself.",
            exception.Message);
        Assert.All(scores, value => Assert.Equal(0, value));
    }

    [Fact]
    public void Negative_probabilities_are_an_error_that_names_the_class_and_no_score()
    {
        using Shield shield = TestShield.Build();
        Admission admission = shield.AdmitRows(2);
        float[] scores = [0.2f, 0.3f, 0.5f, 0.7654321f, 0.25f, -0.0154321f];
        InvalidModelOutputException exception = Assert.Throws<InvalidModelOutputException>(() => shield.Harden(in admission, scores, 3));
        Assert.Equal((1, 2), (exception.Row, exception.Class));
        Assert.Contains("row 1, class 2 is negative", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("0.7", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("0.01", exception.Message, StringComparison.Ordinal);
        Assert.All(scores, value => Assert.Equal(0, value));
    }

    [Fact]
    public void The_error_names_the_output_at_fault()
    {
        using Shield shield = TestShield.Build(configure: options => options.Outputs["embedding"] = new OutputOptions { Kind = OutputKind.Embedding });
        Admission admission = shield.AdmitRows(1);
        float[] values = [float.NaN];
        int output = shield.GetOutputIndex("embedding");
        Assert.Equal("embedding", Assert.Throws<InvalidModelOutputException>(() => shield.Harden(in admission, values, 1, output)).Output);
    }

    [Fact]
    public void State_passes_through_untouched_whatever_it_holds()
    {
        using Shield shield = TestShield.Build(OutputKind.State);
        float[] state = [float.NaN, float.PositiveInfinity, -0f, 1.2345678f, -3.4e38f, float.Epsilon];
        Assertions.SameBits(state, shield.Release(state, 3));
        float[] inPlace = [.. state];
        Admission admission = shield.AdmitRows(1);
        shield.Harden(in admission, inPlace, 6);
        Assertions.SameBits(state, inPlace);
        Assert.Equal(0, shield.GetStatistics().Hardened);
    }

    [Fact]
    public void Rows_may_be_time_steps_of_the_admitted_rows()
    {
        using Shield shield = TestShield.Build();
        Admission admission = shield.AdmitRows(2);
        float[] scores = [.. Enumerable.Repeat(0.5f, 2 * 3 * 2)];
        shield.Harden(in admission, scores, 2);
        Assert.Equal(Enumerable.Repeat(new[] { 0.51f, 0.49f }, 6).SelectMany(row => row), scores);
        Assert.Equal(6, shield.GetStatistics().Hardened);
    }

    [Theory]
    [InlineData(9, 3, 2)] // 3 rows are no multiple of 2
    [InlineData(7, 3, 1)] // no whole rows
    [InlineData(2, 3, 1)]
    [InlineData(0, 3, 1)]
    [InlineData(3, 3, 2)] // less than was admitted
    public void Scores_that_are_not_the_admitted_rows_are_a_misuse(int length, int classes, int rows)
    {
        using Shield shield = TestShield.Build();
        Admission admission = shield.AdmitRows(rows);
        float[] scores = new float[length];
        ArgumentException exception = Assert.Throws<ArgumentException>(() => shield.Harden(in admission, scores, classes));
        Assert.StartsWith(
            $"{length} scores are not {rows} admitted rows (or time steps of them) of {classes} classes.", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_row_has_at_least_one_class(int classes)
    {
        using Shield shield = TestShield.Build();
        Admission admission = shield.AdmitRows(1);
        Assert.Equal("classes", Assert.Throws<ArgumentOutOfRangeException>(() => shield.Harden(in admission, [1f], classes)).ParamName);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public void The_released_span_is_as_long_as_the_clean_one(int length)
    {
        using Shield shield = TestShield.Build();
        Admission admission = shield.AdmitRows(1);
        ArgumentException exception = Assert.Throws<ArgumentException>(() => shield.Harden(in admission, new float[4], new float[length], 4));
        Assert.StartsWith($"4 scores do not fit into {length}.", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(0, 3)]
    public void Spans_that_overlap_without_being_the_same_are_a_misuse(int clean, int released)
    {
        using Shield shield = TestShield.Build();
        Admission admission = shield.AdmitRows(1);
        float[] memory = [0.25f, 0.25f, 0.25f, 0.25f, 0, 0, 0, 0];
        float[] before = [.. memory];
        ArgumentException exception = Assert.Throws<ArgumentException>(
            () => shield.Harden(in admission, memory.AsSpan(clean, 4), memory.AsSpan(released, 4), 4));
        Assert.StartsWith("The spans overlap but are not the same span.", exception.Message, StringComparison.Ordinal);
        Assert.Equal(before, memory);
    }

    [Fact]
    public void Neighbouring_spans_do_not_overlap()
    {
        using Shield shield = TestShield.Build();
        Admission admission = shield.AdmitRows(1);
        float[] memory = [0.5f, 0.5f, 0, 0];
        shield.Harden(in admission, memory.AsSpan(0, 2), memory.AsSpan(2, 2), 2);
        Assert.Equal([0.5f, 0.5f, 0.51f, 0.49f], memory);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(int.MaxValue)]
    public void An_output_that_does_not_exist_is_a_misuse(int output)
    {
        using Shield shield = TestShield.Build();
        Admission admission = shield.AdmitRows(1);
        ArgumentOutOfRangeException exception = Assert.Throws<ArgumentOutOfRangeException>(() => shield.Harden(in admission, [1f], 1, output));
        Assert.Equal("output", exception.ParamName);
        Assert.StartsWith("Outputs are numbered 0 to 0: scores (Probabilities).", exception.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => shield.GetOutputKind(output));
    }

    [Fact]
    public void Outputs_are_numbered_in_the_order_of_their_names_and_hardened_by_their_own_options()
    {
        using Shield shield = TestShield.Build(configure: options =>
        {
            options.Outputs["z"] = new OutputOptions { Kind = OutputKind.Logits, Hardening = new HardeningOptions { Release = Release.LabelOnly } };
            options.Outputs["Z"] = new OutputOptions { Kind = OutputKind.Regression, Hardening = new HardeningOptions { SignificantDigits = 1 } };
            options.Outputs["a"] = new OutputOptions { Kind = OutputKind.State };
        });
        Assert.Equal(["Z", "a", "scores", "z"], shield.OutputNames);
        Assert.Equal([0, 1, 2, 3], shield.OutputNames.Select(shield.GetOutputIndex));
        Assert.Equal(
            [OutputKind.Regression, OutputKind.State, OutputKind.Probabilities, OutputKind.Logits], Enumerable.Range(0, 4).Select(shield.GetOutputKind));

        Admission admission = shield.AdmitRows(1);
        Assert.Equal([0.7f, 0.3f], Harden(0));
        Assert.Equal([0.7341f, 0.2659f], Harden(1));
        Assert.Equal([0.73f, 0.27f], Harden(2));
        Assert.Equal([1f, 0f], Harden(3));

        float[] Harden(int output)
        {
            float[] scores = [0.7341f, 0.2659f];
            shield.Harden(in admission, scores, 2, output);
            return scores;
        }
    }

    [Fact]
    public void An_undeclared_output_has_no_index_and_the_error_lists_those_that_have()
    {
        using Shield shield = TestShield.Build();
        ArgumentException exception = Assert.Throws<ArgumentException>(() => shield.GetOutputIndex("Scores"));
        Assert.StartsWith("Output 'Scores' is not declared for shield 'model'. Declared: scores (Probabilities).", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_an_admission_nothing_is_released()
    {
        using Shield shield = TestShield.Build();
        float[] scores = [0.3f, 0.7f];
        InvalidOperationException exception = Assert.Throws<InvalidOperationException>(() => shield.Harden(default, scores, 2));
        Assert.Equal("This admission was not made by shield 'model'. Call its Admit first and pass on what it returned.", exception.Message);
    }

    [Fact]
    public void The_admission_of_another_shield_does_not_count()
    {
        using Shield shield = TestShield.Build();
        using Shield twin = TestShield.Build();
        Admission admission = twin.AdmitRows(1);
        Assert.Throws<InvalidOperationException>(() => shield.Harden(in admission, [0.3f, 0.7f], 2));
    }

    [Fact]
    public void A_refusal_is_no_admission()
    {
        using Shield shield = TestShield.Build(
            configure: options => TestShield.SetLimits(options, queries: 1, TimeSpan.FromHours(1), burst: 1), clock: new ManualTimeProvider());
        shield.AdmitRows(1);
        Admission denied = shield.AdmitRows(1);
        float[] scores = [0.3f, 0.7f];
        InvalidOperationException exception = Assert.Throws<InvalidOperationException>(() => shield.Harden(in denied, scores, 2));
        Assert.Equal("The query was refused; there is nothing to release. Check Admission.IsAdmitted before running the model.", exception.Message);
        Assert.Equal([0.3f, 0.7f], scores);
        Assert.Equal(0, shield.GetStatistics().Hardened);
    }

    [Fact]
    public void A_disposed_shield_releases_nothing()
    {
        Shield shield = TestShield.Build();
        Admission admission = shield.AdmitRows(1);
        shield.Dispose();
        Assert.Throws<ObjectDisposedException>(() => shield.Harden(in admission, [0.3f, 0.7f], 2));
    }

    [Fact]
    public void Threads_get_the_answers_they_would_get_alone()
    {
        using Shield shield = TestShield.Build(
            OutputKind.Logits, new HardeningOptions { Decimals = 5, KeyedNoiseBudget = 0.4, TopK = 7 });
        float[][] clean = [.. Enumerable.Range(0, 64).Select(i => new ScoreCase(OutputKind.Logits, ScoreShape.Spread, 5 + (i % 20), i).Scores())];
        float[][] alone = [.. clean.Select(row => shield.Release(row, row.Length))];
        Threads.Run(8, thread =>
        {
            for (int i = 0; i < 2000; i++)
            {
                int row = (i + (thread * 8)) % clean.Length;
                Assertions.SameBits(alone[row], shield.Release(clean[row], clean[row].Length));
            }
        });
        Assert.Equal(64 + (8 * 2000), shield.GetStatistics().Hardened);
    }
}

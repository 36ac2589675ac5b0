using InferenceShield.Numerics;

namespace InferenceShield.Tests;

public sealed class RowSelectionTests
{
    [Fact]
    public void The_row_asked_for_is_copied_bit_for_bit_at_every_length()
    {
        for (int length = 1; length <= 40; length++)
        {
            float[] rows = [.. Enumerable.Range(0, 3 * length).Select(i => i == 1 ? -0f : i == length ? float.NaN : i * .1f)];
            for (int which = 0; which < 3; which++)
            {
                float[] selected = new float[length];
                RowSelection.Copy(rows, which, selected);
                Assertions.SameBits(rows.AsSpan(which * length, length), selected);
            }
        }
    }

    [Fact]
    public void Rows_that_are_not_three_are_a_fault() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => RowSelection.Copy(new float[5], 0, new float[2]));
}

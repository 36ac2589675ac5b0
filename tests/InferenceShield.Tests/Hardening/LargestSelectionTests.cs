using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

[Trait("Widths", "all")]
public sealed class LargestSelectionTests
{
    [Fact]
    public void Finds_what_sorting_finds_equals_by_lower_index()
    {
        Gen<(double[] Values, int Wanted)> cases =
            from length in Gen.Frequency((5, Gen.Choose(0, 12)), (1, Gen.Choose(13, 800)))
            from distinct in Gen.Elements(1, 2, 5, 1000)
            from values in Gen.Choose(-1, distinct).Select(value => value / 7.0).ArrayOf(length)
            from wanted in Gen.Choose(0, length + 2)
            select (values, wanted);
        Properties.Hold(cases, test =>
        {
            int[] expected =
            [
                .. Enumerable.Range(0, test.Values.Length)
                    .Where(i => test.Values[i] > 0)
                    .OrderByDescending(i => test.Values[i])
                    .Take(test.Wanted),
            ];
            int[] selected = new int[test.Wanted];
            int found = LargestSelection.Select(test.Values, selected);
            Assert.Equal(expected.Order(), selected.Take(found).Order());
        }, tests: 1000);
    }

    [Fact]
    public void The_first_selected_is_the_one_to_give_up_first()
    {
        // Top-k relies on it when noise has drawn others level with the leader.
        int[] selected = new int[3];
        Assert.Equal(3, LargestSelection.Select([0.3, 0.1, 0.2, 0.3, 0.2], selected));
        Assert.Equal(2, selected[0]);
    }

    [Fact]
    public void Never_selects_what_is_not_positive()
    {
        int[] selected = new int[5];
        Assert.Equal(1, LargestSelection.Select([0, -0.0, double.NaN, -1, double.Epsilon], selected));
        Assert.Equal(4, selected[0]);
    }
}

using System.IO.Compression;
using System.Text;
using InferenceShield.Lab;

namespace InferenceShield.Tool.Tests;

public sealed class DataFileTests : IDisposable
{
    private readonly ToolRun _tool = new();

    public void Dispose() => _tool.Dispose();

    [Fact]
    public void Idx_bytes_are_divided_by_255_gzipped_or_plain()
    {
        byte[] idx = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 51, 102];
        using MemoryStream zipped = new();
        using (GZipStream gzip = new(zipped, CompressionLevel.Fastest))
        {
            gzip.Write(idx);
        }

        foreach (string path in new[] { _tool.Write("plain.idx", idx), _tool.Write("zipped.idx.gz", zipped.ToArray()) })
        {
            Dataset data = DataFile.Read(path, null, null, "auto");
            Assert.Equal((2, 2), (data.Count, data.Width));
            Assert.Equal([0, 1, 0.2f, 0.4f], data.Values.ToArray());
        }

        Assert.Equal([0, 255, 51, 102], DataFile.Read(_tool.At("plain.idx"), null, null, "none").Values.ToArray());
        Assert.Equal([0, 2.55f, 0.51f, 1.02f], DataFile.Read(_tool.At("plain.idx"), null, null, "100").Values.ToArray());
    }

    [Theory]
    [InlineData("<f4", new byte[] { 0, 0, 128, 63, 0, 0, 0, 64 }, 1f, 2f)]
    [InlineData("<f8", new byte[] { 0, 0, 0, 0, 0, 0, 240, 63, 0, 0, 0, 0, 0, 0, 0, 64 }, 1f, 2f)]
    [InlineData("|u1", new byte[] { 255, 51 }, 1f, 0.2f)]
    [InlineData("<i4", new byte[] { 1, 0, 0, 0, 255, 255, 255, 255 }, 1f, -1f)]
    public void Npy_arrays_of_several_types_are_read(string type, byte[] content, float first, float second)
    {
        string header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': (2, 1), }}".PadRight(69) + "\n";
        byte[] npy = [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header), .. content];
        Dataset data = DataFile.Read(_tool.Write("a.npy", npy), null, null, "auto");
        Assert.Equal((2, 1), (data.Count, data.Width));
        Assert.Equal([first, second], data.Values.ToArray());
        Assert.Throws<MistakeException>(() => DataFile.Read(_tool.Write("b.npy", npy[..^1]), null, null, "auto"));
    }

    [Theory]
    [InlineData("kind,a,b\nx,1,2\nw,3,4\nx,5,6\n", "kind", new[] { 1, 0, 1 })]
    [InlineData("1,2,dog\n3,4,cat\n5,6,dog\n", null, new[] { 1, 0, 1 })]
    [InlineData("a;b;y\r\n1;2;2\r\n3;4;0\r\n5;6;2\r\n", "last", new[] { 2, 0, 2 })]
    [InlineData("2,1,2\n0,3,4\n2,5,6", "1", new[] { 2, 0, 2 })]
    public void Csv_has_labels_where_one_says_or_in_a_last_column_of_words(string text, string? column, int[] labels)
    {
        Dataset data = DataFile.Read(_tool.Write("a.csv", text), null, column, "auto");
        Assert.Equal([1, 2, 3, 4, 5, 6], data.Values.ToArray());
        Assert.Equal(labels, data.Labels.ToArray());
        Assert.Equal(labels.Max() + 1, data.ClassCount);
    }

    [Theory]
    [InlineData("1,2\n3\n", null, "Line 2")]
    [InlineData("1,2\n3,x\n", null, "Line 2, column 2")]
    [InlineData("1,2\n3,NaN\n", null, "Line 2, column 2")]
    [InlineData("a,b\n1,2\n", "c", "Allowed: a, b, first, last, none, or 1 to 2")]
    [InlineData("x\ny\n", "first", "one column")]
    [InlineData("a\0b", null, "no data file that is known")]
    public void What_is_wrong_with_a_csv_is_named_with_its_line(string text, string? column, string expected) =>
        Assert.Contains(expected, Assert.Throws<MistakeException>(() => DataFile.Read(_tool.Write("a.csv", text), null, column, "auto")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("()")]
    [InlineData("(x)")]
    public void An_npy_of_one_number_has_no_rows(string shape)
    {
        string header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".PadRight(69) + "\n";
        byte[] npy = [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, 0, .. Encoding.ASCII.GetBytes(header), 0, 0, 128, 63];
        Assert.Contains("empty or cut short", Assert.Throws<MistakeException>(() => DataFile.Read(_tool.Write("a.npy", npy), null, null, "auto")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gzip_that_was_cut_off_is_damaged()
    {
        using MemoryStream zipped = new();
        using (GZipStream gzip = new(zipped, CompressionLevel.NoCompression))
        {
            gzip.Write(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("1,2\n", 100))));
        }

        byte[] whole = zipped.ToArray();
        Assert.Equal(100, DataFile.Read(_tool.Write("whole.csv.gz", whole), null, null, "auto").Count);
        foreach (int length in new[] { 15 + (4 * 40), whole.Length - 9, whole.Length - 8, whole.Length - 1, 12, 2 })
        {
            string message = Assert.Throws<MistakeException>(() => DataFile.Read(_tool.Write("cut.csv.gz", whole[..length]), null, null, "auto")).Message;
            Assert.Contains("is damaged", message, StringComparison.Ordinal);
        }

        Assert.Equal(200, DataFile.Read(_tool.Write("two.csv.gz", [.. whole, .. whole]), null, null, "auto").Count);
    }

    [Fact]
    public void Labels_written_as_decimals_are_the_numbers_they_are()
    {
        string data = _tool.Write("a.csv", string.Concat(Enumerable.Range(0, 12).Select(i => $"{i},{i}.0\n")));
        Dataset read = DataFile.Read(data, null, "last", "auto");
        Assert.Equal(Enumerable.Range(0, 12), read.Labels.ToArray());
        Assert.Equal(12, read.ClassCount);
    }

    [Fact]
    public void A_label_that_no_count_of_classes_holds_is_a_mistake()
    {
        string data = _tool.Write("a.csv", "1,2147483647\n2,0\n");
        Assert.Contains("2147483647", Assert.Throws<MistakeException>(() => DataFile.Read(data, null, "last", "auto")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_of_their_own_file_have_to_be_as_many()
    {
        string data = _tool.Write("a.csv", "1,2\n3,4\n");
        Assert.Equal([1, 0], DataFile.Read(data, _tool.Write("l.csv", "label\n1\n0\n"), null, "auto").Labels.ToArray());
        Assert.Contains("3 labels", Assert.Throws<MistakeException>(() => DataFile.Read(data, _tool.Write("m.csv", "1\n0\n1\n"), null, "auto")).Message, StringComparison.Ordinal);
    }
}

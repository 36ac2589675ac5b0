namespace InferenceShield.Tests;

public sealed class InputCellsTests
{
    [Theory]
    [InlineData(16, 0)]
    [InlineData(784, 0)]
    [InlineData(784, 28)]
    [InlineData(150_528, 224)]
    [InlineData(100_000, 0)]
    public void The_same_row_is_always_in_the_same_cell_and_another_secret_moves_the_cells(int length, int width)
    {
        using ShieldSecret secret = FingerprintInputs.Secret(1);
        using ShieldSecret other = FingerprintInputs.Secret(2);
        InputCellOptions options = new() { Length = length, ImageWidth = width, ImageHeight = width };
        float[] row = Row(length, new Random(1));
        InputCell cell = new InputCells(secret, options).Find(row);
        Assert.Equal(cell, new InputCells(secret, options).Find([.. row]));
        Assert.InRange(cell.DistanceTo(new InputCells(other, options).Find(row)), 12, 52);
    }

    /// <summary>SimHash: a bit changes with probability angle / pi.</summary>
    [Theory]
    [InlineData(16, 0.2)]
    [InlineData(300, 0.1)]
    [InlineData(5000, 0.1)]
    public void Distance_follows_the_angle(int length, double tolerance)
    {
        Random random = new(length);
        foreach (double noise in (double[])[0.05, 0.2, 1])
        {
            double expected = 0;
            int found = 0;
            const int Rounds = 300;
            for (int round = 0; round < Rounds; round++)
            {
                using ShieldSecret secret = FingerprintInputs.Secret(round);
                InputCells cells = new(secret, new InputCellOptions { Length = length });
                float[] row = Row(length, random);
                float[] near = Array.ConvertAll(row, value => value + (float)(noise * FingerprintInputs.Gaussian(random)));
                found += cells.Find(row).DistanceTo(cells.Find(near));
                expected += 64 * Angle(row, near) / Math.PI;
            }

            Assert.InRange(found / expected, 1 - tolerance, 1 + tolerance);
        }
    }

    [Fact]
    public void Rows_that_are_unlike_fall_into_cells_about_half_of_the_bits_apart()
    {
        using ShieldSecret secret = FingerprintInputs.Secret(4);
        InputCells cells = new(secret, new InputCellOptions { Length = 200 });
        Random random = new(5);
        InputCell[] found = [.. Enumerable.Range(0, 400).Select(_ => cells.Find(Row(200, random)))];
        Assert.Equal(400, found.Distinct().Count());
        Assert.InRange(found.Skip(1).Average(cell => cell.DistanceTo(found[0])), 29.0, 35.0);
        for (int bit = 0; bit < 64; bit++)
        {
            Assert.InRange(found.Count(cell => (cell.Bits >> bit & 1) == 1), 140, 260); // no bit is stuck
        }
    }

    [Fact]
    public void Calibration_centres_and_scales_features()
    {
        using ShieldSecret secret = FingerprintInputs.Secret(6);
        Random random = new(7);
        float[] rows = [.. Enumerable.Range(0, 500 * 3).Select(i => (float)((i % 3) switch
        {
            0 => 1000 + FingerprintInputs.Gaussian(random),
            1 => 0.001 * FingerprintInputs.Gaussian(random),
            _ => 5.0,
        }))];
        rows[30] = float.NaN;
        InputCellOptions options = new InputCellOptions { Length = 3 }.Calibrate(rows);
        Assert.Equal(1000, options.Centers[0], 0);
        Assert.Equal(1, options.Spreads[0], 0);
        Assert.Equal(1e-3, options.Spreads[1], 3);
        Assert.Equal(1f, options.Spreads[2]);

        // Without calibration the first feature drowns the second; with it, both decide.
        float[] low = [1000, -0.002f, 5];
        float[] high = [1000, 0.002f, 5];
        Assert.Equal(0, new InputCells(secret, new InputCellOptions { Length = 3 }).Find(low).DistanceTo(new InputCells(secret, new InputCellOptions { Length = 3 }).Find(high)));
        InputCells calibrated = new(secret, options);
        Assert.True(calibrated.Find(low).DistanceTo(calibrated.Find(high)) > 20);
    }

    [Fact]
    public void Pooling_makes_images_stabler_against_the_noise_of_single_pixels()
    {
        using ShieldSecret secret = FingerprintInputs.Secret(8);
        Random random = new(9);
        int pooled = 0;
        int plain = 0;
        InputCells four = new(secret, new InputCellOptions { Length = 784, ImageWidth = 28, ImageHeight = 28 });
        InputCells one = new(secret, new InputCellOptions { Length = 784, ImageWidth = 28, ImageHeight = 28, ImagePooling = 1 });
        for (int round = 0; round < 100; round++)
        {
            // Blobs, as things in pictures are.
            double x = random.NextDouble() * 28, y = random.NextDouble() * 28, size = 3 + (random.NextDouble() * 9);
            float[] image = [.. Enumerable.Range(0, 784).Select(i => (float)Math.Exp(-(Math.Pow((i % 28) - x, 2) + Math.Pow((i / 28) - y, 2)) / (2 * size * size)))];
            float[] noisy = Array.ConvertAll(image, value => value + (float)(0.1 * FingerprintInputs.Gaussian(random)));
            pooled += four.Find(image).DistanceTo(four.Find(noisy));
            plain += one.Find(image).DistanceTo(one.Find(noisy));
        }

        Assert.True(pooled * 2 < plain, $"{pooled} bits changed with pooling, {plain} without");
    }

    [Fact]
    public void Channels_are_planes_and_borders_are_cut()
    {
        using ShieldSecret secret = FingerprintInputs.Secret(10);
        InputCells cells = new(secret, new InputCellOptions { Length = 3 * 30 * 50, ImageWidth = 50, ImageHeight = 30, ImagePooling = 7 });
        float[] image = Row(4500, new Random(11));
        InputCell cell = cells.Find(image);
        (image[4499], image[0]) = (image[4499] + 50, image[0] - 50);
        Assert.NotEqual(cell, cells.Find(image)); // the corners count
    }

    /// <summary>The same cells on every machine and at every vector width: these were written down once.</summary>
    [Fact]
    public void Cells_are_the_same_everywhere()
    {
        using ShieldSecret secret = new(Enumerable.Range(1, 32).Select(i => (byte)i).ToArray());
        float[] row = [.. Enumerable.Range(0, 3000).Select(i => ((i * 7919 % 1000) / 500f) - 1)];
        Assert.Equal(0x593988D2835192D0UL, new InputCells(secret, new InputCellOptions { Length = 3000 }).Find(row).Bits);
        Assert.Equal(0x2B9DBE3793F73297UL, new InputCells(secret, new InputCellOptions { Length = 784, ImageWidth = 28, ImageHeight = 28 }).Find(row.AsSpan(0, 784)).Bits);
        Assert.Equal(0x9443657DDEB79A97UL, new InputCells(secret, new InputCellOptions { Length = 16 }).Find(row.AsSpan(0, 16)).Bits);
    }

    [Fact]
    public void Prefixes_are_coarser_cells()
    {
        InputCell cell = new(0xFFFF_0000_1234_5678);
        Assert.Equal(cell, cell.Prefix(64));
        Assert.Equal(new InputCell(0xFF00_0000_0000_0000), cell.Prefix(8));
        Assert.Equal(new InputCell(0x8000_0000_0000_0000), cell.Prefix(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => cell.Prefix(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => cell.Prefix(65));
        Assert.Equal("cell:ffff0000", cell.ToString());
    }

    [Fact]
    public void What_makes_no_sense_is_refused_by_name()
    {
        using ShieldSecret secret = FingerprintInputs.Secret(12);
        AssertRefused(new InputCellOptions(), "Length");
        AssertRefused(new InputCellOptions { Length = 10, ImageWidth = 3, ImageHeight = 2 }, "Length");
        AssertRefused(new InputCellOptions { Length = 10, ImageWidth = 5 }, "ImageHeight");
        AssertRefused(new InputCellOptions { Length = 10, ImageHeight = 5 }, "ImageHeight");
        AssertRefused(new InputCellOptions { Length = 10, ImagePooling = 0 }, "ImagePooling");
        AssertRefused(new InputCellOptions { Length = 2, Centers = [1] }, "Centers");
        AssertRefused(new InputCellOptions { Length = 2, Spreads = [1, 0] }, "Spreads:1");
        AssertRefused(new InputCellOptions { Length = 2, Spreads = [1, float.NaN] }, "Spreads:1");
        Assert.Throws<ArgumentException>(() => new InputCellOptions { Length = 3 }.Calibrate(new float[4]));
        Assert.Throws<ArgumentException>(() => new InputCells(secret, new InputCellOptions { Length = 3 }).Find(new float[4]));

        void AssertRefused(InputCellOptions options, string name) =>
            Assert.Contains(name, Assert.Throws<ArgumentOutOfRangeException>(() => new InputCells(secret, options)).Message, StringComparison.Ordinal);
    }

    private static float[] Row(int length, Random random) =>
        [.. Enumerable.Range(0, length).Select(_ => (float)FingerprintInputs.Gaussian(random))];

    private static double Angle(float[] a, float[] b)
    {
        double dot = 0, aa = 0, bb = 0;
        for (int i = 0; i < a.Length; i++)
        {
            dot += (double)a[i] * b[i];
            aa += (double)a[i] * a[i];
            bb += (double)b[i] * b[i];
        }

        return Math.Acos(Math.Clamp(dot / Math.Sqrt(aa * bb), -1, 1));
    }
}

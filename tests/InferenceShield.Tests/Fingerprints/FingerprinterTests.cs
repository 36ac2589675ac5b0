namespace InferenceShield.Tests;

public sealed class FingerprinterTests
{
    public static TheoryData<string> Kinds => new(FingerprintInputs.ImageKinds);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Images_have_the_fingerprint_of_the_slow_reference(string kind)
    {
        using ShieldSecret secret = FingerprintInputs.Secret(1);
        NearDuplicateOptions options = new();
        Fingerprinter fingerprinter = new(secret, options);
        FingerprintReference reference = new(secret, options);
        Random random = new(kind.Length);
        for (int round = 0; round < 600; round++)
        {
            int length = round < 300 ? round : random.Next(300, 4000);
            byte[] image = FingerprintInputs.Image(kind, length, random);
            Assert.Equal(reference.Image(image), Sorted(fingerprinter.Compute(image)));
        }
    }

    [Theory]
    [InlineData(1, 1, 50, 50)]
    [InlineData(4, 1, 50, 50)]
    [InlineData(8, 3, 50, 16)]
    [InlineData(19, 1, 50, 50)]
    [InlineData(20, 7, 50, 50)]
    [InlineData(20, 256, 50, 8)]
    [InlineData(20, 1, 128, 50)]
    [InlineData(20, 1, 36, 50)]
    [InlineData(20, 1, 8, 128)]
    [InlineData(21, 2, 50, 50)]
    [InlineData(22, 1, 50, 50)]
    [InlineData(50, 25, 50, 50)]
    [InlineData(256, 1, 50, 50)]
    public void So_have_images_under_other_options(int window, int stride, int step, int hashes)
    {
        using ShieldSecret secret = FingerprintInputs.Secret(2);
        NearDuplicateOptions options = new()
        {
            WindowLength = window,
            Stride = stride,
            QuantizationStep = step,
            Hashes = hashes,
            MatchOverlap = 4,
        };
        Fingerprinter fingerprinter = new(secret, options);
        FingerprintReference reference = new(secret, options);
        Random random = new(window + stride);
        for (int round = 0; round < 140; round++)
        {
            byte[] image = FingerprintInputs.Image(FingerprintInputs.ImageKinds[round % FingerprintInputs.ImageKinds.Length], random.Next(1, 3000), random);
            Assert.Equal(reference.Image(image), Sorted(fingerprinter.Compute(image)));
        }
    }

    [Fact]
    public void A_large_image_has_it_too()
    {
        using ShieldSecret secret = FingerprintInputs.Secret(3);
        Fingerprinter fingerprinter = new(secret, new NearDuplicateOptions());
        FingerprintReference reference = new(secret, new NearDuplicateOptions());
        foreach (string kind in FingerprintInputs.ImageKinds)
        {
            byte[] image = FingerprintInputs.Image(kind, 150_528, new Random(9));
            Assert.Equal(reference.Image(image), Sorted(fingerprinter.Compute(image)));
        }
    }

    [Fact]
    public void A_float_image_has_the_fingerprint_of_its_bytes()
    {
        using ShieldSecret secret = FingerprintInputs.Secret(4);
        Fingerprinter zeroToOne = new(secret, new NearDuplicateOptions());
        Fingerprinter standardised = new(secret, new NearDuplicateOptions { ImageMinimum = -1, ImageMaximum = 1 });
        Random random = new(5);
        for (int round = 0; round < 300; round++)
        {
            byte[] image = FingerprintInputs.Image(FingerprintInputs.ImageKinds[round % 7], random.Next(1, 2000), random);
            ulong[] expected = Sorted(zeroToOne.Compute(image));
            Assert.Equal(expected, Sorted(zeroToOne.Compute(Array.ConvertAll(image, pixel => pixel / 255f))));
            Assert.Equal(expected, Sorted(standardised.Compute(Array.ConvertAll(image, pixel => (pixel / 127.5f) - 1))));
        }
    }

    [Theory]
    [InlineData(8)]
    [InlineData(1)]
    [InlineData(40)]
    public void Tokens_have_the_fingerprint_of_the_slow_reference_as_int_and_as_long(int window)
    {
        using ShieldSecret secret = FingerprintInputs.Secret(5);
        NearDuplicateOptions options = new() { Kind = InputKind.Tokens, WindowLength = window };
        Fingerprinter fingerprinter = new(secret, options);
        FingerprintReference reference = new(secret, options);
        Random random = new(window);
        for (int round = 0; round < 300; round++)
        {
            int vocabulary = round % 3 == 0 ? 3 : 50_000;
            int[] tokens = [.. Enumerable.Range(0, random.Next(0, 1500)).Select(_ => random.Next(-1, vocabulary))];
            ulong[] expected = reference.Tokens(Array.ConvertAll(tokens, token => (long)token));
            Assert.Equal(expected, Sorted(fingerprinter.Compute(tokens)));
            Assert.Equal(expected, Sorted(fingerprinter.Compute(Array.ConvertAll(tokens, token => (long)token))));
        }
    }

    /// <summary>Of 64 distinct windows in 640, 3.2 are expected above the first floor. Where there happen to be eight or more, the
    /// second floor is too high, and only the third look finds all.</summary>
    [Fact]
    public void A_lucky_sample_does_not_cut_off_what_belongs_to_the_fingerprint()
    {
        using ShieldSecret secret = FingerprintInputs.Secret(10);
        NearDuplicateOptions options = new() { Kind = InputKind.Tokens, Hashes = 16, MatchOverlap = 8 };
        Fingerprinter fingerprinter = new(secret, options);
        FingerprintReference reference = new(secret, options);
        Random random = new(11);
        for (int round = 0; round < 2500; round++)
        {
            long[] period = [.. Enumerable.Range(0, 64).Select(_ => (long)random.Next(50_000))];
            long[] tokens = [.. Enumerable.Range(0, 647).Select(i => period[i % 64])];
            Assert.Equal(reference.Tokens(tokens), Sorted(fingerprinter.Compute(tokens)));
        }
    }

    [Theory]
    [InlineData(4, false)]
    [InlineData(1, true)]
    [InlineData(20, true)]
    public void Features_have_the_fingerprint_of_the_slow_reference(int window, bool hasSpreads)
    {
        using ShieldSecret secret = FingerprintInputs.Secret(6);
        Random random = new(window);
        foreach (int length in (int[])[1, 2, 3, 16, 64, 511, 513, 1500])
        {
            NearDuplicateOptions options = new() { Kind = InputKind.Tabular, WindowLength = window, QuantizationStep = 0.5 };
            if (hasSpreads)
            {
                options.FeatureSpreads = [.. Enumerable.Range(0, length).Select(_ => random.NextSingle() + 0.1f)];
            }

            Fingerprinter fingerprinter = new(secret, options);
            FingerprintReference reference = new(secret, options);
            for (int round = 0; round < 40; round++)
            {
                float[] row = [.. Enumerable.Range(0, length).Select(_ => (float)FingerprintInputs.Gaussian(random))];
                row[random.Next(length)] = (round % 4) switch { 0 => float.NaN, 1 => float.PositiveInfinity, 2 => float.MinValue, _ => 0 };
                Assert.Equal(reference.Features(row), Sorted(fingerprinter.Compute(row)));
            }
        }
    }

    /// <summary>The same hashes on every machine and at every vector width: these were written down once.</summary>
    [Fact]
    public void Fingerprints_are_the_same_everywhere()
    {
        using ShieldSecret secret = new(Enumerable.Range(1, 32).Select(i => (byte)i).ToArray());
        byte[] image = [.. Enumerable.Range(0, 3072).Select(i => (byte)(i * i * 7 / 11))];
        Assert.Equal(0x589EA59413384958UL, Fold(new Fingerprinter(secret, new NearDuplicateOptions()).Compute(image)));
        Assert.Equal(0x5F8E8EA4799FA6E5UL, Fold(new Fingerprinter(secret, new NearDuplicateOptions { Kind = InputKind.Tabular }).Compute([1.5f, -2, 0.25f, 7, 1e9f])));
        Assert.Equal(0x6AEE54F891DA5990UL, Fold(new Fingerprinter(secret, new NearDuplicateOptions { Kind = InputKind.Tokens }).Compute(Enumerable.Range(5, 200).ToArray())));
    }

    [Fact]
    public void Another_secret_gives_another_fingerprint()
    {
        using ShieldSecret one = FingerprintInputs.Secret(7);
        using ShieldSecret other = FingerprintInputs.Secret(8);
        byte[] image = FingerprintInputs.Image("noise", 784, new Random(1));
        Assert.Empty(Sorted(new Fingerprinter(one, new()).Compute(image)).Intersect(Sorted(new Fingerprinter(other, new()).Compute(image))));
    }

    [Fact]
    public void Nothing_has_no_fingerprint_and_a_short_input_has_one_hash()
    {
        using ShieldSecret secret = FingerprintInputs.Secret(9);
        Fingerprinter fingerprinter = new(secret, new NearDuplicateOptions());
        Assert.True(fingerprinter.Compute(ReadOnlySpan<byte>.Empty).IsEmpty);
        Assert.Equal(1, fingerprinter.Compute([1, 2, 3]).Length);
    }

    private static ulong[] Sorted(ReadOnlySpan<ulong> fingerprint) => [.. fingerprint.ToArray().OrderDescending()];

    private static ulong Fold(ReadOnlySpan<ulong> fingerprint) =>
        Sorted(fingerprint).Aggregate(0UL, (fold, hash) => unchecked((fold * 31) + hash));
}

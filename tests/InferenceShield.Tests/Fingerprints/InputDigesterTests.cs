namespace InferenceShield.Tests;

public sealed class InputDigesterTests
{
    [Fact]
    public void The_same_row_has_the_same_digest_and_any_bit_changes_it()
    {
        InputDigester digester = new(42);
        byte[] row = new byte[100];
        new Random(1).NextBytes(row);
        InputDigest digest = digester.Digest(row);
        Assert.Equal(digest, digester.Digest([.. row]));
        HashSet<InputDigest> seen = [digest, digester.Digest(row.AsSpan(0, 99))];
        for (int bit = 0; bit < row.Length * 8; bit++)
        {
            row[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.True(seen.Add(digester.Digest(row)));
            row[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Another_seed_gives_other_digests() =>
        Assert.NotEqual(new InputDigester(1).Digest("row"u8), new InputDigester(2).Digest("row"u8));

    [Fact]
    public void Several_inputs_are_told_apart_by_content_order_and_border()
    {
        InputDigester digester = new(42);
        InputDigest both = digester.Append(digester.Digest("left"u8), "right"u8);
        Assert.Equal(both, digester.Append(digester.Digest("left"u8), "right"u8));
        Assert.NotEqual(both, digester.Append(digester.Digest("right"u8), "left"u8));
        Assert.NotEqual(both, digester.Append(digester.Digest("lef"u8), "tright"u8));
        Assert.NotEqual(both, digester.Append(digester.Digest("left"u8), "right!"u8));
        Assert.NotEqual(both, digester.Append(digester.Digest("Left"u8), "right"u8));
        Assert.NotEqual(both, digester.Digest("leftright"u8));

        // Each half by itself: a caller's latest query is remembered by the first.
        InputDigest other = digester.Append(digester.Digest("Left"u8), "right"u8);
        Assert.NotEqual(both.Low, other.Low);
        Assert.NotEqual(both.High, other.High);
    }

    [Fact]
    public void Digests_of_shields_with_one_secret_are_the_same_and_of_others_are_not()
    {
        using Shield one = TestShield.Build(name: "one");
        using Shield same = TestShield.Build(name: "same");
        using Shield other = TestShield.Build(secret: 2);
        Assert.Equal(one.Digest("row"u8), same.Digest("row"u8));
        Assert.NotEqual(one.Digest("row"u8), other.Digest("row"u8));
        Assert.Equal(one.Digest(one.Digest("row"u8), "more"u8), same.Digest(same.Digest("row"u8), "more"u8));
        Assert.NotEqual(one.Digest("row"u8), one.Digest(one.Digest("row"u8), "more"u8));
    }

    [Fact]
    public void ToString_is_short() => Assert.Equal("input:00000001", new InputDigest(0x0000_0001_FFFF_FFFF, 7).ToString());
}

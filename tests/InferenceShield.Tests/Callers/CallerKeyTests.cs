using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Tests;

public sealed class CallerKeyTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("api-key-0123456789")]
    [InlineData("имя")]
    [InlineData("two words")]
    [InlineData("\U0001F6E1 shield")]
    [InlineData(" led by a space")]
    [InlineData("\u007f\u0001control\u0000")]
    [InlineData("0f8fad5b-d9cb-469f-a165-70867728950e")]
    [InlineData("0f8fad5b-d9cb-469f-a165-70867728950é")]
    public void The_same_name_gives_the_same_key_as_string_and_as_bytes(string name)
    {
        using Shield shield = TestShield.Build();
        CallerKey key = shield.IdentifyCaller(name);
        Assert.Equal(key, shield.IdentifyCaller(name));
        Assert.Equal(key, shield.IdentifyCaller(Encoding.UTF8.GetBytes(name)));
        Assert.True(key == shield.IdentifyCaller(name));
        Assert.Equal(key.GetHashCode(), shield.IdentifyCaller(name).GetHashCode());
        Assert.True(key.Equals((object)shield.IdentifyCaller(name)));
    }

    [Fact]
    public void Names_of_every_length_give_the_same_key_as_string_and_as_bytes()
    {
        using Shield shield = TestShield.Build();
        for (int length = 1; length <= Shield.MaximumCallerNameLength; length++)
        {
            string name = new('k', length);
            Assert.Equal(shield.IdentifyCaller(Encoding.UTF8.GetBytes(name)), shield.IdentifyCaller(name));
        }
    }

    [Fact]
    public void The_key_is_SipHash_1_3_of_the_name()
    {
        // Keys are kept by applications: this one must never change.
        using Shield shield = TestShield.Build();
        CallerKey key = shield.IdentifyCaller("0f8fad5b-d9cb-469f-a165-70867728950e");
        Assert.Equal("85b0d828f00942130ed96aaaa1de6f9f", $"{key.Low:x16}{key.High:x16}");
    }

    [Fact]
    public void Half_of_a_surrogate_pair_is_an_error()
    {
        // Not a theory: attributes hold UTF-8, which has no such text.
        string[] names = ["\ud83d", "\ude00", "\ude00\ud83d", "0f8fad5b-d9cb-469f-a165-70867728950\ud83d", "in the \ud83d middle"];
        using Shield shield = TestShield.Build();
        foreach (string name in names)
        {
            InvalidQueryException exception = Assert.Throws<InvalidQueryException>(() => shield.IdentifyCaller(name));
            Assert.Equal("The caller's name is not valid text: it holds half of a surrogate pair.", exception.Message);
        }
    }

    [Fact]
    public void After_disposal_nobody_is_identified()
    {
        Shield shield = TestShield.Build();
        shield.Dispose();
        Assert.Throws<ObjectDisposedException>(() => shield.IdentifyCaller("alice"));
        Assert.Throws<ObjectDisposedException>(() => shield.IdentifyCaller("имя"));
        Assert.Throws<ObjectDisposedException>(() => shield.IdentifyCaller("alice"u8));
    }

    [Fact]
    public void Different_names_give_different_keys()
    {
        using Shield shield = TestShield.Build();
        CallerKey[] keys = [.. Enumerable.Range(0, 1000).Select(i => shield.IdentifyCaller($"caller {i}"))];
        Assert.Equal(keys.Length, keys.Distinct().Count());
        Assert.True(keys[0] != keys[1]);
        Assert.False(keys[0].Equals((object)keys[1]));
        Assert.False(keys[0].Equals("caller 0"));
    }

    [Fact]
    public void A_name_of_the_longest_length_is_taken_whole()
    {
        using Shield shield = TestShield.Build();
        string longest = new('x', Shield.MaximumCallerNameLength);
        Assert.NotEqual(shield.IdentifyCaller(longest), shield.IdentifyCaller(longest[..^1]));
        Assert.NotEqual(shield.IdentifyCaller(longest), shield.IdentifyCaller(longest[..^1] + "y"));
    }

    [Fact]
    public void Another_secret_gives_other_keys()
    {
        using Shield one = TestShield.Build(secret: 1);
        using Shield other = TestShield.Build(secret: 2);
        Assert.NotEqual(one.IdentifyCaller("alice"), other.IdentifyCaller("alice"));
    }

    [Fact]
    public void One_secret_gives_the_same_keys_for_all_models()
    {
        using Shield one = TestShield.Build(name: "one");
        using Shield other = TestShield.Build(name: "other");
        Assert.Equal(one.IdentifyCaller("alice"), other.IdentifyCaller("alice"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("\t\r\n ")]
    [InlineData("\u00a0")]
    [InlineData("\u2003 \u3000")]
    public void No_name_is_an_error_that_says_what_to_do(string? name)
    {
        using Shield shield = TestShield.Build();
        InvalidQueryException exception = Assert.Throws<InvalidQueryException>(() => shield.IdentifyCaller(name!));
        Assert.Equal("The caller has no name. Name it by what was authenticated: an API key, a subject, an address.", exception.Message);
    }

    [Fact]
    public void No_bytes_are_an_error()
    {
        using Shield shield = TestShield.Build();
        Assert.Throws<InvalidQueryException>(() => shield.IdentifyCaller([]));
        Assert.Throws<InvalidQueryException>(() => shield.IdentifyCaller(" \t\r\n"u8));
    }

    [Theory]
    [InlineData(1025, 'a', "1,025")]
    [InlineData(513, 'é', "1,026")]
    [InlineData(1_048_576, 'a', "1,048,576")]
    public void A_name_too_long_is_an_error_that_names_both_lengths_and_not_the_name(int characters, char character, string length)
    {
        using Shield shield = TestShield.Build();
        string name = new(character, characters);
        string expected = $"The caller's name has {length} bytes; allowed: 1 to 1,024.";
        Assert.Equal(expected, Assert.Throws<InvalidQueryException>(() => shield.IdentifyCaller(name)).Message);
        Assert.Equal(expected, Assert.Throws<InvalidQueryException>(() => shield.IdentifyCaller(Encoding.UTF8.GetBytes(name))).Message);
    }

    [Fact]
    public void ToString_is_a_pseudonym_that_holds_nothing_of_the_name()
    {
        using Shield shield = TestShield.Build();
        Gen<string> names =
            from letters in Gen.Elements("abcdef0123456789xyz@.".ToCharArray()).ArrayOf()
            select new string(letters) + "name";
        Properties.Hold(names, name =>
        {
            string text = shield.IdentifyCaller(name).ToString();
            Assert.Matches("^caller:[0-9a-f]{8}$", text);
            Assert.DoesNotContain(name, text);
            Assert.DoesNotContain(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(name[..4])), text);
        });
    }

    [Fact]
    public void Default_names_nobody_and_is_refused()
    {
        using Shield shield = TestShield.Build();
        Assert.True(default(CallerKey).IsEmpty);
        Assert.Equal("caller:none", default(CallerKey).ToString());
        Assert.False(shield.IdentifyCaller("alice").IsEmpty);

        InvalidQueryException exception = Assert.Throws<InvalidQueryException>(() => shield.Admit(default(CallerKey), new byte[4]));
        Assert.Equal("The query has no caller. Make its key with Shield.IdentifyCaller.", exception.Message);
        Assert.Throws<InvalidQueryException>(() => shield.Admit(default(CallerKey), [default(InputDigest)]));
        Assert.False(shield.TryGetCaller(default, out _));
        Assert.Equal(0, shield.GetStatistics().Callers);
    }

    [Fact]
    public void A_hash_of_zero_is_still_somebody()
    {
        Assert.False(new CallerKey(0, 0).IsEmpty);
        Assert.NotEqual(default, new CallerKey(0, 0));
        Assert.NotEqual(0UL, new CallerKey(0, 0).High);
    }
}

using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;

namespace InferenceShield.Lab.Tests;

public sealed class CanonicalJsonTests
{
    [Theory] // RFC 8785, appendix B: bits of a double and their text
    [InlineData(0x0000000000000000, "0")]
    [InlineData(0x8000000000000000, "0")]
    [InlineData(0x0000000000000001, "5e-324")]
    [InlineData(0x8000000000000001, "-5e-324")]
    [InlineData(0x7fefffffffffffff, "1.7976931348623157e+308")]
    [InlineData(0x4340000000000000, "9007199254740992")]
    [InlineData(0x4430000000000000, "295147905179352830000")]
    [InlineData(0x44b52d02c7e14af5, "9.999999999999997e+22")]
    [InlineData(0x44b52d02c7e14af6, "1e+23")]
    [InlineData(0x44b52d02c7e14af7, "1.0000000000000001e+23")]
    [InlineData(0x444b1ae4d6e2ef4e, "999999999999999700000")]
    [InlineData(0x444b1ae4d6e2ef50, "1e+21")]
    [InlineData(0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7")]
    [InlineData(0x3eb0c6f7a0b5ed8d, "0.000001")]
    [InlineData(0x41b3de4355555553, "333333333.3333332")]
    [InlineData(0x41b3de4355555557, "333333333.33333343")]
    [InlineData(0xbecbf647612f3696, "-0.0000033333333333333333")]
    [InlineData(0x43143ff3c1cb0959, "1424953923781206.2")]
    public void Numbers_are_written_as_the_standard_says(ulong bits, string expected) =>
        Assert.Equal(expected, CanonicalJson.Number(BitConverter.UInt64BitsToDouble(bits)));

    [Fact] // RFC 8785, 3.2.2 and 3.2.3
    public void Texts_and_members_are_written_as_the_standard_says()
    {
        const string Given = """{"numbers":[4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}""";
        const string Expected = "{\"literals\":[null,true,false],\"numbers\":[4.5,0.002,1e-27],\"string\":\"\u20ac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
        Assert.Equal(Expected, Text(CanonicalJson.Write(JsonNode.Parse(Given)!)));
        const string Members = """{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}""";
        Assert.Equal([2, 4, 6, 7, 1, 5, 3], JsonNode.Parse(CanonicalJson.Write(JsonNode.Parse(Members)!))!.AsObject().Select(member => member.Value!.GetValue<int>()));
    }

    [Fact]
    public void Every_value_has_one_text_whatever_the_order_it_was_given_in() => Properties.Hold(Objects(), value =>
    {
        byte[] written = CanonicalJson.Write(value);
        Assert.Equal(Text(written), Text(CanonicalJson.Write(Shuffled(value))));
        Assert.Equal(Text(written), Text(CanonicalJson.Write(CanonicalJson.ParseObject(written))));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(written), JsonNode.Parse(value.ToJsonString())), Text(written));
    });

    [Fact]
    public void Every_double_reads_back_the_same() => Properties.Hold(ArbMap.Default.GeneratorFor<double>().Where(double.IsFinite), number =>
        Assert.Equal(number == 0 ? 0 : number, double.Parse(CanonicalJson.Number(number), System.Globalization.CultureInfo.InvariantCulture)), tests: 2000);

    [Theory]
    [InlineData("""{"a":1,"a":2}""", "twice")]
    [InlineData("""{"b":1,"a":2}""", "canonical")]
    [InlineData("""{"a": 1}""", "canonical")]
    [InlineData("""{"a":1.0}""", "canonical")]
    [InlineData("""{"a":"\u0041"}""", "canonical")]
    [InlineData("""[1]""", "no JSON object")]
    [InlineData("""{"a":""", "cut short")]
    [InlineData("""{"a":9007199254740993}""", "2^53")]
    [InlineData("""{"a":9007199254740993.5}""", "as text")]
    [InlineData("""{"a":1e999}""", "as text")]
    [InlineData("""{"a":"\ud800"}""", "surrogate")]
    [InlineData("""{"\ud800":1,"a":2}""", "surrogate")]
    public void Other_texts_are_refused(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<FormatException>(() => CanonicalJson.ParseObject(Encoding.UTF8.GetBytes(text))).Message, StringComparison.Ordinal);

    [Fact]
    public void Too_many_levels_are_refused() =>
        Assert.Throws<FormatException>(() => CanonicalJson.ParseObject(Encoding.UTF8.GetBytes("{\"a\":" + new string('[', 100_000))));

    private static string Text(byte[] utf8) => Encoding.UTF8.GetString(utf8);

    private static JsonNode Shuffled(JsonNode value) => value switch
    {
        JsonObject members => new JsonObject(members.Reverse().Select(member => KeyValuePair.Create(member.Key, member.Value is null ? null : (JsonNode?)Shuffled(member.Value)))),
        JsonArray items => new JsonArray([.. items.Select(item => item is null ? null : Shuffled(item))]),
        _ => value.DeepClone(),
    };

    private static Gen<JsonObject> Objects() => Gen.Sized(size => ObjectOf(Math.Min(size, 12)));

    private static Gen<JsonObject> ObjectOf(int size) =>
        from names in Gen.ListOf(Names(), size % 6).Select(names => names.Distinct().ToArray())
        from values in Gen.ArrayOf(Values(size / 2), names.Length)
        select new JsonObject(names.Zip(values, (name, value) => KeyValuePair.Create(name, value?.DeepClone())));

    private static Gen<JsonNode?> Values(int size)
    {
        Gen<JsonNode?> leaf = Gen.OneOf(
            Gen.Choose(-1000, 1000).Select(number => (JsonNode?)JsonValue.Create(number)),
            ArbMap.Default.GeneratorFor<double>().Where(number => double.IsFinite(number) && Math.Abs(number) < 1e15).Select(number => (JsonNode?)JsonValue.Create(number)),
            Names().Select(text => (JsonNode?)JsonValue.Create(text)),
            Gen.Elements<JsonNode?>(null, JsonValue.Create(true), JsonValue.Create(false)));
        return size < 1 ? leaf : Gen.OneOf(
            leaf,
            ObjectOf(size).Select(value => (JsonNode?)value),
            Gen.ArrayOf(Values(size / 2), size % 4).Select(items => (JsonNode?)new JsonArray([.. items.Select(item => item?.DeepClone())])));
    }

    private static Gen<string> Names() =>
        from characters in Gen.ArrayOf(Gen.OneOf(Gen.Choose(0, 0x2ff), Gen.Choose(0xe000, 0xffff), Gen.Choose('a', 'z')), 4)
        select new string([.. characters.Select(character => (char)character)]);
}

namespace InferenceShield.Tests;

public sealed class NearDuplicateOptionsTests
{
    public static TheoryData<string, Action<NearDuplicateOptions>> Faults => new()
    {
        { "Kind", options => options.Kind = (InputKind)7 },
        { "Capacity", options => options.Capacity = 1023 },
        { "Capacity", options => options.Capacity = 16_777_217 },
        { "Capacity", options => (options.Capacity, options.Hashes) = (16_777_216, 128) },
        { "WindowLength", options => options.WindowLength = 0 },
        { "WindowLength", options => options.WindowLength = 257 },
        { "Stride", options => options.Stride = 0 },
        { "Stride", options => options.Stride = 257 },
        { "Hashes", options => options.Hashes = 7 },
        { "Hashes", options => options.Hashes = 129 },
        { "MatchOverlap", options => options.MatchOverlap = 0 },
        { "MatchOverlap", options => options.MatchOverlap = 51 },
        { "QuantizationStep", options => options.QuantizationStep = 7 },
        { "QuantizationStep", options => options.QuantizationStep = 129 },
        { "QuantizationStep", options => options.QuantizationStep = 50.5 },
        { "QuantizationStep", options => options.QuantizationStep = double.NaN },
        { "QuantizationStep", options => (options.Kind, options.QuantizationStep) = (InputKind.Tabular, 0) },
        { "ImageMinimum", options => options.ImageMinimum = float.NaN },
        { "ImageMaximum", options => options.ImageMaximum = 0 },
        { "ImageMaximum", options => options.ImageMaximum = float.PositiveInfinity },
        { "FeatureSpreads:1", options => options.FeatureSpreads = [1, 0] },
        { "FeatureSpreads:0", options => options.FeatureSpreads = [float.NaN] },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void What_makes_no_sense_is_refused_by_name(string name, Action<NearDuplicateOptions> spoil)
    {
        using ShieldSecret secret = FingerprintInputs.Secret(1);
        NearDuplicateOptions options = new();
        spoil(options);
        ArgumentOutOfRangeException fault = Assert.Throws<ArgumentOutOfRangeException>(() => new NearDuplicateIndex(secret, options));
        Assert.StartsWith(name + ";", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_index_takes_only_inputs_of_its_kind()
    {
        using ShieldSecret secret = FingerprintInputs.Secret(2);
        CallerKey caller = new(1, 1);
        NearDuplicateIndex images = new(secret, new NearDuplicateOptions { Capacity = 1024 });
        NearDuplicateIndex rows = new(secret, new NearDuplicateOptions { Capacity = 1024, Kind = InputKind.Tabular, FeatureSpreads = [1, 2] });
        NearDuplicateIndex tokens = new(secret, new NearDuplicateOptions { Capacity = 1024, Kind = InputKind.Tokens });
        Assert.Throws<InvalidOperationException>(() => images.Match(new int[2], caller));
        Assert.Throws<InvalidOperationException>(() => images.Match(new long[2], caller));
        Assert.Throws<InvalidOperationException>(() => rows.Match(new byte[2], caller));
        Assert.Throws<InvalidOperationException>(() => rows.Match(new int[2], caller));
        Assert.Throws<InvalidOperationException>(() => tokens.Match(new byte[2], caller));
        Assert.Throws<InvalidOperationException>(() => tokens.Match(new float[2], caller));
        Assert.Throws<ArgumentException>(() => rows.Match(new float[3], caller));
        Assert.Equal(2, rows.Match(new float[2], caller).Hashes);
        Assert.Throws<ArgumentNullException>(() => new NearDuplicateIndex(null!));
    }
}

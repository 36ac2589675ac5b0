using System.Diagnostics.CodeAnalysis;

namespace InferenceShield.Tests;

public sealed class PublicApiTests
{
    [Fact]
    public void The_public_api_is_the_committed_baseline()
    {
        if (PublicApiText.FindDrift(typeof(Shield).Assembly) is { } drift)
        {
            Assert.Fail(drift);
        }
    }

    [Fact]
    public void Everything_a_users_code_can_see_is_rendered() => Assert.Equal(
        """
        InferenceShield.Tests.Sample : class of IDisposable
        InferenceShield.Tests.Sample.Count : static int { get; }
        InferenceShield.Tests.Sample.Dispose() : virtual void
        InferenceShield.Tests.Sample.Find<T>(ReadOnlySpan<byte> key, out string? name, params ReadOnlySpan<int> rest) : bool
        InferenceShield.Tests.Sample.Hook() : protected virtual void
        InferenceShield.Tests.Sample.Kind : enum of byte
        InferenceShield.Tests.Sample.Kind.First = 0
        InferenceShield.Tests.Sample.Kind.Third = 3
        InferenceShield.Tests.Sample.Limit : const int = 5
        InferenceShield.Tests.Sample.Name : string? { get; init; }
        InferenceShield.Tests.Sample.Names : IReadOnlyList<string?> { get; set; }
        InferenceShield.Tests.Sample.Set(in int row, int? count = null, string text = "x") : void
        InferenceShield.Tests.Sample.ToString() : override string
        InferenceShield.Tests.Sample.new(int count = 3)

        """.ReplaceLineEndings("\n"),
        PublicApiText.Render([typeof(Sample), typeof(Sample.Kind)]));

    [Fact]
    public void A_difference_shows_what_was_there_and_what_is_new()
    {
        Assert.Null(PublicApiText.Compare("a\nb\n", "a\r\nb"));
        Assert.Equal("- b(int x)\n+ b(long x)\n+ c", PublicApiText.Compare("a\nb(int x)\n", "a\nb(long x)\nc\n"));
    }
}

/// <summary>A type with something of everything.</summary>
public class Sample : IDisposable
{
    public const int Limit = 5;

    internal const int Hidden = 6;

    public Sample(int count = 3) => Count = count;

    [SuppressMessage("Design", "CA1028", Justification = "Rendered, not used.")]
    public enum Kind : byte
    {
        First,
        Third = 3,
    }

    public static int Count { get; private set; }

    public string? Name { get; init; }

    public IReadOnlyList<string?> Names { get; set; } = [];

    public bool Find<T>(ReadOnlySpan<byte> key, out string? name, params ReadOnlySpan<int> rest)
    {
        name = typeof(T).Name;
        return key.Length > rest.Length;
    }

    public void Set(in int row, int? count = null, string text = "x") => Count = row + (count ?? text.Length);

    public override string ToString() => "";

    public virtual void Dispose() => GC.SuppressFinalize(this);

    protected virtual void Hook()
    {
    }
}

namespace InferenceShield.Lab;

/// <summary>One dimension of an input or output: a fixed size, a named free size such as <c>batch</c>, or (the default value) unknown.</summary>
internal readonly record struct OnnxDimension
{
    private OnnxDimension(long? size, string? name)
    {
        Size = size;
        Name = name;
    }

    /// <summary>The size, if it is fixed.</summary>
    public long? Size { get; }

    /// <summary>The name, if the size is free.</summary>
    public string? Name { get; }

    /// <summary>Makes a fixed dimension.</summary>
    public static OnnxDimension FromInt64(long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        return new OnnxDimension(size, null);
    }

    /// <summary>Makes a named free dimension.</summary>
    public static OnnxDimension FromString(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new OnnxDimension(null, name);
    }

    /// <summary>Makes a fixed dimension.</summary>
    public static implicit operator OnnxDimension(long size) => FromInt64(size);

    /// <summary>Makes a named free dimension.</summary>
    public static implicit operator OnnxDimension(string name) => FromString(name);
}

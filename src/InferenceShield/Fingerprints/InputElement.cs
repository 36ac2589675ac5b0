namespace InferenceShield;

/// <summary>How the elements of an input are to be told apart.</summary>
public enum InputElement
{
    /// <summary>By their bytes: integers, booleans, and anything else that has one form for each value. The default.</summary>
    Bytes = 0,

    /// <summary>As float32: -0 is 0, and every NaN is the same.</summary>
    FloatingPoint32,

    /// <summary>As float64: -0 is 0, and every NaN is the same.</summary>
    FloatingPoint64,

    /// <summary>As float16 (5 bits of exponent): -0 is 0, and every NaN is the same.</summary>
    FloatingPoint16,

    /// <summary>As bfloat16 (8 bits of exponent): -0 is 0, and every NaN is the same.</summary>
    BFloat16,
}

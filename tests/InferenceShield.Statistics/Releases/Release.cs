namespace InferenceShield.Statistics.Releases;

/// <summary>Writes the released answer of a clean one.</summary>
internal delegate void Release(ReadOnlySpan<float> clean, Span<float> released);

namespace InferenceShield;

/// <summary>The sixth byte of a sketch's state. Numbers are never reused.</summary>
internal enum SketchKind : byte
{
    UltraLogLog = 1,
    HyperLogLog = 2,
    CountMin = 3,
    SpaceSaving = 4,
}

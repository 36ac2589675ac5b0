namespace InferenceShield;

/// <content>Cosine and trap marks, and the file they live in.</content>
internal sealed partial class ShieldOptionsValidator
{
    private void CheckInputMarks(string key, WatermarkOptions watermark)
    {
        if (watermark.Cosine is { } cosine)
        {
            Range(key + ":Cosine:Strength", cosine.Strength, 0.005, 0.2);
        }
    }
}

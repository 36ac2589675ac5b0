namespace InferenceShield;

/// <content>Marks of embeddings and tokens.</content>
internal sealed partial class ShieldOptionsValidator
{
    private void CheckVectorMarks(string key, WatermarkOptions watermark)
    {
        if (watermark.Direction is { } direction)
        {
            Range(key + ":Direction:Directions", direction.Directions, 1, 16);
        }
    }
}

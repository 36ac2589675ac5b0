namespace InferenceShield.Lab.Tests;

/// <summary>Keeps who asked which rows when. A row is known by its first value.</summary>
internal sealed class RecordingObserver : IQueryObserver
{
    public List<(string Caller, DateTimeOffset Asked, float Row)> Rows { get; } = [];

    public List<int> Batches { get; } = [];

    public void Observe(in ObservedBatch batch)
    {
        Batches.Add(batch.Rows);
        for (int row = 0; row < batch.Rows; row++)
        {
            Rows.Add((batch.Caller, batch.Asked, batch.Inputs[row * batch.InputLength]));
        }
    }
}

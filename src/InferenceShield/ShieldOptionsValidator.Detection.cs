namespace InferenceShield;

/// <content>What queries are measured against, and where it is recorded.</content>
internal sealed partial class ShieldOptionsValidator
{
    private const long LeastRecordBytes = 1 << 20;

    private void CheckDetection(DetectionOptions detection)
    {
        Range("Detection:Callers", detection.Callers, 64, 1_000_000);
        Range("Detection:RecordBytes", detection.RecordBytes, LeastRecordBytes, 1L << 40);
        if (!(detection.RecordShare is > 0 and <= 1))
        {
            Fault("Detection:RecordShare", detection.RecordShare, "above 0 to 1, the share of callers");
        }

        CheckPath("Detection:CalibrationFile", detection.CalibrationFile);
        CheckPath("Detection:RecordTo", detection.RecordTo);
        if (detection.RecordTo is not null && detection.CalibrationFile is null)
        {
            _faults.Add(_prefix + "Detection:RecordTo needs Detection:CalibrationFile, which says how queries are measured. A first one comes of benign inputs: inference-shield calibrate MODEL --benign FILE --secret-env NAME.");
        }
    }

    private void CheckFixedRecording(DetectionOptions detection, DetectionOptions serving)
    {
        if (detection.RecordTo != serving.RecordTo || detection.RecordShare != serving.RecordShare || detection.RecordBytes != serving.RecordBytes)
        {
            _faults.Add(_prefix + "Detection:RecordTo, RecordShare and RecordBytes are fixed while serving. Restart to change them.");
        }
    }
}

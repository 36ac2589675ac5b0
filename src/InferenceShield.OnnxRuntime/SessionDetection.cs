using InferenceShield.OnnxRuntime.Numerics;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace InferenceShield.OnnxRuntime;

/// <summary>What detection sees of a session's calls: the input that counts rows and the output that histories count. Immutable and
/// thread-safe.</summary>
internal sealed class SessionDetection
{
    private readonly ModelTensor _tensor;
    private readonly ModelTensor? _answer;
    private readonly int _classes;

    public SessionDetection(ModelSignature signature, Shield shield)
    {
        Input = Math.Max(0, signature.RowInput);
        _tensor = signature.Inputs[Input];
        long width = 1;
        foreach (long dimension in signature.RowInput >= 0 ? _tensor.Dimensions[1..] : _tensor.Dimensions)
        {
            width = dimension < 1 || width > int.MaxValue ? 0 : width * dimension;
        }

        Width = _tensor.ElementType == TensorElementType.Bool ? 0 : (int)Math.Min(width, int.MaxValue);
        if (shield.CountedOutput is >= 0 and int counted)
        {
            _answer = signature.Outputs[counted];
            _classes = _answer.Dimensions switch
            {
                [] => 0, // or of a rank that the model does not say
                [_] when shield.GetOutputKind(counted) == OutputKind.Regression => 0, // its numbers may be the rows
                [.., long last] => (int)Math.Clamp(last, 0, int.MaxValue),
            };
        }

        if (shield.Calibration is { } calibration && FindFault(calibration) is { } fault)
        {
            throw new ModelFileException(fault);
        }

        shield.InputLength = Width;
        if (shield.Space is { } space && Width > 0 && space.InputLength != Width)
        {
            throw new ModelFileException($"The input space of InputSpaceFile was learned of rows of {space.InputLength} numbers; the input '{_tensor}' has rows of {Width}. Calibrate with this model's inputs.");
        }
    }

    /// <summary>The number of the input.</summary>
    public int Input { get; }

    /// <summary>Numbers in one of its rows; 0 if they differ from call to call.</summary>
    public int Width { get; }

    /// <summary>Whether rows and answers of the session are those that a calibration was made of, as far as the model's signature says.</summary>
    public bool Fits(DetectionCalibration calibration) => FitsInput(calibration) && FitsAnswer(calibration);

    private string? FindFault(DetectionCalibration calibration) =>
        !FitsInput(calibration)
            ? $"The calibration of Detection:CalibrationFile was made of rows of {calibration.Profile.InputLength} numbers; the input '{_tensor}' has {(Width == 0 ? "no rows of a fixed number" : $"rows of {Width}")}. Calibrate with this model's inputs, or without inputs."
        : !FitsAnswer(calibration)
            ? $"The calibration of Detection:CalibrationFile was made of answers of {calibration.Profile.ScoreLength} numbers; the output '{_answer}' has {_classes}. Calibrate with this model's answers."
        : null;

    private bool FitsInput(DetectionCalibration calibration) => calibration.Profile.InputLength == 0 || calibration.Profile.InputLength == Width;

    /// <summary>A dimension that is not fixed fits until an answer shows that it does not.</summary>
    private bool FitsAnswer(DetectionCalibration calibration) => _classes == 0 || calibration.Profile.ScoreLength == _classes;
}

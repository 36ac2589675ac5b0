using InferenceShield.OnnxRuntime.Numerics;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace InferenceShield.OnnxRuntime;

/// <summary>What detection sees of a session's calls: the input that counts rows and the output that histories count. Immutable and
/// thread-safe.</summary>
internal sealed class SessionDetection
{
    private readonly ModelTensor _tensor;

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
        if (shield.Calibration is { } calibration && FindFault(calibration) is { } fault)
        {
            throw new ModelFileException(fault);
        }
    }

    /// <summary>The number of the input.</summary>
    public int Input { get; }

    /// <summary>Numbers in one of its rows; 0 if they differ from call to call.</summary>
    public int Width { get; }

    /// <summary>Why a calibration does not fit the session; null if it does.</summary>
    public string? FindFault(DetectionCalibration calibration) => calibration.Profile.InputLength == 0 || calibration.Profile.InputLength == Width
        ? null
        : $"The calibration of Detection:CalibrationFile was made of rows of {calibration.Profile.InputLength} numbers; the input '{_tensor}' has {(Width == 0 ? "no rows of a fixed number" : $"rows of {Width}")}. Calibrate with this model's inputs, or without inputs.";
}

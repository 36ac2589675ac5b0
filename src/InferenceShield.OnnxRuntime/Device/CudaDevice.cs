using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.OnnxRuntime;

/// <summary>Finds out whether CUDA can really be used, without touching the session that should use it.</summary>
/// <remarks>It fails in two shapes and at two moments: the CPU build of the runtime lacks the entry point
/// (EntryPointNotFoundException) or says "not enabled in this build"; the GPU build lists the provider and then fails to
/// load its libraries when it is appended, or finds no driver when a session starts. So a model of one Identity node is
/// really started on the device.</remarks>
internal static class CudaDevice
{
    /// <summary>ONNX, opset 17: y = Identity(x), float[1].</summary>
    private static readonly byte[] s_probe = Convert.FromBase64String(
        "CAg6OwoQCgF4EgF5IghJZGVudGl0eRIFcHJvYmVaDwoBeBIKCggIARIECgIIAWIPCgF5EgoKCAgBEgQKAggBQgIQEQ==");

    /// <summary>Why the device cannot be used; null if it can.</summary>
    public static (string? Reason, Exception? Cause) Probe(int deviceId)
    {
        if (deviceId < 0)
        {
            return ($"device id {deviceId} is not a device; they are numbered from 0", null);
        }

        try
        {
            using SessionOptions options = new();
            options.AppendExecutionProvider_CUDA(deviceId);
            using InferenceSession session = new(s_probe, options);
            return (null, null);
        }
        catch (Exception exception) when (exception is EntryPointNotFoundException or OnnxRuntimeException)
        {
            return (Explain(exception), exception);
        }
    }

    /// <summary>What an operator can do about it.</summary>
    internal static string Explain(Exception exception) =>
        exception is EntryPointNotFoundException || exception.Message.Contains("not enabled in this build", StringComparison.OrdinalIgnoreCase)
            ? "this build of ONNX Runtime has no CUDA provider. Reference the package Microsoft.ML.OnnxRuntime.Gpu instead of Microsoft.ML.OnnxRuntime in the application"
            : "the CUDA provider does not start. Install the NVIDIA driver, CUDA and cuDNN in the versions that this ONNX Runtime asks for, and check the device id";
}

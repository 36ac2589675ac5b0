using Microsoft.Extensions.Logging;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.OnnxRuntime;

/// <summary>Makes a session of a file and a device, with errors that say what to do.</summary>
internal static class SessionLoader
{
    public static (InferenceSession Session, bool OnCuda) Load(
        string model, string path, ShieldedSessionOptions shielded, SessionOptions? sessionOptions, ILogger logger)
    {
        FileInfo file = new(path);
        if (!file.Exists)
        {
            throw new ModelFileException(Directory.Exists(path)
                ? $"The model path '{path}' is a folder; name the ONNX file in it."
                : $"The model file '{path}' does not exist (looked for '{file.FullName}').");
        }

        ExecutionDevice device = shielded.Device;
        bool onCuda = device.Kind == ExecutionDeviceKind.Cuda && CanUseCuda(model, device, logger);
        using SessionOptions? own = sessionOptions is null ? new SessionOptions { IntraOpNumThreads = shielded.IntraOpThreads } : null;
        SessionOptions options = sessionOptions ?? own!;
        if (onCuda)
        {
            options.AppendExecutionProvider_CUDA(device.DeviceId);
        }

        try
        {
            return (new InferenceSession(path, options), onCuda);
        }
        catch (OnnxRuntimeException exception)
        {
            throw new ModelFileException(
                $"ONNX Runtime cannot load the model file '{path}' ({file.Length:N0} bytes): it is cut short, not ONNX, or uses something this runtime lacks. See the inner exception.", exception);
        }
    }

    private static bool CanUseCuda(string model, ExecutionDevice device, ILogger logger)
    {
        (string? reason, Exception? cause) = CudaDevice.Probe(device.DeviceId);
        if (reason is null)
        {
            return true;
        }

        if (!device.FallbackToCpu)
        {
            string message = $"Model '{model}' should run on {device}, but {reason}. Or allow the CPU: ExecutionDevice.Cuda({device.DeviceId}, fallbackToCpu: true).";
            throw cause is null ? new ExecutionDeviceUnavailableException(message) : new ExecutionDeviceUnavailableException(message, cause);
        }

        SessionLog.DeviceFallback(logger, model, reason);
        return false;
    }
}

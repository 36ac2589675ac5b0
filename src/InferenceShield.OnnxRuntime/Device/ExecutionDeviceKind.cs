namespace InferenceShield.OnnxRuntime;

/// <summary>What a model runs on.</summary>
public enum ExecutionDeviceKind
{
    /// <summary>The CPU.</summary>
    Cpu = 0,

    /// <summary>An NVIDIA GPU, through ONNX Runtime's CUDA provider. Needs the package Microsoft.ML.OnnxRuntime.Gpu in the application.</summary>
    Cuda,
}

namespace InferenceShield.OnnxRuntime;

/// <summary>The device a model runs on, and what to do if it is not there.</summary>
/// <remarks>Bindable: <c>"Device": { "Kind": "Cuda", "DeviceId": 0, "FallbackToCpu": true }</c>.</remarks>
public sealed class ExecutionDevice
{
    /// <summary>The CPU or a GPU.</summary>
    /// <value>The default is <see cref="ExecutionDeviceKind.Cpu"/>.</value>
    public ExecutionDeviceKind Kind { get; set; }

    /// <summary>The GPU's number, from 0. Without meaning for the CPU.</summary>
    public int DeviceId { get; set; }

    /// <summary>Run on the CPU, with a warning in the log, if the GPU cannot be used. Otherwise that is an error.</summary>
    /// <value>The default is <see langword="false"/>: a service sized for a GPU should not start quietly without it.</value>
    public bool FallbackToCpu { get; set; }

    /// <summary>The CPU.</summary>
    public static ExecutionDevice Cpu => new();

    /// <summary>An NVIDIA GPU.</summary>
    /// <param name="deviceId">Its number, from 0.</param>
    /// <param name="fallbackToCpu">Run on the CPU, with a warning in the log, if it cannot be used.</param>
    public static ExecutionDevice Cuda(int deviceId = 0, bool fallbackToCpu = false) =>
        new() { Kind = ExecutionDeviceKind.Cuda, DeviceId = deviceId, FallbackToCpu = fallbackToCpu };

    internal ExecutionDevice Clone() => (ExecutionDevice)MemberwiseClone();

    /// <inheritdoc/>
    public override string ToString() => Kind == ExecutionDeviceKind.Cpu ? "CPU" : $"{Kind} {DeviceId}";
}

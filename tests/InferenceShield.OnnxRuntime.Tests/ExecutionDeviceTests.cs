using Microsoft.Extensions.Logging;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>The tests' runtime is the CPU build: whoever asks it for CUDA is told what to do.</summary>
public sealed class ExecutionDeviceTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly Shield _shield = TestSession.BuildShield([(TestModels.Output, OutputKind.Logits)], name: "fashion");
    private readonly string _model;

    public ExecutionDeviceTests() => _model = _folder.Save(TestModels.Linear());

    [Fact]
    public void Without_a_device_it_is_the_cpu()
    {
        using RecordingLoggerFactory logger = new();
        using ShieldedSession session = TestSession.Open(_shield, _model, logger: logger);
        Assert.Equal("CPU", session.Device);
        Assert.Empty(logger.Messages("DeviceFallback"));
        Assertions.Says(Assert.Single(logger.Messages("SessionReady")), "'fashion'", "on CPU", "x: Float [batch, 8]", "y: Float [batch, 10]");
    }

    [Fact]
    public void Cuda_without_the_runtime_for_it_is_an_error_with_advice()
    {
        ExecutionDeviceUnavailableException exception = Assert.Throws<ExecutionDeviceUnavailableException>(() =>
            TestSession.Open(_shield, _model, new ShieldedSessionOptions { Device = ExecutionDevice.Cuda(0) }));
        Assertions.Says(exception.Message, "'fashion'", "Cuda 0", "Microsoft.ML.OnnxRuntime.Gpu", "fallbackToCpu: true");
        Assert.NotNull(exception.InnerException);
    }

    [Fact]
    public void Each_way_in_which_cuda_fails_has_its_advice()
    {
        Assert.Contains("Microsoft.ML.OnnxRuntime.Gpu", CudaDevice.Explain(new EntryPointNotFoundException("OrtSessionOptionsAppendExecutionProvider_CUDA")), StringComparison.Ordinal);
        Assert.Contains("Microsoft.ML.OnnxRuntime.Gpu", CudaDevice.Explain(new InvalidOperationException("CUDA execution provider is not enabled in this build.")), StringComparison.Ordinal);
        Assert.Contains("NVIDIA driver", CudaDevice.Explain(new InvalidOperationException("[ErrorCode:Fail] Failed to load shared library")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_fallback_that_is_allowed_is_taken_and_logged_once()
    {
        using RecordingLoggerFactory logger = new();
        using ShieldedSession session = TestSession.Open(
            _shield, _model, new ShieldedSessionOptions { Device = ExecutionDevice.Cuda(0, fallbackToCpu: true) }, logger);
        float[] released = new float[10];
        Assert.True(session.Run(_shield.IdentifyCaller("caller"), TestModels.Weights(8), released).IsAdmitted);
        Assertions.IsReleased(released, Assertions.FirstOfLargest(released));
        Assert.Equal("CPU", session.Device);
        Assertions.Says(Assert.Single(logger.Messages("DeviceFallback")), "'fashion'", "CPU", "Microsoft.ML.OnnxRuntime.Gpu");
        Assert.Single(logger.Entries, entry => entry.Level == LogLevel.Warning);
        Assertions.Says(Assert.Single(logger.Messages("SessionReady")), "on CPU");
    }

    [Fact]
    public void A_device_cannot_be_below_zero()
    {
        ExecutionDeviceUnavailableException exception = Assert.Throws<ExecutionDeviceUnavailableException>(() =>
            TestSession.Open(_shield, _model, new ShieldedSessionOptions { Device = ExecutionDevice.Cuda(-1) }));
        Assertions.Says(exception.Message, "device id -1", "numbered from 0");
    }

    [Fact]
    public void The_model_file_is_checked_before_the_device()
    {
        Assert.Throws<ModelFileException>(() =>
            TestSession.Open(_shield, _folder.File("nothing.onnx"), new ShieldedSessionOptions { Device = ExecutionDevice.Cuda(0) }));
    }

    public void Dispose()
    {
        _shield.Dispose();
        _folder.Dispose();
    }
}

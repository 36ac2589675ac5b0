using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.OnnxRuntime;

/// <summary>Keeps ONNX Runtime's own telemetry off.</summary>
/// <remarks>
/// Since 1.29 the Linux and macOS builds write a device id and model file and graph names below the user's cache folder
/// and carry an uploader, on by default. Only <c>ORT_DISABLE_TELEMETRY=1</c> in the native environment before the
/// first native call stops that; Environment.SetEnvironmentVariable does not reach the native environment there.
/// </remarks>
internal static partial class RuntimeTelemetry
{
    /// <summary>The AppContext switch (runtimeconfig, project property) that leaves the runtime's telemetry on.</summary>
    public const string AllowSwitch = "InferenceShield.OnnxRuntime.AllowRuntimeTelemetry";

    private const string Variable = "ORT_DISABLE_TELEMETRY";

    private static bool s_cameTooLate;
    private static bool s_allowed;

    /// <summary>What the operator should know; null if telemetry is off, or on because somebody wanted it.</summary>
    public static string? Warning => s_cameTooLate && !s_allowed
        ? "ONNX Runtime was started before InferenceShield.OnnxRuntime was loaded, so its own telemetry may already be on: it records model file and graph names. Set ORT_DISABLE_TELEMETRY=1 in the process's environment, or create a ShieldedSession before any other session."
        : null;

#pragma warning disable CA2255 // A library's module initializer is the only place that surely runs before any type of the runtime is used through us.
    [ModuleInitializer]
    internal static void TurnOff()
    {
        if (AppContext.TryGetSwitch(AllowSwitch, out bool allowed) && allowed)
        {
            s_allowed = true;
            return;
        }

        s_cameTooLate = OrtEnv.IsCreated && GetNativeVariable() != "1";
        SetNativeVariable("1");
    }
#pragma warning restore CA2255

    /// <summary>Before a session is made: as the operator wants it.</summary>
    /// <param name="allow">Leave telemetry on. Takes effect only while the runtime has not started.</param>
    public static void Apply(bool allow)
    {
        if (allow || s_allowed)
        {
            s_allowed = true;
            if (!OrtEnv.IsCreated)
            {
                SetNativeVariable(null);
            }

            return;
        }

        // The Windows builds report through ETW, which this turns off.
        OrtEnv.Instance().DisableTelemetryEvents();
    }

    /// <summary>What the runtime reads; Environment also shows what was set too late or for managed code only.</summary>
    private static string? GetNativeVariable() => OperatingSystem.IsWindows()
        ? Environment.GetEnvironmentVariable(Variable)
        : Marshal.PtrToStringUTF8(GetVariable(Variable));

    private static void SetNativeVariable(string? value)
    {
        Environment.SetEnvironmentVariable(Variable, value);
        if (OperatingSystem.IsWindows())
        {
            return; // there the runtime reads what Environment.SetEnvironmentVariable has set
        }

        _ = value is null ? RemoveVariable(Variable) : SetVariable(Variable, value, overwrite: 1);
    }

    [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial IntPtr GetVariable(string name);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "unsetenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int RemoveVariable(string name);
}

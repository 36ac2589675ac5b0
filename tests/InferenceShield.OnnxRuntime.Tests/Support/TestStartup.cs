using System.Runtime.CompilerServices;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>Tests use the bare runtime too: the shield's package must be there first, or the runtime records what they run.</summary>
internal static class TestStartup
{
    [ModuleInitializer]
    internal static void LoadTheShieldFirst() => RuntimeHelpers.RunModuleConstructor(typeof(ShieldedSession).Module.ModuleHandle);
}

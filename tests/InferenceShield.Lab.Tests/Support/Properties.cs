using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;

namespace InferenceShield.Lab.Tests;

/// <summary>Runs FsCheck properties with a fixed seed, so that a red run stays red.</summary>
internal static class Properties
{
    public static void Hold<T>(Gen<T> cases, Action<T> check, int tests = 200, ulong seed = 20_260_822) =>
        Prop.ForAll(cases.ToArbitrary(), check).Check(Config.QuickThrowOnFailure
            .WithMaxTest(tests)
            .WithReplay(FSharpOption<Replay>.Some(new Replay(new Rnd(seed), FSharpOption<int>.None))));
}

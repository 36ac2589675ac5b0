using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;

namespace InferenceShield.Tests;

/// <summary>Runs FsCheck properties with a fixed seed, so that a red run stays red.</summary>
internal static class Properties
{
    public static void Hold<T>(Gen<T> cases, Action<T> check, int tests = 200, ulong seed = 20_260_822) =>
        Prop.ForAll(cases.ToArbitrary(), check).Check(Config.QuickThrowOnFailure
            .WithMaxTest(tests)
            .WithReplay(FSharpOption<Replay>.Some(new Replay(new Rnd(seed), FSharpOption<int>.None))));

    /// <summary>Lists of length 1 to <paramref name="longest"/>.</summary>
    public static Gen<T[]> Sequences<T>(Gen<T> element, int longest) =>
        from length in Gen.Choose(1, longest)
        from items in element.ArrayOf(length)
        select items;
}

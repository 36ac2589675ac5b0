using InferenceShield.Statistics.Efficacy;

namespace InferenceShield.Statistics.Ownership;

/// <summary>All that docs/ownership.md is made of, by one command: alone it runs everything, then writes the page.</summary>
internal static class OwnershipCommand
{
    /// <param name="some">Nothing for everything; else one of tokens, disguise, region, directions, retrieval, collusion, traps, fingerprint, page, or data sets and groups of the table.</param>
    /// <param name="root">Of the repository.</param>
    /// <param name="output">Told how far it is.</param>
    public static async Task RunAsync(string[] some, string root, TextWriter output)
    {
        string results = Path.Combine(root, "tests", "InferenceShield.Statistics", "results");
        if (some is [] or ["collusion"])
        {
            CollusionExperiment.Run(output);
        }

        if (some is [] or ["traps"])
        {
            await TrapExperiment.RunAsync(output).ConfigureAwait(false);
        }

        if (some is [] or ["disguise"])
        {
            DisguiseExperiment.Run(results, output);
        }

        if (some is [] or ["region", ..])
        {
            RegionExperiment.Run(results, some is [_, _, ..] ? some[1..] : [], output);
        }

        if (some is [] or ["tokens"])
        {
            TokenMarkExperiment.Run();
        }

        if (some is [] or ["directions"])
        {
            DirectionMarkExperiment.Run();
        }

        if (some is [] or ["retrieval"])
        {
            DirectionCostExperiment.Run(output);
        }

        if (some is [] or ["fingerprint", ..])
        {
            FingerprintExperiment.Run(results, some is [_, _, ..] ? some[1..] : [EfficacyTarget.Fashion, EfficacyTarget.Letters], output);
        }

        if (some is [] or not ["tokens" or "disguise" or "region" or "directions" or "retrieval" or "collusion" or "traps" or "fingerprint" or "page", ..])
        {
            OwnershipExperiment.Run(results, [.. OwnershipTarget.Names.Intersect(some)], [.. some.Except(OwnershipTarget.Names)], output);
        }

        if (some is [] or ["page"])
        {
            OwnershipPage.WriteFile(root);
        }
    }
}

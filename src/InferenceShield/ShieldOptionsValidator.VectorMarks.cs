namespace InferenceShield;

/// <content>Marks of embeddings and tokens.</content>
internal sealed partial class ShieldOptionsValidator
{
    private void CheckVectorMarks(string key, WatermarkOptions watermark)
    {
        if (watermark.Direction is { } direction)
        {
            if (!(direction.CosineBudget is >= 0.0001 and <= 0.1))
            {
                Fault(key + ":Direction:CosineBudget", direction.CosineBudget, ".0001 to .1");
            }

            Range(key + ":Direction:Directions", direction.Directions, 1, DirectionMark.Most);
        }

        if (watermark.GreenList is { } green)
        {
            Range(key + ":GreenList:Share", green.Share, 0.05, 0.9);
            Range(key + ":GreenList:Bias", green.Bias, 0.1, 10);
            Range(key + ":GreenList:Context", green.Context ?? 1, 1, TokenContext.Most);
        }

        if (watermark.Tournament is { } tournament)
        {
            Range(key + ":Tournament:Layers", tournament.Layers, 1, 32);
            Range(key + ":Tournament:Context", tournament.Context, 1, TokenContext.Most);
            if (watermark.GreenList is not null)
            {
                _faults.Add($"{_prefix}{key} has both GreenList and Tournament; tokens carry one mark. Remove one.");
            }
        }
    }

    /// <summary>Marks that an output's kind would silently ignore are a fault where the output names them itself.</summary>
    private void CheckVectorMarksFit(string key, OutputKind kind, WatermarkOptions watermark)
    {
        if (watermark.Direction is not null && kind != OutputKind.Embedding)
        {
            _faults.Add($"{_prefix}{key}:Watermark:Direction applies to Embedding only, not to {kind}. Remove it.");
        }

        if (watermark is not { GreenList: null, Tournament: null } && kind != OutputKind.TokenLogits)
        {
            _faults.Add($"{_prefix}{key}:Watermark: GreenList and Tournament apply to TokenLogits only, not to {kind}. Remove them.");
        }
    }

    /// <summary>The same of the shared marks, where no output has the kind.</summary>
    private void CheckSharedVectorMarks(string key, ShieldOptions options, WatermarkOptions watermark)
    {
        OutputKind[] kinds = [.. options.Outputs.Values.Where(output => output is not null).Select(output => output.Kind)];
        if (watermark.Direction is not null && !kinds.Contains(OutputKind.Embedding))
        {
            _faults.Add($"{_prefix}{key}:Watermark:Direction applies to Embedding only, and no output is one. Remove it.");
        }

        if (watermark is not { GreenList: null, Tournament: null } && !kinds.Contains(OutputKind.TokenLogits))
        {
            _faults.Add($"{_prefix}{key}:Watermark: GreenList and Tournament apply to TokenLogits only, and no output is of that kind. Remove them.");
        }
    }
}

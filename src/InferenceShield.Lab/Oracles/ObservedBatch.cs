namespace InferenceShield.Lab;

/// <summary>A batch that reached a model, as an <see cref="IQueryObserver"/> sees it. Valid during the call only.</summary>
public readonly ref struct ObservedBatch
{
    internal ObservedBatch(string caller, DateTimeOffset asked, DateTimeOffset replied, ReadOnlySpan<float> inputs, int inputLength, ReadOnlySpan<float> answers, in OracleReply reply)
    {
        Caller = caller;
        Asked = asked;
        Replied = replied;
        Inputs = inputs;
        InputLength = inputLength;
        Answers = answers;
        Reply = reply;
    }

    /// <summary>Who asked.</summary>
    public string Caller { get; }

    /// <summary>When, by the oracle's clock.</summary>
    public DateTimeOffset Asked { get; }

    /// <summary>When the reply was there, by the oracle's clock.</summary>
    public DateTimeOffset Replied { get; }

    /// <summary>The rows that reached the model, refused ones included, one after another.</summary>
    public ReadOnlySpan<float> Inputs { get; }

    /// <summary>Values in a row of input.</summary>
    public int InputLength { get; }

    /// <summary>Rows that reached the model: each is one query.</summary>
    public int Rows => Inputs.Length / InputLength;

    /// <summary>The answers of the first <see cref="OracleReply.Answered"/> rows, one after another.</summary>
    public ReadOnlySpan<float> Answers { get; }

    /// <summary>What the oracle said.</summary>
    public OracleReply Reply { get; }
}

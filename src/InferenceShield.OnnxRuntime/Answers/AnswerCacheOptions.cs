namespace InferenceShield.OnnxRuntime;

/// <summary>How many released answers a <see cref="ShieldedSession"/> keeps for identical queries. Bound from
/// <c>Models:{name}:Session:AnswerCache</c>.</summary>
/// <remarks>
/// <para>A query whose inputs have been asked before, bit for bit and of the same shapes, under the same options of the shield,
/// gets the answer that was released then, and the model is not run. Nothing else changes: admission comes first,
/// charges every row and counts it; names, shapes and types are those of a run. A call runs unless every row of it has
/// an answer. What is kept is the released answer and a keyed 128-bit digest (SipHash-2-4), never an input or a clean
/// score; in observe-only mode nothing is kept or given. Whatever reload changes the shield's options makes all
/// answers before it useless.</para>
/// <para>Only for a model that answers the same input with the same scores, and each row of a batch by itself: neither shows
/// in a model file, so turning this on says so. Models for which it shows that answers cannot be kept are an error at
/// start: state outputs, batches of a fixed size above one, outputs that are not divided into the call's rows or whose
/// other dimensions are not fixed, inputs whose first dimension is neither fixed nor named like that of the row input.</para>
/// <para>Timing: a hit is faster than a run, and who measures can tell it by that. It shows only that somebody has asked the
/// very same input before, under the same secret and the same options. Where callers must not learn even that of one
/// another, leave this off.</para>
/// <para>While every row is hardened as in every posture (<see cref="PostureOptions.EqualWork"/>) it rests, nothing kept and nothing
/// given: a caller whose own query takes a run again, after it was answered from here, would know that it is treated otherwise.</para>
/// <para>Thread-safe to use, without locks. A hit and a kept answer allocate nothing. Cost of a hit: one pass of SipHash over the
/// row, one look-up, one copy; of a miss, the same besides the run; so it is of no use to a model that costs less than a hash of
/// its input. The memory is taken when the session is made.</para>
/// </remarks>
public sealed class AnswerCacheOptions
{
    internal const int MostMegabytes = 4096;

    /// <summary>Memory for answers, in units of 1,048,576 bytes.</summary>
    /// <value>1 to 4,096; the default is 64. The answer to one query takes 64 bytes and 4 for each number in its outputs: 64
    /// megabytes hold 639,000 answers of 10 numbers, or 16,500 of 1,000. A list of marked queries (<see cref="EvidenceOptions.File"/>) takes 16 more for each answer of each output, so that a
    /// caller who gets a kept answer is in the list too. When it is full, answers not used lately go.</value>
    public int Megabytes { get; set; } = 64;

    internal AnswerCacheOptions Clone() => (AnswerCacheOptions)MemberwiseClone();
}

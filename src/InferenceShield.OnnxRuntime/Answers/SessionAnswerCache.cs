using System.Globalization;
using InferenceShield.OnnxRuntime.Numerics;

namespace InferenceShield.OnnxRuntime;

/// <summary>A session's released answers, given again to identical queries of the same policy.</summary>
/// <remarks>One entry holds all outputs of one row, so that a row is never answered by two runs. Thread-safe, without locks; nothing
/// is allocated once a request has seen a batch size.</remarks>
internal sealed class SessionAnswerCache
{
    private const int BytesPerMegabyte = 1 << 20;

    /// <summary>Above all postures.</summary>
    private const int TrialVariant = 1 << 8;
    private const int UnmarkedVariant = 1 << 9;

    private readonly Shield _shield;
    private readonly AnswerLayout _layout;
    private readonly SessionDetection _detection;
    private readonly int _signals; // numbers behind each answer: what detection measured of its input
    private readonly int _length; // numbers of an answer, and of all that is kept behind it
    private readonly AnswerCache _answers;
    private readonly StripedCounter _hits = new();
    private readonly StripedCounter _misses = new();
    private readonly StripedCounter _skipped = new();

    private SessionAnswerCache(AnswerLayout layout, Shield shield, SessionDetection detection, int megabytes)
    {
        _shield = shield;
        _layout = layout;
        _detection = detection;
        _signals = shield.Calibration is null ? 0 : SignalNumbers.Count;

        _length = layout.Width + _signals;
        for (int output = 0; shield.KeepsEvidence && output < layout.Widths.Length; output++)
        {
            _length += MarkNumbers.Count * (layout.Widths[output] / layout.Classes[output]);
        }

        // The last is an entry's part of what the cache keeps of a set.
        long each = AnswerCacheEntry.SizeInBytes + (sizeof(float) * (long)_length) + (sizeof(int) / AnswerCache.Ways);
        long sets = (long)megabytes * BytesPerMegabyte / (each * AnswerCache.Ways);
        _answers = sets > 0
            ? new AnswerCache((int)(sets * AnswerCache.Ways), _length)
            : throw layout.Unfit(string.Create(CultureInfo.InvariantCulture,
                $"the answer to one query takes {each:N0} bytes, so that Session:AnswerCache:Megabytes, which is {megabytes}, holds fewer than {AnswerCache.Ways} of them. Raise it"));
    }

    /// <summary>The cache that the options ask for; null if they do not.</summary>
    /// <exception cref="ModelFileException">Answers of this model cannot be kept.</exception>
    public static SessionAnswerCache? TryMake(ModelSignature signature, Shield shield, SessionDetection detection, ShieldedSessionOptions options) =>
        options.AnswerCache is { } cache ? new SessionAnswerCache(new AnswerLayout(signature, shield), shield, detection, cache.Megabytes) : null;

    /// <summary>Answers an admitted call if every row of it has an answer; counts what is released.</summary>
    /// <param name="admission">The call's admission.</param>
    /// <param name="request">Its inputs; gets the outputs.</param>
    /// <param name="released">Where the lone answer goes; empty for the request's own memory.</param>
    /// <returns>Whether it was answered. If not, the model has to be run, and <see cref="Store"/> keeps what it gives.</returns>
    public bool TryAnswer(in Admission admission, ShieldedRequest request, Span<float> released)
    {
        request.Answers.ForgetDigests();
        if (!IsUsed(in admission))
        {
            return false;
        }

        bool answered = TryGetRows(in admission, request, released);
        (answered ? _hits : _misses).Add(admission.Rows);
        return answered;
    }

    /// <summary>Keeps the answers that have been released to a call for which <see cref="TryAnswer"/> had none.</summary>
    /// <param name="admission">The same as there, as all arguments.</param>
    /// <param name="request">Holds the outputs, if <paramref name="released"/> does not.</param>
    /// <param name="released">The lone answer.</param>
    public void Store(in Admission admission, ShieldedRequest request, ReadOnlySpan<float> released)
    {
        if (!IsUsed(in admission))
        {
            return;
        }

        ReadOnlySpan<InputDigest> digests = request.Answers.Digests;
        ReadOnlySpan<RequestOutput> outputs = request.Outputs;
        if (digests.Length != admission.Rows || !HaveDeclaredShapes(outputs, admission.Rows))
        {
            _skipped.Add(admission.Rows);
            return;
        }

        ReadOnlySpan<float> lone = outputs.Length > 1 ? default : released.IsEmpty ? outputs[0].Released : released;
        for (int row = 0; row < digests.Length; row++)
        {
            AnswerKey key = KeyOf(in admission, digests[row]);
            Span<float> answer = request.Answers.MakeRow(_length);
            if (outputs.Length == 1)
            {
                lone.Slice(row * _layout.Width, _layout.Width).CopyTo(answer);
            }
            else
            {
                Gather(request, row, answer);
            }

            if (_signals > 0)
            {
                SignalNumbers.Write(admission.Plan!.Detection is null ? default : request.Measured[row], answer[_layout.Width..]);
            }

            if (_shield.KeepsEvidence)
            {
                KeepMarks(outputs, row, answer[(_layout.Width + _signals)..]);
            }

            _answers.Store(in key, answer);
        }
    }

    public AnswerCacheStatistics GetStatistics()
    {
        AnswerCacheStatistics answers = _answers.GetStatistics();
        return answers with { Hits = _hits.Sum, Misses = _misses.Sum, Skipped = answers.Skipped + _skipped.Sum };
    }

    /// <summary>Not in observe-only mode, where what leaves is clean. Nor where postures must not show: a query that was answered from here,
    /// and after a change of posture takes a run of the model, would tell of it. Nor under a calibration for which nothing is kept beside the
    /// answers, because it came later or is not of this model's rows: hits would go unobserved. Nor where a mark tells callers apart.</summary>
    private bool IsUsed(in Admission admission) =>
        admission.Plan is { Enforces: true, EqualWork: false, NeedsContext: false, MarkInputs.Inputs: not { Payload: not null } } plan && (plan.Detection is not { } calibration || (_signals > 0 && _detection.Fits(calibration)));

    /// <summary>All that an answer is a function of besides the row: the shield's plan, and how the caller is treated. The secret is
    /// the shield's, and so this cache's, for life; it is in the digest too.</summary>
    /// <remarks>The posture belongs into the variant, not the epoch: answers of an older epoch go first, and those of several
    /// postures are in force together.</remarks>
    private static AnswerKey KeyOf(in Admission admission, InputDigest digest) =>
        new(Owned(in admission, digest), Epoch: admission.Plan!.Version, Output: 0, Variant: (int)admission.Posture | (admission.InTrial ? TrialVariant : 0) | (admission.IsUnmarked ? UnmarkedVariant : 0));

    /// <summary>An answer that a tenant's transform or a caller's payload is in belongs to them.</summary>
    private static InputDigest Owned(in Admission admission, InputDigest digest)
    {
        ShieldPlan plan = admission.Plan!;
        digest = plan.MarkInputs.HasPayload ? OfTenant(digest, admission.Caller) : digest;
        return plan.NeedsTenant ? OfTenant(digest, admission.Tenant) : digest;
    }

    /// <summary>Answers of one tenant are no other's, nor those of one caller. Both words are keyed hashes: nobody can choose inputs whose digests differ as
    /// tenants do.</summary>
    private static InputDigest OfTenant(InputDigest digest, CallerKey tenant) => new(digest.Low ^ tenant.Low, digest.High ^ tenant.High);

    private static bool HaveDeclaredShapes(ReadOnlySpan<RequestOutput> outputs, int rows)
    {
        foreach (RequestOutput output in outputs)
        {
            if (!output.HasDeclaredShape(rows))
            {
                return false;
            }
        }

        return true;
    }

    private bool TryGetRows(in Admission admission, ShieldedRequest request, Span<float> released)
    {
        int rows = admission.Rows;
        long length = (long)rows * _layout.Width;
        if (length * sizeof(float) > Array.MaxLength || (!released.IsEmpty && released.Length != length))
        {
            return false; // a run says what is wrong
        }

        _layout.Digest(_shield, request.Inputs, rows, request.Answers);
        ReadOnlySpan<RequestOutput> outputs = request.Outputs;
        bool isLone = outputs.Length == 1;
        Span<float> lone = !isLone ? default : released.IsEmpty ? outputs[0].MakeReleased(rows, (int)length) : released;
        bool observes = _signals > 0 && admission.Plan!.Detection is not null;
        Span<QuerySignals> measured = observes ? request.MakeMeasured() : default;
        for (int output = 0; _shield.KeepsEvidence && output < outputs.Length; output++)
        {
            outputs[output].MakeMarked(rows * (_layout.Widths[output] / _layout.Classes[output]));
        }

        for (int row = 0; row < rows; row++)
        {
            AnswerKey key = KeyOf(in admission, request.Answers.Digests[row]);
            Span<float> own = isLone ? lone.Slice(row * _layout.Width, _layout.Width) : default;
            Span<float> answer = isLone && _length == _layout.Width ? own : request.Answers.MakeRow(_length);
            if (!_answers.TryGet(in key, answer, out _))
            {
                // The run that follows may fail, and half an answer must not be what is left then.
                released[..(released.IsEmpty ? 0 : row * _layout.Width)].Clear();
                return false;
            }

            if (!isLone)
            {
                Scatter(request, row, answer);
            }
            else if (_length > _layout.Width)
            {
                answer[.._layout.Width].CopyTo(own);
            }

            if (observes)
            {
                SignalNumbers.Read(answer[_layout.Width..], out measured[row]);
            }

            if (_shield.KeepsEvidence)
            {
                GiveMarks(outputs, row, answer[(_layout.Width + _signals)..]);
            }
        }

        if (observes)
        {
            _shield.ObserveMeasured(in admission, measured);
        }

        for (int output = 0; output < outputs.Length; output++)
        {
            _shield.CountReleased(in admission, isLone ? lone : outputs[output].Released, _layout.Classes[output], output);
        }

        return true;
    }

    /// <summary>What marks did to a row, behind its answer: the list of marked queries gets it again for whoever gets the answer again.</summary>
    private void KeepMarks(ReadOnlySpan<RequestOutput> outputs, int row, Span<float> numbers)
    {
        for (int output = 0; output < outputs.Length; output++)
        {
            int answers = _layout.Widths[output] / _layout.Classes[output];
            MarkNumbers.Write(outputs[output].Marked.Slice(row * answers, answers), numbers);
            numbers = numbers[(answers * MarkNumbers.Count)..];
        }
    }

    private void GiveMarks(ReadOnlySpan<RequestOutput> outputs, int row, ReadOnlySpan<float> numbers)
    {
        for (int output = 0; output < outputs.Length; output++)
        {
            int answers = _layout.Widths[output] / _layout.Classes[output];
            MarkNumbers.Read(numbers, outputs[output].MarkedOf(row, answers));
            numbers = numbers[(answers * MarkNumbers.Count)..];
        }
    }

    private void Scatter(ShieldedRequest request, int row, ReadOnlySpan<float> answer)
    {
        for (int output = 0; output < request.Outputs.Length; output++)
        {
            int width = _layout.Widths[output];
            Span<float> released = request.Outputs[output].MakeReleased(request.Rows, request.Rows * width);
            answer[..width].CopyTo(released[(row * width)..]);
            answer = answer[width..];
        }
    }

    private void Gather(ShieldedRequest request, int row, Span<float> answer)
    {
        int start = 0;
        for (int output = 0; output < request.Outputs.Length; output++)
        {
            int width = _layout.Widths[output];
            request.Outputs[output].Released.Slice(row * width, width).CopyTo(answer[start..]);
            start += width;
        }
    }
}

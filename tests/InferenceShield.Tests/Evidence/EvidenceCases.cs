using System.Security.Cryptography;
using InferenceShield.Lab;
using Microsoft.Extensions.Logging.Abstractions;

namespace InferenceShield.Tests;

/// <summary>Lists of marked queries for tests.</summary>
internal static class EvidenceCases
{
    public const string Model = "model";

    public static EvidenceKey Key(int secret = 1, string model = Model)
    {
        using ShieldSecret material = new(TestShield.Secret(secret));
        return EvidenceKey.Of(material, model);
    }

    public static CallerKey Caller(int number)
    {
        SeededRandom random = new(seed: 4, stream: (ulong)number);
        return new CallerKey(random.NextUInt64(), random.NextUInt64());
    }

    /// <summary>Query i of caller i mod callers, with a digest and an input of its own.</summary>
    public static EvidenceRecord Query(int i, int callers, int inputLength)
    {
        byte[] hash = SHA256.HashData(BitConverter.GetBytes(i));
        byte[] input = new byte[inputLength];
        for (int place = 0; place < input.Length; place++)
        {
            input[place] = hash[place % hash.Length];
        }

        return new EvidenceRecord
        {
            Caller = Caller(i % callers),
            Posture = (Posture)(i % 3),
            Output = i % 2,
            Kinds = i % 5 == 0 ? MarkKinds.NearTie | MarkKinds.Permutation : MarkKinds.NearTie,
            Clean = i % 7,
            Released = i % 6,
            Other = (i % 9) - 1,
            DigestKind = EvidenceDigestKind.Row,
            Digest = new InputDigest(BitConverter.ToUInt64(hash), BitConverter.ToUInt64(hash, 8)),
            Input = input,
        };
    }

    public static void Record(this EvidenceRecorder recorder, EvidenceRecord query, long now)
    {
        MarkedRow marked = new() { Kinds = query.Kinds, Clean = query.Clean, Released = query.Released, Other = query.Other };
        recorder.Record(query.Caller, query.Posture, now, query.Output, in marked, query.DigestKind, query.Digest, query.Input.Span);
    }

    public static EvidenceRecorder Recorder(string file, TimeProvider clock, Action<EvidenceOptions>? configure = null, EvidenceKey? key = null, int? buffer = null, int callers = 64)
    {
        EvidenceOptions options = new() { File = file };
        configure?.Invoke(options);
        return new EvidenceRecorder(options, key ?? Key(), clock, NullLogger.Instance, buffer, callers);
    }

    /// <summary>Waits until the recorder has written or dropped so many.</summary>
    public static void WaitFor(this EvidenceRecorder recorder, long settled) =>
        Threads.WaitUntil(() => recorder.Statistics.Recorded + recorder.Statistics.Dropped >= settled);
}

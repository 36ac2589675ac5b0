using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace InferenceShield.Benchmarks.Support;

/// <summary>What a service would write by hand: a token bucket per caller name in a dictionary, and the input's SHA-256 to see repeats.</summary>
internal sealed class NaiveAdmission(double queriesPerSecond, double burst)
{
    private readonly ConcurrentDictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);

    public bool TryAdmit(string caller, ReadOnlySpan<float> input)
    {
        Bucket bucket = _buckets.GetOrAdd(caller, static (_, burst) => new Bucket(burst), burst);
        byte[] digest = SHA256.HashData(MemoryMarshal.AsBytes(input));
        lock (bucket)
        {
            long now = Stopwatch.GetTimestamp();
            bucket.Tokens = Math.Min(burst, bucket.Tokens + (Stopwatch.GetElapsedTime(bucket.Refilled, now).TotalSeconds * queriesPerSecond));
            bucket.Refilled = now;
            if (bucket.Tokens < 1)
            {
                return false;
            }

            bucket.Tokens--;
            bucket.Repeated += digest.AsSpan().SequenceEqual(bucket.Latest) ? 1 : 0;
            bucket.Latest = digest;
            return true;
        }
    }

    private sealed class Bucket(double tokens)
    {
        public double Tokens { get; set; } = tokens;

        public long Refilled { get; set; } = Stopwatch.GetTimestamp();

        public byte[] Latest { get; set; } = [];

        public long Repeated { get; set; }
    }
}

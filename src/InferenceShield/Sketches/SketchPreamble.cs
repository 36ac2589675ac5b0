using System.Buffers.Binary;

namespace InferenceShield;

/// <summary>The 16 bytes that every sketch's state begins with.</summary>
/// <remarks>
/// <para>0..3 the ASCII letters "ISSK"; 4 the version of the format, 1; 5 the <see cref="SketchKind"/>; 6 and 7 two
/// parameters, whose meaning is the kind's; 8..15 the key's fingerprint, little-endian.</para>
/// <para>There is no checksum: integrity is the matter of whoever stores the bytes. Restoring never trusts them; it
/// refuses what no sketch could have written, and what it accepts can make an estimate wrong but nothing else.</para>
/// </remarks>
internal static class SketchPreamble
{
    public const int Size = 16;

    private const uint Magic = 0x4b535349;
    private const byte Version = 1;

    public static void Write(Span<byte> state, int size, SketchKind kind, int first, int second, SketchKey key)
    {
        if (state.Length < size)
        {
            throw new ArgumentException($"The destination has {state.Length} bytes; the state needs {size}.", nameof(state));
        }

        BinaryPrimitives.WriteUInt32LittleEndian(state, Magic);
        state[4] = Version;
        state[5] = (byte)kind;
        state[6] = (byte)first;
        state[7] = (byte)second;
        BinaryPrimitives.WriteUInt64LittleEndian(state[8..], key.Fingerprint);
    }

    /// <summary>Checks the preamble and gives the two parameters; the kind checks these and the length.</summary>
    public static (int First, int Second) Read(ReadOnlySpan<byte> state, SketchKind kind, SketchKey key)
    {
        if (state.Length < Size || BinaryPrimitives.ReadUInt32LittleEndian(state) != Magic)
        {
            throw new SketchStateException($"Not the state of a sketch: it does not begin with the {Size} bytes that all of them do.");
        }

        if (state[4] != Version)
        {
            throw new SketchStateException($"The state has format version {state[4]}; this library reads version {Version}.");
        }

        if (state[5] != (byte)kind)
        {
            throw new SketchStateException($"The state is of kind {state[5]}; expected {(byte)kind} ({kind}).");
        }

        if (BinaryPrimitives.ReadUInt64LittleEndian(state[8..]) != key.Fingerprint)
        {
            throw new SketchStateException("The state was made under another sketch key. Hashes under two keys have nothing in common.");
        }

        return (state[6], state[7]);
    }

    public static void RequireLength(ReadOnlySpan<byte> state, long size)
    {
        if (state.Length != size)
        {
            throw new SketchStateException($"The state has {state.Length} bytes; its parameters ask for {size}.");
        }
    }

    public static void RequireSameKey(SketchKey own, SketchKey other)
    {
        if (own.Fingerprint != other.Fingerprint)
        {
            throw new ArgumentException("The other sketch was made under another key. Hashes under two keys have nothing in common.", nameof(other));
        }
    }
}

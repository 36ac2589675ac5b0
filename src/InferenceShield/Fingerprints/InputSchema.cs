using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <summary>One input of a model, as its rows are digested: its name, its elements and the shape of a row, under a secret.</summary>
/// <remarks>Made by <see cref="Shield.DescribeInput"/>, once for each input. Rows with the same bytes have different digests
/// if their inputs differ in name, element or shape. Immutable and thread-safe; says nothing about the secret.</remarks>
public sealed class InputSchema
{
    internal InputSchema(SipHashKey key, string name, InputElement element, ReadOnlySpan<long> rowShape)
    {
        Name = name;
        Element = element;

        // Name first with its length, then fixed-width numbers: no two descriptions have the same bytes.
        int nameLength = Encoding.UTF8.GetByteCount(name);
        byte[] description = new byte[sizeof(int) + nameLength + 1 + (rowShape.Length * sizeof(long))];
        BinaryPrimitives.WriteInt32LittleEndian(description, nameLength);
        Encoding.UTF8.GetBytes(name, description.AsSpan(sizeof(int)));
        description[sizeof(int) + nameLength] = (byte)element;
        Span<byte> shape = description.AsSpan(sizeof(int) + nameLength + 1);
        for (int i = 0; i < rowShape.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(shape[(i * sizeof(long))..], rowShape[i]);
        }

        Seed = (long)SipHash.Hash(key, description).Low;
        CryptographicOperations.ZeroMemory(description);
    }

    /// <summary>The input's name.</summary>
    public string Name { get; }

    /// <summary>How its elements are told apart.</summary>
    public InputElement Element { get; }

    internal long Seed { get; }

    /// <summary>The name and the element.</summary>
    public override string ToString() => $"{Name} ({Element})";
}

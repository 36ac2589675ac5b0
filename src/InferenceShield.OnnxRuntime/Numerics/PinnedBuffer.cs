#pragma warning disable RS0030 // Spans over pinned bytes: the one place of this package that reinterprets memory.
using System.Runtime.InteropServices;

namespace InferenceShield.OnnxRuntime.Numerics;

/// <summary>Memory that the native runtime may hold a pointer to: pinned, aligned to a cache line, growing, never moving in between.</summary>
internal sealed class PinnedBuffer
{
    private const int Alignment = 64;

    private byte[] _bytes = [];
    private int _offset;

    /// <summary>The bytes in use.</summary>
    public int Length { get; private set; }

    /// <summary>Where they are. Valid until the next <see cref="Resize"/> that grows the buffer.</summary>
    public IntPtr Address => Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, _offset);

    public Span<byte> Bytes => _bytes.AsSpan(_offset, Length);

    /// <summary>Makes room for <paramref name="length"/> bytes, whose content is undefined.</summary>
    public void Resize(int length)
    {
        if (_bytes.Length - _offset < length || _bytes.Length == 0)
        {
            _bytes = GC.AllocateUninitializedArray<byte>(checked(Math.Max(length, Alignment) + Alignment), pinned: true);
            long address = Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0);
            _offset = (int)(((address + Alignment - 1) & -Alignment) - address);
        }

        Length = length;
    }

    public Span<T> AsSpan<T>()
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(Bytes);

    public static ReadOnlySpan<byte> AsBytes<T>(ReadOnlySpan<T> values)
        where T : unmanaged => MemoryMarshal.AsBytes(values);

    public static ReadOnlySpan<T> Cast<T>(ReadOnlySpan<byte> bytes)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(bytes);
}

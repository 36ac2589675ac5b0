#pragma warning disable RS0030 // Vector stores into a span; its length bounds every one.
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ArmAes = System.Runtime.Intrinsics.Arm.Aes;
using X86Aes = System.Runtime.Intrinsics.X86.Aes;

namespace InferenceShield.Numerics;

/// <summary>AES-128 under one key, a block at a time: the round keys, laid out in the object that hashes with them.</summary>
/// <remarks>FIPS 197. x86 and Arm instructions where there are any, <see cref="Aes128Software"/> elsewhere; all give the
/// same blocks. The round keys are fields and not an array, so a block costs no bounds check and no extra cache miss.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct Aes128
{
    public const int KeySize = 16;

    private readonly Vector128<byte> _key0;
    private readonly Vector128<byte> _key1;
    private readonly Vector128<byte> _key2;
    private readonly Vector128<byte> _key3;
    private readonly Vector128<byte> _key4;
    private readonly Vector128<byte> _key5;
    private readonly Vector128<byte> _key6;
    private readonly Vector128<byte> _key7;
    private readonly Vector128<byte> _key8;
    private readonly Vector128<byte> _key9;
    private readonly Vector128<byte> _key10;

    public Aes128(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeySize, nameof(key));
        Span<Vector128<byte>> keys = stackalloc Vector128<byte>[Aes128Software.Rounds + 1];
        Aes128Software.ExpandKey(key, keys);
        _key0 = keys[0];
        _key1 = keys[1];
        _key2 = keys[2];
        _key3 = keys[3];
        _key4 = keys[4];
        _key5 = keys[5];
        _key6 = keys[6];
        _key7 = keys[7];
        _key8 = keys[8];
        _key9 = keys[9];
        _key10 = keys[10];
        keys.Clear();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector128<byte> Encrypt(Vector128<byte> block)
    {
        if (X86Aes.IsSupported)
        {
            block ^= _key0;
            block = X86Aes.Encrypt(block, _key1);
            block = X86Aes.Encrypt(block, _key2);
            block = X86Aes.Encrypt(block, _key3);
            block = X86Aes.Encrypt(block, _key4);
            block = X86Aes.Encrypt(block, _key5);
            block = X86Aes.Encrypt(block, _key6);
            block = X86Aes.Encrypt(block, _key7);
            block = X86Aes.Encrypt(block, _key8);
            block = X86Aes.Encrypt(block, _key9);
            return X86Aes.EncryptLast(block, _key10);
        }

        return ArmAes.IsSupported ? EncryptArm(block) : EncryptSoftware(block);
    }

    /// <summary>Enciphers a counter (SP 800-38A, CTR with 32 bits of counter): as many whole blocks of key stream as fit.</summary>
    /// <param name="counter">The first block; its last element, written big-endian, is counted up for each block, modulo 2^32.</param>
    /// <param name="stream">Overwritten; its length is a multiple of a block.</param>
    /// <remarks>Eight blocks at a time: each takes some 40 cycles, but the next may start after one. Not inlined, so that they
    /// stay in registers whatever surrounds the call.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public void EncryptCounter(Vector128<uint> counter, Span<byte> stream)
    {
        Vector128<byte> order = Vector128.Create((byte)0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 14, 13, 12);
        Vector128<uint> one = Vector128.Create(0u, 0, 0, 1);
        ref byte first = ref MemoryMarshal.GetReference(stream);
        nuint at = 0;
        nuint length = (nuint)(uint)stream.Length;
        if (X86Aes.IsSupported)
        {
            for (; at + (8 * KeySize) <= length; at += 8 * KeySize)
            {
                Vector128<byte> block0 = Vector128.Shuffle(counter.AsByte(), order) ^ _key0;
                counter += one;
                Vector128<byte> block1 = Vector128.Shuffle(counter.AsByte(), order) ^ _key0;
                counter += one;
                Vector128<byte> block2 = Vector128.Shuffle(counter.AsByte(), order) ^ _key0;
                counter += one;
                Vector128<byte> block3 = Vector128.Shuffle(counter.AsByte(), order) ^ _key0;
                counter += one;
                Vector128<byte> block4 = Vector128.Shuffle(counter.AsByte(), order) ^ _key0;
                counter += one;
                Vector128<byte> block5 = Vector128.Shuffle(counter.AsByte(), order) ^ _key0;
                counter += one;
                Vector128<byte> block6 = Vector128.Shuffle(counter.AsByte(), order) ^ _key0;
                counter += one;
                Vector128<byte> block7 = Vector128.Shuffle(counter.AsByte(), order) ^ _key0;
                counter += one;
                block0 = X86Aes.Encrypt(block0, _key1);
                block1 = X86Aes.Encrypt(block1, _key1);
                block2 = X86Aes.Encrypt(block2, _key1);
                block3 = X86Aes.Encrypt(block3, _key1);
                block4 = X86Aes.Encrypt(block4, _key1);
                block5 = X86Aes.Encrypt(block5, _key1);
                block6 = X86Aes.Encrypt(block6, _key1);
                block7 = X86Aes.Encrypt(block7, _key1);
                block0 = X86Aes.Encrypt(block0, _key2);
                block1 = X86Aes.Encrypt(block1, _key2);
                block2 = X86Aes.Encrypt(block2, _key2);
                block3 = X86Aes.Encrypt(block3, _key2);
                block4 = X86Aes.Encrypt(block4, _key2);
                block5 = X86Aes.Encrypt(block5, _key2);
                block6 = X86Aes.Encrypt(block6, _key2);
                block7 = X86Aes.Encrypt(block7, _key2);
                block0 = X86Aes.Encrypt(block0, _key3);
                block1 = X86Aes.Encrypt(block1, _key3);
                block2 = X86Aes.Encrypt(block2, _key3);
                block3 = X86Aes.Encrypt(block3, _key3);
                block4 = X86Aes.Encrypt(block4, _key3);
                block5 = X86Aes.Encrypt(block5, _key3);
                block6 = X86Aes.Encrypt(block6, _key3);
                block7 = X86Aes.Encrypt(block7, _key3);
                block0 = X86Aes.Encrypt(block0, _key4);
                block1 = X86Aes.Encrypt(block1, _key4);
                block2 = X86Aes.Encrypt(block2, _key4);
                block3 = X86Aes.Encrypt(block3, _key4);
                block4 = X86Aes.Encrypt(block4, _key4);
                block5 = X86Aes.Encrypt(block5, _key4);
                block6 = X86Aes.Encrypt(block6, _key4);
                block7 = X86Aes.Encrypt(block7, _key4);
                block0 = X86Aes.Encrypt(block0, _key5);
                block1 = X86Aes.Encrypt(block1, _key5);
                block2 = X86Aes.Encrypt(block2, _key5);
                block3 = X86Aes.Encrypt(block3, _key5);
                block4 = X86Aes.Encrypt(block4, _key5);
                block5 = X86Aes.Encrypt(block5, _key5);
                block6 = X86Aes.Encrypt(block6, _key5);
                block7 = X86Aes.Encrypt(block7, _key5);
                block0 = X86Aes.Encrypt(block0, _key6);
                block1 = X86Aes.Encrypt(block1, _key6);
                block2 = X86Aes.Encrypt(block2, _key6);
                block3 = X86Aes.Encrypt(block3, _key6);
                block4 = X86Aes.Encrypt(block4, _key6);
                block5 = X86Aes.Encrypt(block5, _key6);
                block6 = X86Aes.Encrypt(block6, _key6);
                block7 = X86Aes.Encrypt(block7, _key6);
                block0 = X86Aes.Encrypt(block0, _key7);
                block1 = X86Aes.Encrypt(block1, _key7);
                block2 = X86Aes.Encrypt(block2, _key7);
                block3 = X86Aes.Encrypt(block3, _key7);
                block4 = X86Aes.Encrypt(block4, _key7);
                block5 = X86Aes.Encrypt(block5, _key7);
                block6 = X86Aes.Encrypt(block6, _key7);
                block7 = X86Aes.Encrypt(block7, _key7);
                block0 = X86Aes.Encrypt(block0, _key8);
                block1 = X86Aes.Encrypt(block1, _key8);
                block2 = X86Aes.Encrypt(block2, _key8);
                block3 = X86Aes.Encrypt(block3, _key8);
                block4 = X86Aes.Encrypt(block4, _key8);
                block5 = X86Aes.Encrypt(block5, _key8);
                block6 = X86Aes.Encrypt(block6, _key8);
                block7 = X86Aes.Encrypt(block7, _key8);
                block0 = X86Aes.Encrypt(block0, _key9);
                block1 = X86Aes.Encrypt(block1, _key9);
                block2 = X86Aes.Encrypt(block2, _key9);
                block3 = X86Aes.Encrypt(block3, _key9);
                block4 = X86Aes.Encrypt(block4, _key9);
                block5 = X86Aes.Encrypt(block5, _key9);
                block6 = X86Aes.Encrypt(block6, _key9);
                block7 = X86Aes.Encrypt(block7, _key9);
                X86Aes.EncryptLast(block0, _key10).StoreUnsafe(ref first, at);
                X86Aes.EncryptLast(block1, _key10).StoreUnsafe(ref first, at + (1 * KeySize));
                X86Aes.EncryptLast(block2, _key10).StoreUnsafe(ref first, at + (2 * KeySize));
                X86Aes.EncryptLast(block3, _key10).StoreUnsafe(ref first, at + (3 * KeySize));
                X86Aes.EncryptLast(block4, _key10).StoreUnsafe(ref first, at + (4 * KeySize));
                X86Aes.EncryptLast(block5, _key10).StoreUnsafe(ref first, at + (5 * KeySize));
                X86Aes.EncryptLast(block6, _key10).StoreUnsafe(ref first, at + (6 * KeySize));
                X86Aes.EncryptLast(block7, _key10).StoreUnsafe(ref first, at + (7 * KeySize));
            }
        }

        for (; at + KeySize <= length; at += KeySize)
        {
            Encrypt(Vector128.Shuffle(counter.AsByte(), order)).StoreUnsafe(ref first, at);
            counter += one;
        }
    }

    /// <summary>Arm's instruction adds the round key first instead of last, so the keys sit one step earlier.</summary>
    private Vector128<byte> EncryptArm(Vector128<byte> block)
    {
        block = ArmAes.MixColumns(ArmAes.Encrypt(block, _key0));
        block = ArmAes.MixColumns(ArmAes.Encrypt(block, _key1));
        block = ArmAes.MixColumns(ArmAes.Encrypt(block, _key2));
        block = ArmAes.MixColumns(ArmAes.Encrypt(block, _key3));
        block = ArmAes.MixColumns(ArmAes.Encrypt(block, _key4));
        block = ArmAes.MixColumns(ArmAes.Encrypt(block, _key5));
        block = ArmAes.MixColumns(ArmAes.Encrypt(block, _key6));
        block = ArmAes.MixColumns(ArmAes.Encrypt(block, _key7));
        block = ArmAes.MixColumns(ArmAes.Encrypt(block, _key8));
        return ArmAes.Encrypt(block, _key9) ^ _key10;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Vector128<byte> EncryptSoftware(Vector128<byte> block) =>
        Aes128Software.Encrypt([_key0, _key1, _key2, _key3, _key4, _key5, _key6, _key7, _key8, _key9, _key10], block);
}

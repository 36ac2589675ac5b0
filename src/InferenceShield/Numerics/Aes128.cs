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

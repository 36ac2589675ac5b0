using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using InferenceShield.Numerics;

namespace InferenceShield;

/// <content>Who asks and what was asked.</content>
public sealed partial class Shield
{
    /// <summary>The keyed hash of what names a caller: an API key, a subject, a network address.</summary>
    /// <param name="name">1 to <see cref="MaximumCallerNameLength"/> bytes of UTF-8. Not stored.</param>
    /// <returns>The same key for the same name and secret; resolve it once and reuse it.</returns>
    /// <exception cref="InvalidQueryException">The name is empty, blank or too long.</exception>
    public CallerKey IdentifyCaller(string name)
    {
        // Nearly every name is ASCII and hashed where it lies. A first character above the space is not blank.
        if (name is { Length: > 0 and <= MaximumCallerNameLength } && name[0] > ' ')
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Hash128 hash = SipHash13.HashAscii(_keys.Caller, name, out bool isAscii);
            if (isAscii)
            {
                return new CallerKey(hash.Low, hash.High);
            }
        }

        return IdentifyUncommon(name);
    }

    /// <summary>The keyed hash of what names a caller, given as UTF-8 or any other bytes.</summary>
    /// <param name="name">1 to <see cref="MaximumCallerNameLength"/> bytes. Not stored.</param>
    /// <returns>The same key as for the same name as a string.</returns>
    /// <exception cref="InvalidQueryException">The name is empty or too long.</exception>
    public CallerKey IdentifyCaller(ReadOnlySpan<byte> name)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (name.IsEmpty || (name[0] <= ' ' && !name.ContainsAnyExcept(" \t\r\n"u8)))
        {
            throw NoCallerName();
        }

        if (name.Length > MaximumCallerNameLength)
        {
            throw CallerNameTooLong(name.Length);
        }

        Hash128 hash = SipHash13.Hash(_keys.Caller, name);
        return new CallerKey(hash.Low, hash.High);
    }

    /// <summary>Any name: through its UTF-8 bytes, or to the fault it has.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private CallerKey IdentifyUncommon(string name)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            throw NoCallerName();
        }

        Span<byte> utf8 = stackalloc byte[MaximumCallerNameLength];
        try
        {
            // Strict: replacing what is no text would give different names the same key.
            return s_utf8.TryGetBytes(name, utf8, out int length)
                ? IdentifyCaller(utf8[..length])
                : throw CallerNameTooLong(s_utf8.GetByteCount(name));
        }
        catch (EncoderFallbackException exception)
        {
            throw new InvalidQueryException("The caller's name is not valid text: it holds half of a surrogate pair.", exception);
        }
    }

    /// <summary>The keyed digest of one row of one input.</summary>
    public InputDigest Digest(ReadOnlySpan<byte> row)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _keys.Digester.Digest(row);
    }

    /// <summary>The keyed digest of one row of several inputs: the digest of those before, and the next input's row.</summary>
    public InputDigest Digest(InputDigest before, ReadOnlySpan<byte> row)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _keys.Digester.Append(before, row);
    }

    private static InvalidQueryException NoCallerName() =>
        new("The caller has no name. Name it by what was authenticated: an API key, a subject, an address.");

    private static InvalidQueryException CallerNameTooLong(int length) => new(string.Create(CultureInfo.InvariantCulture,
        $"The caller's name has {length:N0} bytes; allowed: 1 to {MaximumCallerNameLength:N0}."));
}

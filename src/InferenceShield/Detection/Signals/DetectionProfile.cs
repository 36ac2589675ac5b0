using System.Buffers.Binary;
using System.Security.Cryptography;

namespace InferenceShield;

/// <summary>How a query is measured: learned of benign inputs and the model's answers to them, under a secret. Immutable, thread-safe.</summary>
/// <remarks>Holds means, spreads and centroids of benign inputs, no single one. Its file holds no secret, but whoever has the file knows what honest
/// inputs look like: keep it as the model is kept.</remarks>
public sealed class DetectionProfile
{
    private const int FewestRows = 100;
    private const int Version = 1;
    private const int TagSize = 32;
    private const int MostBytes = 1 << 30;

    private readonly string _keyId;
    private readonly string _model;
    private readonly AnswerSignals _answers;
    private readonly InputSignals? _inputs;
    private readonly byte[] _tag;

    private DetectionProfile(DetectionKey key, OutputKind outputKind, InputKind inputKind, AnswerSignals answers, InputSignals? inputs, byte[]? tag)
    {
        _keyId = key.KeyId;
        _model = key.Model;
        OutputKind = outputKind;
        InputKind = inputKind;
        _answers = answers;
        _inputs = inputs;
        _tag = tag ?? TagOf(key, WriteContent());
        Id = BinaryPrimitives.ReadUInt64LittleEndian(_tag);
    }

    /// <summary>Numbers in a row of input; 0 where inputs are not seen.</summary>
    public int InputLength => _inputs?.Length ?? 0;

    /// <summary>Labels of the model's answer: two for the one score of a binary model, one for a regression or an embedding.</summary>
    public int Classes => _answers.Classes;

    /// <summary>What the answers are.</summary>
    public OutputKind OutputKind { get; }

    /// <summary>What the inputs are.</summary>
    public InputKind InputKind { get; }

    /// <summary>Numbers in a row of scores.</summary>
    internal int ScoreLength => _answers.ScoreLength;

    /// <summary>Tells profiles apart: a keyed hash of all that is learned, of the model and of the key's id. Goes into logs and calibrations.</summary>
    internal ulong Id { get; }

    /// <summary>Learns. Rows of input and of clean scores belong together; inputs may be empty (inputLength 0).</summary>
    /// <param name="secret">The shield's. Read once.</param>
    /// <param name="model">The model's name, as the shield has it.</param>
    /// <param name="inputKind">Images are taken as they are, tabular rows standardised. Tokens are not supported.</param>
    /// <param name="outputKind">Of classes, a regression or an embedding; neither state nor tokens.</param>
    /// <param name="inputs">At least 100 benign rows, one after another, as they go into the model. NaN counts as 0.</param>
    /// <param name="inputLength">Numbers in a row of input.</param>
    /// <param name="scores">The model's clean scores, one row for each input.</param>
    /// <param name="classes">Numbers in a row of scores.</param>
    /// <returns>The same for the same arguments, on the same machine bit for bit.</returns>
    /// <exception cref="ArgumentException">An argument does not fit; the message says which and why.</exception>
    /// <remarks>Takes seconds for 10,000 rows of 784 numbers, and memory for a copy of the rows, cut off at 1,024 numbers each.</remarks>
    public static DetectionProfile Learn(
        ShieldSecret secret, string model, InputKind inputKind, OutputKind outputKind, ReadOnlySpan<float> inputs, int inputLength, ReadOnlySpan<float> scores, int classes)
    {
        ArgumentNullException.ThrowIfNull(secret);
        ArgumentException.ThrowIfNullOrEmpty(model);
        Check(inputKind, outputKind, inputs.Length, inputLength, scores.Length, classes);
        using DetectionKey key = DetectionKey.Of(secret, model);
        AnswerSignals answers = AnswerSignals.Learn(outputKind, scores, classes, out int[] labels);
        InputSignals? measured = inputLength > 0 ? InputSignals.Learn(key, inputKind, inputs, inputLength, labels, answers.Classes) : null;
        return new DetectionProfile(key, outputKind, inputKind, answers, measured, null);
    }

    /// <summary>Measures one query. One pass; no allocation after a thread's first call.</summary>
    /// <param name="input">One row, or empty where inputs are not seen.</param>
    /// <param name="scores">Its clean scores.</param>
    /// <param name="exact">A keyed digest of the exact input.</param>
    /// <param name="signals">Gets what was measured: always finite, but for the confidence where there is none.</param>
    /// <exception cref="ArgumentException">A row is not as long as those learned of.</exception>
    internal void Measure(ReadOnlySpan<float> input, ReadOnlySpan<float> scores, ulong exact, ref QuerySignals signals)
    {
        if (input.Length != InputLength || scores.Length != ScoreLength)
        {
            ThrowLength(input.Length, scores.Length);
        }

        _answers.Measure(scores, ref signals);
        if (_inputs is not null)
        {
            signals.Exact = exact;
            _inputs.Measure(input, signals.Label, ref signals);
            return;
        }

        for (int i = QuerySignals.OutputScalarCount; i < QuerySignals.ScalarCount; i++)
        {
            signals.Scalars[i] = 0;
        }

        signals.Exact = 0;
        signals.SimHash = 0;
        signals.Position = default;
    }

    /// <summary>Writes all that <see cref="Read"/> needs but the key.</summary>
    internal void Write(BinaryWriter writer)
    {
        byte[] content = WriteContent();
        writer.Write(Version);
        writer.Write(_keyId);
        writer.Write(_model);
        writer.Write(content.Length);
        writer.Write(content);
        writer.Write(_tag);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="InvalidDataException">Of another version, secret or model, or damaged; the message says which.</exception>
    internal static DetectionProfile Read(BinaryReader reader, DetectionKey key)
    {
        try
        {
            return ReadContent(reader, key);
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException or ArgumentException)
        {
            throw new InvalidDataException("The profile is damaged: it ends early or does not hold what a profile holds. Make it again with: inference-shield calibrate", e);
        }
    }

    private static DetectionProfile ReadContent(BinaryReader reader, DetectionKey key)
    {
        int version = reader.ReadInt32();
        if (version != Version)
        {
            throw new InvalidDataException($"The profile has version {version}; this build reads version {Version}. Make it again with: inference-shield calibrate");
        }

        string keyId = reader.ReadString();
        string model = reader.ReadString();
        if (keyId != key.KeyId)
        {
            throw new InvalidDataException($"The profile was made under the secret '{keyId}'; the shield's is '{key.KeyId}'. Make it again under this secret, or give the shield the other one.");
        }

        if (model != key.Model)
        {
            throw new InvalidDataException($"The profile was made for the model '{model}', not for '{key.Model}'. Name the calibration file of this model.");
        }

        int length = reader.ReadInt32();
        Stream stream = reader.BaseStream;
        if (length is < 0 or > MostBytes || (stream.CanSeek && length > stream.Length - stream.Position))
        {
            throw new EndOfStreamException();
        }

        byte[] content = reader.ReadBytes(length);
        byte[] tag = reader.ReadBytes(TagSize);
        if (content.Length != length || !CryptographicOperations.FixedTimeEquals(tag, TagOf(key, content)))
        {
            throw new InvalidDataException("The profile was altered or is damaged: its checksum does not fit. Take an unaltered copy, or make it again with: inference-shield calibrate");
        }

        using BinaryReader parts = new(new MemoryStream(content));
        OutputKind outputKind = (OutputKind)parts.ReadInt32();
        InputKind inputKind = (InputKind)parts.ReadInt32();
        AnswerSignals answers = AnswerSignals.Read(parts);
        InputSignals? inputs = parts.ReadBoolean() ? InputSignals.Read(parts, key) : null;
        return new DetectionProfile(key, outputKind, inputKind, answers, inputs, tag);
    }

    private static byte[] TagOf(DetectionKey key, byte[] content)
    {
        // The key is of this secret and model: a profile of another one has another tag.
        byte[] tagKey = new byte[TagSize];
        key.Derive("profile/tag", tagKey);
        byte[] tag = HMACSHA256.HashData(tagKey, content);
        CryptographicOperations.ZeroMemory(tagKey);
        return tag;
    }

    private static void Check(InputKind inputKind, OutputKind outputKind, int inputs, int inputLength, int scores, int classes)
    {
        if (outputKind is OutputKind.None or OutputKind.State or OutputKind.TokenLogits || !Enum.IsDefined(outputKind))
        {
            throw new ArgumentException($"Detection does not measure answers of kind {outputKind}: it takes logits, probabilities, their sigmoid kinds, regression and embeddings.", nameof(outputKind));
        }

        if (classes < 1 || (classes == 1 && outputKind is OutputKind.Logits or OutputKind.Probabilities))
        {
            throw new ArgumentOutOfRangeException(nameof(classes), classes, $"A row of {outputKind} has at least {(outputKind is OutputKind.Logits or OutputKind.Probabilities ? 2 : 1)} numbers.");
        }

        ArgumentOutOfRangeException.ThrowIfNegative(inputLength);
        if (inputLength > 0 && (inputKind is InputKind.Tokens || !Enum.IsDefined(inputKind)))
        {
            throw new ArgumentException($"Detection does not measure inputs of kind {inputKind}: give an inputLength of 0 to measure answers alone.", nameof(inputKind));
        }

        if (scores % classes != 0 || scores / classes < FewestRows)
        {
            throw new ArgumentException($"A profile is learned of at least {FewestRows} whole rows of {classes} scores; {scores} numbers are {scores / classes} rows and {scores % classes} numbers.", nameof(scores));
        }

        if (inputs != (long)inputLength * (scores / classes))
        {
            throw new ArgumentException($"Each of the {scores / classes} rows of scores needs a row of {inputLength} numbers of input; there are {inputs} numbers.", nameof(inputs));
        }
    }

    private void ThrowLength(int input, int scores) =>
        throw new ArgumentException(
            $"A query of {input} numbers with an answer of {scores} does not fit the detection profile of '{_model}': it measures {InputLength} numbers and an answer of {ScoreLength}.");

    private byte[] WriteContent()
    {
        using MemoryStream stream = new();
        using (BinaryWriter writer = new(stream))
        {
            writer.Write((int)OutputKind);
            writer.Write((int)InputKind);
            _answers.Write(writer);
            writer.Write(_inputs is not null);
            _inputs?.Write(writer);
        }

        return stream.ToArray();
    }
}

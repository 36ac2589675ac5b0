using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using InferenceShield.Lab;

namespace InferenceShield.Statistics.Ownership;

/// <summary>A shield with a mark and a release, asked by one caller without limits.</summary>
internal sealed class MarkedRelease : IRelease, IDisposable
{
    private const string Model = "ownership";
    private const int RowsAtOnce = 1_000;

    private static readonly double[] s_edges = [0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99]; // those of bands without a file

    private readonly Shield _shield;
    private readonly CallerKey _caller;
    private readonly bool _needsInput;
    private readonly string _name;
    private readonly OwnershipMark _mark;
    private readonly Func<double, double>? _disguise;
    private readonly RegionMark? _region;
    private readonly MarkedRelease? _unmarked;

    /// <param name="target">The model.</param>
    /// <param name="mark">A mark's name: see <see cref="OwnershipMark"/>.</param>
    /// <param name="release">One of the names below.</param>
    /// <param name="seed">The shield's secret follows from it.</param>
    /// <param name="disguise">Of a near-tie mark: see <see cref="NearTieDisguise"/>; null for none.</param>
    public MarkedRelease(OwnershipTarget target, OwnershipMark mark, string release, ulong seed, Func<double, double>? disguise = null)
    {
        _disguise = disguise;
        _unmarked = disguise is null ? null : new MarkedRelease(target, new OwnershipMark(OwnershipMark.None), release, seed);
        byte[] secret = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"ownership {seed}")));
        string? space = mark.IsCosine ? Path.GetTempFileName() : null;
        using (ShieldSecret material = new(secret))
        {
            Key = MarkKey.Of(material, Model);
            if (space is not null)
            {
                using FileStream file = File.Create(space);
                target.Space.Save(file, Model, material);
            }
        }

        string? bands = release == BandsAlone ? Path.GetTempFileName() : null;
        if (bands is not null)
        {
            using FileStream file = File.Create(bands);
            ConfidenceBands.FromEdges(target.Model.ClassCount, s_edges, namesRunnerUp: false).Save(file, Model);
        }

        _needsInput = mark.NeedsInput;
        _name = release;
        _mark = mark;
        Posture posture = release switch { Labels => Posture.Restricted, Bands or BandsAlone => Posture.Guarded, _ => Posture.Normal };
        _shield = new ShieldBuilder(Model).UseSecret(ShieldSecrets.FromBytes(secret)).Configure(options =>
        {
            options.Outputs["probabilities"] = new OutputOptions { Kind = OutputKind.Probabilities, Classes = target.Model.ClassCount };
            options.InputSpaceFile = space;
            options.Hardening.BandFile = bands;
            options.Hardening.Release = bands is null ? options.Hardening.Release : InferenceShield.Release.Bands;
            options.Hardening.Watermark = mark.Create();
            options.Hardening.Decimals = release switch { Full => 5, Round1 => 1, _ => 2 };
            options.Hardening.TopK = release == Top3 ? 3 : null;
            options.Admission = new AdmissionOptions { PerCaller = new LimitOptions { Queries = 1_000_000, Period = TimeSpan.FromSeconds(1), Burst = 1_000_000 } };
            options.Callers = new CallerOptions { Capacity = 64, Dossiers = 0, TenantCapacity = 1, NetworkCapacity = 1 };
        }).Build();
        foreach (string file in new[] { space, bands }.OfType<string>())
        {
            File.Delete(file);
        }

        _caller = _shield.IdentifyCaller("thief");
        _shield.Overrides.Set(_caller, new CallerOverride { Posture = posture });
    }

    /// <summary>A near-tie mark of a keying that may be by region.</summary>
    /// <param name="target">The model.</param>
    /// <param name="keying">See <see cref="RegionMark"/>.</param>
    /// <param name="release">One of the names below.</param>
    /// <param name="seed">The shield's secret follows from it.</param>
    public MarkedRelease(OwnershipTarget target, string keying, string release, ulong seed)
        : this(target, OwnershipMark.NearTie(MarkKeying.Cell, RegionMark.MarginOf(keying)), release, seed)
    {
        _unmarked = new MarkedRelease(target, new OwnershipMark(OwnershipMark.None), release, seed);
        _region = new RegionMark(target.Space, keying, Key);
    }

    public const string Labels = "labels";
    public const string Bands = "bands + second";
    public const string BandsAlone = "bands";
    public const string Full = "5 decimals";
    public const string Round2 = "2 decimals";
    public const string Round1 = "1 decimal";
    public const string Top3 = "top 3";

    /// <summary>The owner's key.</summary>
    public MarkKey Key { get; }

    /// <summary>Releases rows.</summary>
    public void Apply(ReadOnlySpan<float> inputs, ReadOnlySpan<float> clean, int classCount, Span<float> released)
    {
        int rows = clean.Length / classCount;
        int width = inputs.Length / rows;
        byte[] digests = new byte[RowsAtOnce];
        MarkInput[] marks = new MarkInput[RowsAtOnce];
        if (_unmarked is not null)
        {
            float[] marked = clean.ToArray();
            for (int row = 0; row < rows; row++)
            {
                ReadOnlySpan<float> input = inputs.Slice(row * width, width);
                Span<float> one = marked.AsSpan(row * classCount, classCount);
                if (_region is not null)
                {
                    _region.Apply(input, one);
                }
                else
                {
                    NearTieDisguise.Apply(Key.NearTies, _needsInput ? _shield.ReadMarkInput(input) : default, _mark, _disguise!, one);
                }
            }

            _unmarked.Apply(inputs, marked, classCount, released);
            return;
        }

        for (int first = 0; first < rows; first += RowsAtOnce)
        {
            int count = Math.Min(RowsAtOnce, rows - first);
            Admission admission = _shield.Admit(_caller, digests.AsSpan(0, count), count);
            if (!admission.IsAdmitted)
            {
                throw new InvalidOperationException($"The shield refused {count} rows: {admission.Reason}.");
            }

            ReadOnlySpan<float> from = clean.Slice(first * classCount, count * classCount);
            Span<float> to = released.Slice(first * classCount, count * classCount);
            if (!_needsInput)
            {
                _shield.Harden(in admission, from, to, classCount);
                continue;
            }

            for (int row = 0; row < count; row++)
            {
                marks[row] = _shield.ReadMarkInput(inputs.Slice((first + row) * width, width));
            }

            _shield.Harden(in admission, marks.AsSpan(0, count), from, to, classCount);
        }
    }

    /// <summary>Answers to rows, as the thief sees them.</summary>
    public float[] Ask(IClassifier model, ReadOnlySpan<float> rows)
    {
        float[] answers = OneHot.Ask(model, rows);
        Apply(rows, answers.ToArray(), model.ClassCount, answers);
        return answers;
    }

    /// <summary>Whether answers say which label comes second.</summary>
    public bool NamesSecond => _name is not (Labels or BandsAlone);

    /// <summary>Whether an answer, as it was released, may have been a near tie, to a thief who knows the mark's margin.</summary>
    public bool MayBeNearTie(ReadOnlySpan<float> answer)
    {
        int first = LeadingClass.FindFirst(answer);
        if (_name is Bands or BandsAlone)
        {
            return answer[first] < (1 + _mark.Size) / 2; // no more is left to the leader where the two differ by the margin
        }

        double rounding = _name switch { Full => 1e-5, Round1 => 0.1, _ => 0.01 }; // half a step of each of the two
        return answer[first] - answer[LeadingClass.FindSecond(answer, first)] <= _mark.Size + rounding + 1e-6;
    }

    public void Dispose()
    {
        _unmarked?.Dispose();
        Key.Dispose();
        _shield.Dispose();
    }
}

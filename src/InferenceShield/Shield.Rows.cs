namespace InferenceShield;

/// <content>What an answer hangs on besides its scores: where its input lies, whose it is.</content>
public sealed partial class Shield
{
    /// <summary>As <see cref="Harden(in Admission, ReadOnlySpan{float}, Span{float}, int, int)"/>, for outputs whose
    /// <see cref="HardeningOptions.NoiseCell"/> is <see cref="NoiseCell.Input"/>.</summary>
    /// <param name="admission">The admission of this query, by this shield.</param>
    /// <param name="inputs">Where each admitted row's input lies: see <see cref="InputCells"/>. A prefix of few bits
    /// (<see cref="InputCell.Prefix"/>), 16 say, is stable under small changes. Not used by other outputs.</param>
    /// <param name="clean">The model's scores: row after row, <paramref name="classes"/> numbers each.</param>
    /// <param name="released">As long as <paramref name="clean"/>: the same span, or one that does not overlap it.</param>
    /// <param name="classes">The numbers in a row.</param>
    /// <param name="output">The output's index: see <see cref="GetOutputIndex"/>.</param>
    /// <exception cref="InvalidModelOutputException">A score is not finite, or the scores are not of the declared kind. All of
    /// <paramref name="released"/> is zeroed then.</exception>
    /// <exception cref="InvalidOperationException">The query was not admitted by this shield, or the output's options need a tenant or
    /// digests that were not given.</exception>
    public void Harden(in Admission admission, ReadOnlySpan<InputCell> inputs, ReadOnlySpan<float> clean, Span<float> released, int classes, int output = 0) =>
        Harden(in admission, new RowInputs(inputs), clean, released, classes, output);

    /// <summary>As <see cref="Harden(in Admission, ReadOnlySpan{float}, Span{float}, int, int)"/>, for outputs whose
    /// <see cref="HardeningOptions.NoiseCell"/> is <see cref="NoiseCell.ExactInput"/>.</summary>
    /// <param name="admission">The admission of this query, by this shield.</param>
    /// <param name="inputs">One digest an admitted row: see <see cref="DescribeInput"/>. Not used by other outputs.</param>
    /// <param name="clean">The model's scores: row after row, <paramref name="classes"/> numbers each.</param>
    /// <param name="released">As long as <paramref name="clean"/>: the same span, or one that does not overlap it.</param>
    /// <param name="classes">The numbers in a row.</param>
    /// <param name="output">The output's index: see <see cref="GetOutputIndex"/>.</param>
    /// <exception cref="InvalidModelOutputException">A score is not finite, or the scores are not of the declared kind. All of
    /// <paramref name="released"/> is zeroed then.</exception>
    /// <exception cref="InvalidOperationException">The query was not admitted by this shield, or the output's options need a tenant or
    /// cells that were not given.</exception>
    public void Harden(in Admission admission, ReadOnlySpan<InputDigest> inputs, ReadOnlySpan<float> clean, Span<float> released, int classes, int output = 0) =>
        Harden(in admission, new RowInputs(inputs), clean, released, classes, output);

    /// <summary>The transform that turns a tenant's embeddings where <see cref="OutputOptions.TenantTransform"/> is on: for the operator,
    /// whom its <see cref="EmbeddingTransform.Invert"/> gives the vectors back. Never for a caller.</summary>
    /// <param name="tenant">The key of the tenant, as in its callers' handles.</param>
    /// <param name="dimension">The numbers in a row: 2 to <see cref="EmbeddingTransform.MaximumDimension"/>.</param>
    /// <returns>The same for the same secret, model, tenant and dimension, on every replica.</returns>
    /// <remarks>Thread-safe. A transform that was used lately is kept, at most 77 MiB of them; another is made, in some
    /// 3 keyed hashes a number.</remarks>
    /// <exception cref="ArgumentException">No tenant, or a dimension out of range.</exception>
    public EmbeddingTransform GetEmbeddingTransform(CallerKey tenant, int dimension)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return tenant.IsEmpty
            ? throw new ArgumentException("There is no tenant. Make its key with Shield.IdentifyCaller.", nameof(tenant))
            : _keys.Transforms.Get(tenant, dimension);
    }

    /// <summary>Before anything is charged: does the caller have the tenant that an output needs?</summary>
    /// <exception cref="InvalidOperationException">It does not.</exception>
    internal void RequireTenant(CallerHandle? handle)
    {
        ShieldPlan plan = _plan;
        if (plan.NeedsTenant && (handle is null || handle.Tenant.IsEmpty))
        {
            throw NoTenant(Array.Find(plan.Outputs, output => output.HasTenantTransform)!.Name);
        }
    }

    /// <summary>The first output whose noise needs that of inputs; null if none does.</summary>
    internal string? FindOutputByCell(NoiseCell cell) => Array.Find(_plan.Outputs, output => output.InputCell == cell)?.Name;

    /// <summary>What a call needs besides its scores. The same in every posture, or a fault would show it.</summary>
    private static void CheckBasis(OutputPlan plan, in Admission admission, in RowInputs inputs, int classes)
    {
        if (!inputs.IsEmpty && inputs.Count != admission.Rows)
        {
            throw new ArgumentException($"There are {inputs.Count} inputs for {admission.Rows} admitted rows. Give one for each.", nameof(inputs));
        }

        if (plan.InputCell != NoiseCell.Output && !inputs.Serve(plan.InputCell))
        {
            string needed = plan.InputCell == NoiseCell.Input ? nameof(InputCell) : nameof(InputDigest);
            throw new InvalidOperationException(
                $"The noise of output '{plan.Name}' belongs to inputs (NoiseCell {plan.InputCell}), and this call has given none of that kind. Nothing is released. Give Harden one {needed} a row, or set NoiseCell to Output.");
        }

        if (plan.MarkNeed is { } option && !inputs.HasMarks && !admission.IsUnmarked)
        {
            throw new InvalidOperationException(
                $"A mark of output '{plan.Name}' belongs to inputs (Watermark:{option}), and this call has given no {nameof(MarkInput)}. Nothing is released. Give Harden one a row, made by Shield.ReadMarkInput; or ask with Admission.WithoutMarks; or set Watermark:{option} otherwise.");
        }

        if (!plan.HasTenantTransform)
        {
            return;
        }

        if (classes is < 2 or > EmbeddingTransform.MaximumDimension)
        {
            throw new ArgumentException($"Output '{plan.Name}' is turned by its tenant's transform, which takes rows of 2 to {EmbeddingTransform.MaximumDimension} numbers, not {classes}. Set TenantTransform to false, or correct what is passed.", nameof(classes));
        }

        if (admission.Tenant.IsEmpty)
        {
            throw NoTenant(plan.Name);
        }
    }

    private static InvalidOperationException NoTenant(string output) => new(
        $"Output '{output}' is turned by the transform of the caller's tenant, and this caller has none. Nothing is released. Ask with a handle that names one: Shield.GetHandle(caller, tenant).");

    private RowBasis BasisOf(OutputPlan plan, in Admission admission, int classes) => new()
    {
        IsUnmarked = admission.IsUnmarked,
        PayloadPhase = admission.Plan!.MarkInputs.Inputs is { Payload: not null } marks ? marks.PayloadPhase(admission.Caller) : 0,
        Transform = plan.HasTenantTransform ? _keys.Transforms.Get(admission.Tenant, classes) : null,
    };
}

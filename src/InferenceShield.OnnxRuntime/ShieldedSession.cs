using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using InferenceShield.OnnxRuntime.Numerics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace InferenceShield.OnnxRuntime;

/// <summary>An ONNX Runtime session behind a shield: admits the caller, runs the model, hardens the answer.</summary>
/// <remarks>
/// <para>Thread-safe: any number of callers at once on one session. There is no public way to get the clean scores out
/// of it (unless the shield only observes), and outputs that the shield does not declare are never computed for it.</para>
/// <para>With float32 input and output and shapes seen before (up to 4 x processors + 16 batch sizes in turn), a call
/// allocates nothing. Disposing it while calls run is
/// safe: it waits for them, and later calls get an ObjectDisposedException.</para>
/// </remarks>
/// <example><code>
/// using ShieldedSession session = new(shield, "fashion.onnx");
/// Admission admission = session.Run(caller, image, answer);
/// if (!admission.IsAdmitted) { /* 429, Retry-After: admission.RetryAfterSeconds */ }
/// </code></example>
public sealed partial class ShieldedSession : IDisposable
{
    private readonly InferenceSession _session;
    private readonly bool _ownsSession;
    private readonly bool _synchronizes;
    private readonly RunLifetime _lifetime = new();
    private readonly ConcurrentDictionary<ShieldedRequest, byte> _requests = new();
    private readonly RequestPool _pool = new();
    private readonly LoneTensors? _lone;
    private readonly SessionCells? _cells;
    private readonly SessionDetection _detection;
    private volatile bool _infersShapes = true;

    /// <summary>Loads a model and puts it behind a shield.</summary>
    /// <param name="shield">Says which outputs may be released and how. Not disposed with the session.</param>
    /// <param name="modelPath">The ONNX file.</param>
    /// <param name="options">How it runs; its ModelPath is not read.</param>
    /// <param name="sessionOptions">Threads, optimisation and so on; stays the caller's. The device's provider is added to it.</param>
    /// <param name="loggerFactory">Where to log; by default nowhere.</param>
    /// <exception cref="ModelFileException">The file is missing, cut short or not ONNX, or lacks a declared output.</exception>
    /// <exception cref="ExecutionDeviceUnavailableException">The device cannot be used and no fallback is allowed.</exception>
    public ShieldedSession(
        Shield shield,
        string modelPath,
        ShieldedSessionOptions? options = null,
        SessionOptions? sessionOptions = null,
        ILoggerFactory? loggerFactory = null)
        : this(shield, options ?? new ShieldedSessionOptions(), modelPath, sessionOptions, LoggerFrom(loggerFactory))
    {
    }

    /// <summary>Puts a session that exists already behind a shield.</summary>
    /// <param name="shield">Says which outputs may be released and how. Not disposed with the session.</param>
    /// <param name="session">The session. Whoever can still reach it can get clean scores from it.</param>
    /// <param name="options">How it runs; ModelPath and Device are not read.</param>
    /// <param name="leaveOpen">Do not dispose <paramref name="session"/> with this one.</param>
    /// <param name="loggerFactory">Where to log; by default nowhere.</param>
    /// <exception cref="ModelFileException">The model lacks a declared output.</exception>
    public ShieldedSession(
        Shield shield,
        InferenceSession session,
        ShieldedSessionOptions? options = null,
        bool leaveOpen = false,
        ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(shield);
        ArgumentNullException.ThrowIfNull(session);
        Shield = shield;
        Options = (options ?? new ShieldedSessionOptions()).Validated(shield.Name);
        RuntimeTelemetry.Apply(Options.AllowRuntimeTelemetry);
        _session = session;
        _ownsSession = !leaveOpen;
        _synchronizes = true; // it may run on any device
        Device = "the device of the session it was given";
        Signature = new ModelSignature(session, shield, Options);
        _lone = LoneTensors.TryFind(Signature, shield);
        _cells = SessionCells.TryMake(Signature, shield, Options);
        _detection = new SessionDetection(Signature, shield);
        _answers = SessionAnswerCache.TryMake(Signature, shield, _detection, Options);
        SessionLog.LogReady(LoggerFrom(loggerFactory), this);
    }

    private ShieldedSession(Shield shield, ShieldedSessionOptions options, string modelPath, SessionOptions? sessionOptions, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(shield);
        ArgumentNullException.ThrowIfNull(modelPath);
        Shield = shield;
        Options = options.Validated(shield.Name);
        RuntimeTelemetry.Apply(options.AllowRuntimeTelemetry);
        (_session, bool onCuda) = SessionLoader.Load(shield.Name, modelPath, options, sessionOptions, logger);
        _ownsSession = true;
        _synchronizes = onCuda;
        Device = onCuda ? options.Device.ToString() : ExecutionDevice.Cpu.ToString();
        try
        {
            Signature = new ModelSignature(_session, shield, options);
            _lone = LoneTensors.TryFind(Signature, shield);
            _cells = SessionCells.TryMake(Signature, shield, Options);
            _detection = new SessionDetection(Signature, shield);
            _answers = SessionAnswerCache.TryMake(Signature, shield, _detection, Options);
        }
        catch
        {
            _session.Dispose();
            throw;
        }

        SessionLog.LogReady(logger, this);
    }

    /// <summary>The shield in front of the model.</summary>
    public Shield Shield { get; }

    /// <summary>What the model really runs on.</summary>
    public string Device { get; }

    /// <summary>The model's inputs.</summary>
    public ImmutableArray<ModelTensor> Inputs => Signature.Inputs;

    /// <summary>The outputs that may be released, in the shield's order.</summary>
    public ImmutableArray<ModelTensor> Outputs => Signature.Outputs;

    /// <summary>Numbers of one row of the input, for the form of Run that takes spans; 0 if the model needs a request.</summary>
    public int InputWidth => _lone?.InputWidth ?? 0;

    /// <summary>Numbers of one row of the answer, for the form of Run that takes spans; 0 if they differ from call to call,
    /// or the model needs a request.</summary>
    public int OutputWidth => _lone?.OutputWidth ?? 0;

    internal ModelSignature Signature { get; }

    internal ShieldedSessionOptions Options { get; }

    /// <summary>Asks the model, for models with one float32 input and one released output.</summary>
    /// <param name="caller">Who asks: see <see cref="Shield.IdentifyCaller(string)"/>.</param>
    /// <param name="input">Row after row. Only the first dimension of the input may be dynamic; its length follows.</param>
    /// <param name="released">Gets the released answer, row after row; untouched if the query is refused. Its length is the
    /// output's for as many rows.</param>
    /// <param name="cancellationToken">Stops the model; the query stays charged once it has begun.</param>
    /// <returns>Whether the query was admitted, and if not how long to wait.</returns>
    /// <exception cref="InvalidQueryException">The query is at fault; nothing was charged.</exception>
    /// <exception cref="InvalidModelOutputException">The model's answer is at fault; <paramref name="released"/> is zeroed.</exception>
    /// <exception cref="ModelRunException">The model failed.</exception>
    /// <exception cref="NotSupportedException">The model needs a request: see <see cref="CreateRequest"/>.</exception>
    public Admission Run(CallerKey caller, ReadOnlySpan<float> input, Span<float> released, CancellationToken cancellationToken = default) =>
        RunSpans(caller, handle: null, input, released, cancellationToken);

    /// <summary>As for a key, for a caller looked up before: its tenant's and network's limits apply too.</summary>
    /// <inheritdoc cref="Run(CallerKey, ReadOnlySpan{float}, Span{float}, CancellationToken)"/>
    public Admission Run(CallerHandle caller, ReadOnlySpan<float> input, Span<float> released, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(caller);
        return RunSpans(caller.Caller, caller, input, released, cancellationToken);
    }

    private Admission RunSpans(CallerKey caller, CallerHandle? handle, ReadOnlySpan<float> input, Span<float> released, CancellationToken cancellationToken)
    {
        LoneTensors lone = _lone ?? throw new NotSupportedException(
            $"This model does not have just one float32 input with at most its first dimension dynamic and one released output. Use CreateRequest. Inputs: {string.Join("; ", Inputs)}. Outputs: {string.Join("; ", Outputs)}.");
        Enter();
        try
        {
            int rows = lone.CountRows(input.Length);
            Shield.CheckRows(rows); // before anything grows to hold them
            lone.CheckReleased(released.Length, rows);
#pragma warning disable CA2000 // goes back to the pool or is disposed, in the finally below
            ShieldedRequest request = TakeRequest(rows);
#pragma warning restore CA2000
            bool healthy = false;
            bool completed = false;
            try
            {
                Span<long> shape = stackalloc long[lone.Rank];
                lone.FillShape(shape, rows);
                request.BeginRun();
                request.SetLoneInput(PinnedBuffer.AsBytes(input), shape);
                Admission admission = RunCore(caller, handle, request, released, cancellationToken, out completed);
                healthy = true;
                return admission;
            }
            catch (InvalidQueryException)
            {
                healthy = true;
                throw;
            }
            catch (InvalidModelOutputException)
            {
                released.Clear();
                throw;
            }
            finally
            {
                request.EndRun(completed);
                if (!healthy || !_pool.TryReturn(request))
                {
                    request.Dispose();
                }
            }
        }
        finally
        {
            _lifetime.Exit();
        }
    }

    /// <summary>Asks the model, for any inputs and outputs.</summary>
    /// <param name="caller">Who asks: see <see cref="Shield.IdentifyCaller(string)"/>.</param>
    /// <param name="request">A request of this session with its inputs set; after admission it holds the released outputs.</param>
    /// <param name="cancellationToken">Stops the model; the query stays charged once it has begun.</param>
    /// <returns>Whether the query was admitted, and if not how long to wait.</returns>
    /// <exception cref="InvalidQueryException">The query is at fault; nothing was charged.</exception>
    /// <exception cref="InvalidModelOutputException">The model's answer is at fault; nothing of it can be read.</exception>
    /// <exception cref="ModelRunException">The model failed.</exception>
    public Admission Run(CallerKey caller, ShieldedRequest request, CancellationToken cancellationToken = default) =>
        RunRequest(caller, handle: null, request, cancellationToken);

    /// <summary>As for a key, for a caller looked up before: its tenant's and network's limits apply too.</summary>
    /// <inheritdoc cref="Run(CallerKey, ShieldedRequest, CancellationToken)"/>
    public Admission Run(CallerHandle caller, ShieldedRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(caller);
        return RunRequest(caller.Caller, caller, request, cancellationToken);
    }

    private Admission RunRequest(CallerKey caller, CallerHandle? handle, ShieldedRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        Enter();
        try
        {
            if (!request.BelongsTo(this))
            {
                throw new ArgumentException("The request was made by another session.", nameof(request));
            }

            request.BeginRun();
            bool completed = false;
            try
            {
                return RunCore(caller, handle, request, default, cancellationToken, out completed);
            }
            finally
            {
                request.EndRun(completed);
            }
        }
        finally
        {
            _lifetime.Exit();
        }
    }

    /// <summary>The tensors for calls of a model with several or dynamic inputs and outputs. Reuse and dispose it.</summary>
    public ShieldedRequest CreateRequest()
    {
        Enter();
        try
        {
            return NewRequest();
        }
        finally
        {
            _lifetime.Exit();
        }
    }

    /// <summary>Waits for the calls under way, then frees the native session (if it is this one's) and all requests.</summary>
    public void Dispose()
    {
        if (!_lifetime.TryClose())
        {
            return;
        }

        foreach (ShieldedRequest request in _requests.Keys)
        {
            request.Dispose();
        }

        if (_ownsSession)
        {
            _session.Dispose();
        }
    }

    internal void Forget(ShieldedRequest request) => _requests.TryRemove(request, out _);

    private static ILogger LoggerFrom(ILoggerFactory? factory) =>
        factory?.CreateLogger<ShieldedSession>() ?? NullLogger<ShieldedSession>.Instance;

    private void Enter() => ObjectDisposedException.ThrowIf(!_lifetime.TryEnter(), this);

    private ShieldedRequest TakeRequest(int rows) => _pool.Take(rows) ?? NewRequest();

    private ShieldedRequest NewRequest()
    {
        ShieldedRequest request = new(this, Signature, _session.CreateIoBinding());
        _requests[request] = 0;
        return request;
    }

    /// <param name="caller">Who asks.</param>
    /// <param name="handle">The caller's, if there is one.</param>
    /// <param name="request">What.</param>
    /// <param name="released">Where the lone answer goes; empty for the request's own memory.</param>
    /// <param name="cancellationToken">Stops the model.</param>
    /// <param name="admitted">Whether there is an answer.</param>
    private Admission RunCore(
        CallerKey caller, CallerHandle? handle, ShieldedRequest request, Span<float> released, CancellationToken cancellationToken, out bool admitted)
    {
        admitted = false;
        cancellationToken.ThrowIfCancellationRequested();
        request.CheckInputs(Signature);
        Shield.RequireTenant(handle);
        request.RequireContext(Shield);
        long start = request.IsTimed ? Shield.StartTimer() : 0;
        Admission admission = request.Treat(Shield.AdmitUnseen(caller, handle, request.Rows, out int slot));
        if (!admission.IsAdmitted)
        {
            return admission; // the inputs are not looked at
        }

        Shield.Remember(slot, in admission, request.DigestRows(Shield));

        if (_answers is not null && _answers.TryAnswer(in admission, request, released))
        {
            if (Shield.KeepsEvidence)
            {
                OfferEvidence(in admission, request);
            }

            Complete(in admission, request, start);
            admitted = true;
            return admission;
        }

        RunModel(request, cancellationToken);
        HardenAll(in admission, request, released);
        _answers?.Store(in admission, request, released);
        Complete(in admission, request, start);
        admitted = true;
        return admission;
    }

    private void Complete(in Admission admission, ShieldedRequest request, long start)
    {
        if (request.IsTimed)
        {
            request.Timed(Shield.Complete(in admission, start, request.CallsToTime));
        }
        else
        {
            request.CallsToTime++;
        }
    }

    private void RunModel(ShieldedRequest request, CancellationToken cancellationToken)
    {
        // Read once: another thread may change it while this call runs.
        bool infersShapes = _infersShapes;
        try
        {
            try
            {
                RunBound(request, infersShapes, cancellationToken);
            }
            catch (OnnxRuntimeException exception) when (infersShapes && request.HasInferredOutputs
                && exception.Message.Contains("shape", StringComparison.OrdinalIgnoreCase) && !cancellationToken.IsCancellationRequested)
            {
                // An output may not have the shape that its dimensions' names promise; then the runtime has to allocate it.
                // Only a run that succeeds so proves it: a query that fails both ways must not slow down the others.
                RunBound(request, infersShapes: false, cancellationToken);
                _infersShapes = false;
            }
        }
        catch (Exception exception) when (exception is OnnxRuntimeException or OverflowException or OutOfMemoryException)
        {
            // The latter two: an answer that no memory holds.
            cancellationToken.ThrowIfCancellationRequested();
            throw new ModelRunException($"Model '{Shield.Name}' failed to run. Nothing is released; see the inner exception.", exception);
        }
    }

    private void RunBound(ShieldedRequest request, bool infersShapes, CancellationToken cancellationToken)
    {
        bool preallocated = request.Bind(infersShapes);
        if (_synchronizes)
        {
            request.Binding.SynchronizeBoundInputs();
        }

        if (cancellationToken.CanBeCanceled)
        {
            RunCancellable(request, cancellationToken);
        }
        else
        {
            RunNative(request);
        }

        if (_synchronizes)
        {
            request.Binding.SynchronizeBoundOutputs();
        }

        if (!preallocated)
        {
            request.CollectOutputs();
        }
    }

    private void RunNative(ShieldedRequest request)
    {
        UpperHalves.Clear();
        _session.RunWithBinding(request.RunOptions, request.Binding);
    }

    private void RunCancellable(ShieldedRequest request, CancellationToken cancellationToken)
    {
        CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static options => ((RunOptions)options!).Terminate = true, request.RunOptions);
        try
        {
            RunNative(request);
        }
        finally
        {
            // Waits for a callback that is running, so that it cannot stop the next call.
            registration.Dispose();
            if (cancellationToken.IsCancellationRequested)
            {
                request.RunOptions.Terminate = false;
            }
        }
    }
}

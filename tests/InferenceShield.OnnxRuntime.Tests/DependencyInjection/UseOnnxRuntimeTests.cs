using InferenceShield.Lab;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Microsoft.ML.OnnxRuntime;

namespace InferenceShield.OnnxRuntime.Tests;

/// <summary>Models in a host: loaded before anything is served, from code and configuration, and gone with it.</summary>
public sealed class UseOnnxRuntimeTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly string _model;

    public UseOnnxRuntimeTests() => _model = _folder.Save(TestModels.Linear(), "linear.onnx");

    [Fact]
    public async Task A_model_is_loaded_when_the_host_starts_and_found_by_its_name()
    {
        using TestHost host = TestHost.Build(_folder, "{}", shield => shield.AddModel("fashion", model => model
            .UseOnnxRuntime(Fashion.Model)
            .AddOutput("probabilities", OutputKind.Probabilities)));
        Assert.Empty(host.Logger.Messages("SessionReady"));
        await host.StartAsync();
        Assertions.Says(Assert.Single(host.Logger.Messages("SessionReady")), "'fashion'", "image: Float [batch, 1, 28, 28]", "probabilities: Float [batch, 10]");

        ShieldedSession session = host.Session("fashion");
        Assert.Same(session, host.Session("fashion"));
        Assert.Same(host.Services.GetRequiredKeyedService<Shield>("fashion"), session.Shield);
        Assert.Equal("fashion", session.Shield.Name);
        float[] released = new float[10];
        Assert.True(session.Run(session.Shield.IdentifyCaller("caller"), new float[784], released).IsAdmitted);
        Assertions.IsReleased(released, Assertions.FirstOfLargest(released));
        Assert.Single(host.Logger.Messages("SessionReady"));
    }

    [Fact]
    public async Task A_model_whose_file_is_not_there_stops_the_host_from_starting()
    {
        ModelFileException exception = await Assert.ThrowsAsync<ModelFileException>(() => Start("{}", "nothing.onnx"));
        Assertions.Says(exception.Message, "does not exist", _folder.File("nothing.onnx"));

        exception = await Assert.ThrowsAsync<ModelFileException>(() => Start("{}", path: null));
        Assertions.Says(exception.Message, "'a' has no file", "Models:a:Session:ModelPath", "UseOnnxRuntime");
    }

    [Fact]
    public async Task Faults_of_the_shield_come_before_the_model_is_loaded()
    {
        OptionsValidationException exception = await Assert.ThrowsAsync<OptionsValidationException>(() =>
            Start("""{ "Models": { "a": { "Shield": { "Callers": { "Capacity": 0 } } } } }""", "nothing.onnx"));
        Assertions.Says(exception.Message, "InferenceShield:Models:a:Shield:Callers:Capacity");
    }

    [Fact]
    public async Task The_session_section_says_how_a_model_runs_and_wins_over_code()
    {
        const string Json = """
            { "Models": { "a": { "Session": {
              "ModelPath": "linear.onnx", "NonFiniteInputs": "Allow", "RowInput": "x", "IntraOpThreads": 1, "AnswerCache": { "Megabytes": 3 },
              "Device": { "Kind": "Cuda", "DeviceId": 3, "FallbackToCpu": true } } } } }
            """;
        using TestHost host = await TestHost.StartAsync(_folder, Json, shield => shield.AddModel("a", model => model
            .UseOnnxRuntime(options =>
            {
                options.ModelPath = "nothing.onnx";
                options.RowInput = "nothing";
            })
            .AddOutput(TestModels.Output, OutputKind.Logits)));
        ShieldedSession session = host.Session("a");
        Assert.Equal((_model, NonFiniteInputs.Allow, "x", 1), (_folder.File(session.Options.ModelPath!), session.Options.NonFiniteInputs, session.Options.RowInput, session.Options.IntraOpThreads));
        Assert.Equal(3, session.Options.AnswerCache?.Megabytes);
        Assert.Equal((ExecutionDeviceKind.Cuda, 3, true), (session.Options.Device.Kind, session.Options.Device.DeviceId, session.Options.Device.FallbackToCpu));
        Assert.Equal("CPU", session.Device);
        Assert.Single(host.Logger.Messages("DeviceFallback"));

        // Allowed by the configuration: the model itself is what cannot use NaN.
        Assert.Throws<InvalidModelOutputException>(() =>
            session.Run(session.Shield.IdentifyCaller("caller"), [1, 2, 3, float.NaN, 5, 6, 7, 8], new float[10]));
    }

    [Fact]
    public async Task A_device_that_is_not_there_stops_the_host_from_starting() =>
        Assertions.Says(
            (await Assert.ThrowsAsync<ExecutionDeviceUnavailableException>(() => Start("""{ "Models": { "a": { "Session": { "Device": { "Kind": "Cuda" } } } } }"""))).Message,
            "'a'", "Cuda 0", "Microsoft.ML.OnnxRuntime.Gpu");

    [Theory]
    [InlineData("\"ModelPth\": \"linear.onnx\"", "ModelPth")]
    [InlineData("\"Device\": { \"Knd\": \"Cpu\" }", "Knd")]
    [InlineData("\"NonFiniteInputs\": \"Perhaps\"", "NonFiniteInputs")]
    [InlineData("\"IntraOpThreads\": \"few\"", "IntraOpThreads")]
    [InlineData("\"AnswerCache\": { \"MegaBits\": 1 }", "MegaBits")]
    [InlineData("\"AnswerCache\": true", "AnswerCache")]
    public async Task What_cannot_be_read_in_the_session_section_is_an_error_that_says_where(string json, string key)
    {
        OptionsValidationException exception = await Assert.ThrowsAsync<OptionsValidationException>(() =>
            Start($$"""{ "Models": { "a": { "Session": { {{json}} } } } }"""));
        Assertions.Says(exception.Message, "InferenceShield:Models:a:Session", key);
    }

    [Theory]
    [InlineData("\"NonFiniteInputs\": 7", "NonFiniteInputs is '7'")]
    [InlineData("\"IntraOpThreads\": 2000", "a: Session:IntraOpThreads is 2000")]
    [InlineData("\"AnswerCache\": { \"Megabytes\": 5000 }", "a: Session:AnswerCache:Megabytes is 5000")]
    [InlineData("\"Device\": { \"Kind\": 9 }", "Device:Kind is '9'")]
    public async Task Values_out_of_range_are_an_error_that_says_what_is_allowed(string json, string what)
    {
        OptionsValidationException exception = await Assert.ThrowsAsync<OptionsValidationException>(() =>
            Start($$"""{ "Models": { "a": { "Session": { {{json}} } } } }"""));
        Assertions.Says(exception.Message, what, "allowed:");
    }

    [Fact]
    public async Task A_section_of_a_model_that_is_not_registered_is_an_error() =>
        Assertions.Says(
            (await Assert.ThrowsAsync<OptionsValidationException>(() => Start("""{ "Models": { "b": { "Session": { "ModelPath": "linear.onnx" } } } }"""))).Message,
            "InferenceShield:Models:b", "not registered");

    [Fact]
    public async Task A_relative_path_is_looked_for_below_the_content_root_and_then_beside_the_application()
    {
        using (TestHost host = await Start("{}", "linear.onnx"))
        {
            Assert.Equal(8, host.Session("a").InputWidth);
        }

        string beside = Path.Combine(AppContext.BaseDirectory, "beside-the-application.onnx");
        TestModels.Linear(width: 9).Save(beside);
        try
        {
            using (TestHost host = await Start("{}", "beside-the-application.onnx"))
            {
                Assert.Equal(9, host.Session("a").InputWidth);
            }

            _folder.Save(TestModels.Linear(width: 10), "beside-the-application.onnx");
            using (TestHost host = await Start("{}", "beside-the-application.onnx"))
            {
                Assert.Equal(10, host.Session("a").InputWidth);
            }
        }
        finally
        {
            File.Delete(beside);
        }
    }

    [Fact]
    public async Task Two_models_live_side_by_side()
    {
        _folder.Save(TestModels.Linear(width: 16, classes: 3), "other.onnx");
        using TestHost host = await TestHost.StartAsync(_folder, """{ "Models": { "b": { "Shield": { "Admission": { "PerCaller": { "Burst": 16 } } } } } }""", shield => shield
            .AddModel("a", model => model.UseOnnxRuntime("linear.onnx").AddOutput(TestModels.Output, OutputKind.Logits))
            .AddModel("b", model => model.UseOnnxRuntime("other.onnx").AddOutput(TestModels.Output, OutputKind.Regression)));
        ShieldedSession a = host.Session("a");
        ShieldedSession b = host.Session("b");
        Assert.NotSame(a, b);
        Assert.Equal((8, 10, 16, 3), (a.InputWidth, a.OutputWidth, b.InputWidth, b.OutputWidth));
        Assert.True(a.Run(a.Shield.IdentifyCaller("caller"), new float[8 * 17], new float[170]).IsAdmitted);
        Assert.Throws<InvalidQueryException>(() => b.Run(b.Shield.IdentifyCaller("caller"), new float[16 * 17], new float[3 * 17]));
        Assert.Equal((17, 0), (a.Shield.GetStatistics().Admitted, b.Shield.GetStatistics().Admitted));

        ShieldedSessionCatalog catalog = host.Services.GetRequiredService<ShieldedSessionCatalog>();
        Assert.Equal([a, b], catalog.Sessions.OrderBy(session => session.Shield.Name));
        Assert.True(catalog.TryGet("b", out ShieldedSession? found));
        Assert.Same(b, found);
        Assert.False(catalog.TryGet("B", out _));
        Assert.False(catalog.TryGet("", out _));
    }

    [Fact]
    public async Task One_device_given_to_two_models_is_not_changed_by_the_configuration_of_one()
    {
        ExecutionDevice shared = ExecutionDevice.Cpu;
        using TestHost host = await TestHost.StartAsync(
            _folder, """{ "Models": { "a": { "Session": { "Device": { "Kind": "Cuda", "FallbackToCpu": true } } } } }""", shield => shield
                .AddModel("a", model => model.UseOnnxRuntime("linear.onnx", shared).AddOutput(TestModels.Output, OutputKind.Logits))
                .AddModel("b", model => model.UseOnnxRuntime("linear.onnx", shared).AddOutput(TestModels.Output, OutputKind.Logits)));
        Assert.Equal(ExecutionDeviceKind.Cuda, host.Session("a").Options.Device.Kind);
        Assert.Equal(ExecutionDeviceKind.Cpu, host.Session("b").Options.Device.Kind);
        Assert.Equal(ExecutionDeviceKind.Cpu, shared.Kind);
    }

    [Fact]
    public async Task Options_of_the_runtime_are_taken_from_a_keyed_service()
    {
        using SessionOptions options = TestSession.Quiet();
        options.AddFreeDimensionOverrideByName("batch", 1);
        using TestHost host = await TestHost.StartAsync(_folder, "{}", shield =>
        {
            shield.Services.AddKeyedSingleton("a", options);
            shield.AddModel("a", model => model.UseOnnxRuntime("linear.onnx").AddOutput(TestModels.Output, OutputKind.Logits));
            shield.AddModel("b", model => model.UseOnnxRuntime("linear.onnx").AddOutput(TestModels.Output, OutputKind.Logits));
        });
        Assert.Equal([1L, 8], host.Session("a").Inputs[0].Dimensions.ToArray());
        Assert.Equal([-1L, 8], host.Session("b").Inputs[0].Dimensions.ToArray());
    }

    [Fact]
    public async Task Sessions_end_with_the_host()
    {
        ShieldedSession session;
        ShieldedRequest request;
        using (TestHost host = await Start("{}"))
        {
            session = host.Session("a");
            request = session.CreateRequest();
            request.SetInput<float>(TestModels.Input, new float[8], [1, 8]);
            Assert.True(session.Run(session.Shield.IdentifyCaller("caller"), request).IsAdmitted);
        }

        Assert.Throws<ObjectDisposedException>(session.CreateRequest);
        Assert.Throws<ObjectDisposedException>(() => request.GetOutput(TestModels.Output).Length);
        Assert.Equal(0, Requests.CountIn(session));
    }

    [Fact]
    public async Task Health_is_good_and_asks_about_the_runtime_s_telemetry()
    {
        using TestHost host = await Start("{}");
        HealthReport report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        Assert.Equal(HealthStatus.Healthy, report.Entries["inference-shield"].Status);
        IShieldHealthContributor telemetry = Assert.Single(
            host.Services.GetServices<IShieldHealthContributor>(), contributor => contributor is RuntimeTelemetryHealthContributor);
        Assert.Empty(telemetry.GetWarnings());
    }

    [Fact]
    public async Task A_reload_that_the_session_cannot_read_disturbs_nobody()
    {
        using TestHost host = await Start("""{ "Models": { "a": { "Session": { "ModelPath": "linear.onnx" }, "Shield": { "Hardening": { "Decimals": 2 } } } } }""");
        ShieldedSession session = host.Session("a");
        TestHost.Configure(_folder, """{ "Models": { "a": { "Session": { "ModelPth": "other.onnx" }, "Shield": { "Hardening": { "Decimals": 1 } } } } }""");
        host.Configuration.Reload();

        float[] released = new float[10];
        Assert.True(session.Run(session.Shield.IdentifyCaller("caller"), TestModels.Weights(8), released).IsAdmitted);
        Assertions.IsReleased(released, Assertions.FirstOfLargest(released), units: 10);
        Assert.Null(session.Shield.ReloadFault);
    }

    [Fact]
    public void Without_a_host_a_session_is_loaded_when_it_is_asked_for()
    {
        ServiceCollection services = new();
        services.AddInferenceShield().UseSecret(ShieldSecrets.Ephemeral()).AddModel("a", model => model
            .UseOnnxRuntime(_model)
            .UseOnnxRuntime(options => options.NonFiniteInputs = NonFiniteInputs.Allow)
            .AddOutput(TestModels.Output, OutputKind.Logits));
        using ServiceProvider provider = services.BuildServiceProvider();
        ShieldedSession session = provider.GetRequiredKeyedService<ShieldedSession>("a");
        Assert.Equal(NonFiniteInputs.Allow, session.Options.NonFiniteInputs);
        Assert.True(session.Run(session.Shield.IdentifyCaller("caller"), new float[8], new float[10]).IsAdmitted);
        Assert.Same(session, Assert.Single(provider.GetRequiredService<ShieldedSessionCatalog>().Sessions));
        Assert.Null(provider.GetKeyedService<ShieldedSession>("b"));
    }

    public void Dispose() => _folder.Dispose();

    private Task<TestHost> Start(string json, string? path = "linear.onnx") => TestHost.StartAsync(_folder, json, shield => shield.AddModel("a", model =>
    {
        if (path is null)
        {
            model.UseOnnxRuntime();
        }
        else
        {
            model.UseOnnxRuntime(path);
        }

        model.AddOutput(TestModels.Output, OutputKind.Logits);
    }));
}

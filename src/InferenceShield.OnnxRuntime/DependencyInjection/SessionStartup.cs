using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace InferenceShield.OnnxRuntime;

/// <summary>Loads every registered model before the host serves anything.</summary>
internal sealed class SessionStartup(IServiceProvider services, IEnumerable<SessionRegistration> registrations) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        foreach (SessionRegistration registration in registrations)
        {
            cancellationToken.ThrowIfCancellationRequested();
            services.GetRequiredKeyedService<ShieldedSession>(registration.Model);
        }

        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

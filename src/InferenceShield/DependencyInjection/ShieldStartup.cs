using System.Runtime.ExceptionServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace InferenceShield;

/// <summary>Builds every registered shield before the host serves anything, and reports all faults at once.</summary>
internal sealed class ShieldStartup(IServiceProvider services, ShieldModelRegistry registry) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        List<string> faults = [.. registry.FindFaults()];
        ShieldSecretException? secretFault = null;
        foreach (string model in registry.Models)
        {
            try
            {
                services.GetRequiredKeyedService<ShieldHost>(model);
            }
            catch (OptionsValidationException exception)
            {
                faults.AddRange(exception.Failures);
            }
            catch (ShieldSecretException exception)
            {
                secretFault = exception;
            }
        }

        if (secretFault is not null)
        {
            if (faults.Count == 0)
            {
                ExceptionDispatchInfo.Throw(secretFault);
            }

            faults.Add(secretFault.Message);
        }

        return faults.Count == 0
            ? Task.CompletedTask
            : throw new OptionsValidationException("InferenceShield", typeof(ShieldOptions), faults.Distinct());
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

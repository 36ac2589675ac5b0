using InferenceShield.Tool;

return await CommandLine.InvokeAsync(args, new Terminal(Console.Out, Console.Error, Console.IsErrorRedirected), CancellationToken.None).ConfigureAwait(false);

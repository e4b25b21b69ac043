using System.Runtime.InteropServices;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Demo;

// Exit codes: 0 stopped, or the scenario succeeded; 1 it failed; 2 bad usage.
if (ChildProcessLauncher.RunChild(args) is { } failed)
{
    await Console.Error.WriteLineAsync(failed);
    return 1;
}

try
{
    switch (DemoCommandLine.Parse(args))
    {
        case (null, { } text, var exitCode):
            await (exitCode == 0 ? Console.Out : Console.Error).WriteLineAsync(text);
            return exitCode;

        case ({ } options, _, _):
            return await RunAsync(options);

        default:
            throw new InvalidOperationException("The command line was neither read nor refused.");
    }
}
catch (SettingsException wrong)
{
    await Console.Error.WriteLineAsync($"{DemoCommandLine.Name}: {wrong.Message}");
    return 2;
}

static async Task<int> RunAsync(DemoOptions options)
{
    using var stopping = new CancellationTokenSource();
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    try
    {
        return await DemoCommand.RunAsync(options, stopping.Token);
    }
    catch (OperationCanceledException) when (stopping.IsCancellationRequested)
    {
        return options.Scenario is null ? 0 : 1;
    }

    // The first signal stops gracefully; the second one does not wait.
    void Stop(PosixSignalContext context)
    {
        context.Cancel = !stopping.IsCancellationRequested;
        stopping.Cancel();
    }
}

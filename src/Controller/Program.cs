using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller;
using Piraeus.HighAvailability.Controller.CommandLine;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Doctor;
using Piraeus.HighAvailability.Controller.Explaining;
using Piraeus.HighAvailability.Controller.Linstor;
using Piraeus.HighAvailability.Controller.Recording;
using Piraeus.HighAvailability.Controller.Rehearsing;

// Exit codes: 0 stopped on request, 1 a bug, an unmet wait, a failed check or nothing to explain, 2 bad usage or settings.
try
{
    switch (CommandLineParser.Parse(args))
    {
        case Command.ShowText show:
            await (show.ExitCode == 0 ? Console.Out : Console.Error).WriteLineAsync(show.Text);
            return show.ExitCode;

        case Command.WaitUntilApiOnline:
            using (var signals = new Signals())
            using (var logs = LogOutput.Create(new Settings()))
            {
                var settings = LinstorSettings.FromEnvironment(Environment.GetEnvironmentVariable, TimeProvider.System, logs.CreateLogger<LinstorSettings>());
                using var connection = new LinstorConnection(settings, TimeProvider.System, logs);
                var client = new LinstorClient(connection, new MonotonicClock(TimeProvider.System));
                return await new WaitUntilApiOnline(client, TimeProvider.System, logs.CreateLogger<WaitUntilApiOnline>()).RunAsync(signals.Stopping);
            }

        case Command.Replay { File: var file, Change: var change, Resource: var resource, Pod: var pod }:
            await using (var output = new StreamWriter(Console.OpenStandardOutput()))
            {
                return new Replay(change, new(resource, pod), output).Run(file);
            }

        case Command.Explain { Request: var request }:
            using (var signals = new Signals())
            using (var logs = LogOutput.Create(new Settings()))
            {
                return await new ExplainCommand(request, Environment.GetEnvironmentVariable, TimeProvider.System, logs, Console.Out, Console.Error).RunAsync(signals.Stopping);
            }

        case Command.Doctor { Request: var request }:
            using (var signals = new Signals())
            using (var logs = LogOutput.Create(new Settings { Verbosity = 1 })) // the report says what is wrong
            {
                return await new DoctorCommand(request, Environment.GetEnvironmentVariable, TimeProvider.System, logs, Console.Out).RunAsync(signals.Stopping);
            }

        case Command.RehearseNode { Request: var request }:
            using (var signals = new Signals(PosixSignal.SIGHUP)) // a terminal that is closed must not leave the node cordoned
            using (var logs = LogOutput.Create(new Settings { Verbosity = 1 }))
            {
                return await new RehearseNodeCommand(request, Environment.GetEnvironmentVariable, TimeProvider.System, logs, Console.Out, Console.Error).RunAsync(signals.Stopping);
            }

        case Command.Run { Settings: var settings }:
            using (var signals = new Signals())
            using (var logs = LogOutput.Create(settings))
            {
                await using var daemon = Composition.Build(settings, Environment.GetEnvironmentVariable, TimeProvider.System, logs);
                return await daemon.RunAsync(signals.Stopping);
            }

        default:
            throw new InvalidOperationException("The command line asks for something that no command does.");
    }
}
catch (SettingsException wrong)
{
    await Console.Error.WriteLineAsync($"{ProgramVersion.Name}: {wrong.Message}");
    return 2;
}

/// <summary>The first SIGTERM or SIGINT asks to stop; the second one does not wait.</summary>
internal sealed class Signals : IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly PosixSignalRegistration[] _registrations;

    /// <param name="also">Further signals that ask to stop.</param>
    public Signals(params PosixSignal[] also) => _registrations = [.. ((PosixSignal[])[PosixSignal.SIGTERM, PosixSignal.SIGINT, .. also]).Select(signal => PosixSignalRegistration.Create(signal, Stop))];

    public CancellationToken Stopping => _stopping.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _stopping.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = !_stopping.IsCancellationRequested;
        _stopping.Cancel();
    }
}

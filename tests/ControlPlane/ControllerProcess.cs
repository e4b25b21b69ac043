namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>The real program, started as a user would start it.</summary>
public sealed class ControllerProcess : IAsyncDisposable
{
    private static readonly HttpClient Http = new();

    private readonly Component _process;
    private readonly int _port;

    private ControllerProcess(Component process, int port) => (_process, _port) = (process, port);

    /// <summary>The program under test: the one that HA_CONTROLLER names, else the one built next to these tests.</summary>
    public static string Program => Environment.GetEnvironmentVariable("HA_CONTROLLER") is { Length: > 0 } named
        ? named
        : Built("Controller", "piraeus-ha-controller");

    /// <summary>A program that was built next to these tests.</summary>
    public static string Built(string project, string program) =>
        Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../..", project, Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/')), program));

    public IReadOnlyList<string> Log => File.Exists(_process.Log) ? [.. File.ReadLines(_process.Log)] : [];

    public int ProcessId => _process.Id;

    public int ExitCode => _process.ExitCode;

    public bool HasExited => _process.HasExited;

    /// <summary>Starts it with these arguments and environment; its log is a file.</summary>
    /// <param name="log">The log file.</param>
    /// <param name="port">The port of its probes.</param>
    /// <param name="arguments">The command line.</param>
    /// <param name="environment">Additional environment variables.</param>
    /// <param name="program">Another program than the one under test.</param>
    public static async Task<ControllerProcess> StartAsync(string log, int port, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, string? program = null) =>
        new(await Component.StartAsync(program ?? Program, log, arguments, environment), port);

    /// <summary>The entries of its log.</summary>
    public IEnumerable<LogEntry> Entries => Log.Select(LogEntry.Parse).OfType<LogEntry>();

    /// <summary>Whether it has logged such an entry.</summary>
    public bool Logged(LogEvent kind, params IEnumerable<(string Name, string Value)> fields) => Entries.Any(entry => entry.Is(kind, fields));

    /// <summary>The address of its probes.</summary>
    public string Address => $"http://127.0.0.1:{_port}";

    /// <summary>The status of a probe; 0 if there is no answer.</summary>
    public async Task<int> ProbeAsync(string path)
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri($"{Address}{path}"));
            return (int)answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return 0;
        }
    }

    /// <summary>The response at a path of the probes' port; null if there is none.</summary>
    public async Task<string?> ReadAsync(string path)
    {
        using var answer = await Http.GetAsync(new Uri($"{Address}{path}"));
        return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync() : null;
    }

    public Task FreezeAsync() => _process.SignalAsync("STOP", CancellationToken.None);

    public Task ThawAsync() => _process.SignalAsync("CONT", CancellationToken.None);

    /// <summary>Kills it, as a crash would.</summary>
    public Task KillAsync(CancellationToken cancellation) => _process.KillAsync(cancellation);

    /// <summary>Stops it gracefully, as a kubelet does, and waits until it has ended.</summary>
    public async Task StopAsync(CancellationToken cancellation)
    {
        await _process.SignalAsync("TERM", cancellation);
        await _process.WaitForExitAsync(cancellation);
    }

    public string LogTail(int lines = 40) => _process.LogTail(lines, line => LogEntry.Parse(line) is { } entry ? $"[{(int)entry.Event}] {entry.Message}" : line);

    public ValueTask DisposeAsync()
    {
        _process.Dispose();
        return ValueTask.CompletedTask;
    }
}

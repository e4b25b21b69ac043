using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Endpoints;

namespace Piraeus.HighAvailability.Demo;

/// <summary>One replica of the real controller, in a process of its own.</summary>
internal sealed class ControllerProcess : IAsyncDisposable
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(1) };

    private readonly ChildProcessLauncher _childProcessLauncher;
    private readonly Action<ControllerProcess, string> _onLine;
    private readonly IReadOnlyList<string> _arguments;
    private readonly string _program;
    private readonly string _linstor;
    private readonly int _port = FreePort();
    private Process? _process;
    private Task _asking = Task.CompletedTask;

    /// <param name="name">Its name as holder of the Lease.</param>
    /// <param name="program">The controller's program.</param>
    /// <param name="childProcessLauncher">Starts the process.</param>
    /// <param name="kubeconfig">The kubeconfig for the simulated Kubernetes API.</param>
    /// <param name="linstor">The address of the simulated LINSTOR.</param>
    /// <param name="grace">Its grace periods.</param>
    /// <param name="onLine">Receives each line of its log.</param>
    public ControllerProcess(string name, string program, ChildProcessLauncher childProcessLauncher, string kubeconfig, Uri linstor, TimeSpan grace, Action<ControllerProcess, string> onLine)
    {
        (Name, _program, _childProcessLauncher, _linstor, _onLine) = (name, program, childProcessLauncher, linstor.AbsoluteUri.TrimEnd('/'), onLine);
        var patience = Durations.ToText(grace);
        _arguments =
        [
            "--leader-election", $"--leader-election-lease-name={name}", "--leader-election-namespace=ha-controller", $"--leader-election-healtz-port={_port}",
            $"--kubeconfig={kubeconfig}", $"--known-resource-grace-period={patience}", $"--new-resource-grace-period={patience}", "--reconcile-interval=2s",
        ];
    }

    public string Name { get; }

    public bool IsFrozen { get; private set; }

    public int ProcessId => _process?.Id ?? 0;

    public bool Runs => _process is { HasExited: false };

    /// <summary>Its last answer at <c>/status</c>, which may be old; null before the first answer and once the process has ended.</summary>
    public WireStatus? Status { get; private set; }

    public Uri StatusUrl => new($"http://127.0.0.1:{_port}/status");

    /// <summary>Its command line, as one would type it.</summary>
    public string CommandLine => $"LS_CONTROLLERS={_linstor} {ProgramVersion.Name} {string.Join(' ', _arguments)}";

    public async Task StartAsync()
    {
        var how = new ProcessStartInfo(_program, _arguments) { RedirectStandardError = true, RedirectStandardOutput = true };

        // It must use only our settings, and none of the user's own clusters.
        foreach (var name in how.Environment.Keys.Where(IsTheUsers).ToList())
        {
            how.Environment.Remove(name);
        }

        how.Environment["LS_CONTROLLERS"] = _linstor;
        IsFrozen = false;
        Status = null;
        _process = await _childProcessLauncher.StartAsync(how);
        _process.ErrorDataReceived += (_, line) => ForwardLine(line.Data);
        _process.OutputDataReceived += (_, line) => ForwardLine(line.Data);
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
    }

    public void Freeze()
    {
        Libc.Freeze(ProcessId);
        IsFrozen = true;
    }

    public void Thaw()
    {
        Libc.Thaw(ProcessId);
        IsFrozen = false;
    }

    public void Kill()
    {
        if (Runs)
        {
            _process!.Kill();
        }

        IsFrozen = false;
    }

    /// <summary>Requests its status, unless the last request still waits: a frozen process must not delay what the others say.</summary>
    public void Ask(CancellationToken cancellation) => _asking = _asking.IsCompleted ? AskAsync(cancellation) : _asking;

    private async Task AskAsync(CancellationToken cancellation)
    {
        try
        {
            await using var answer = await Http.GetStreamAsync(StatusUrl, cancellation);
            Status = await JsonSerializer.DeserializeAsync(answer, StatusJson.Default.WireStatus, cancellation);
        }
        catch (Exception silent) when (silent is HttpRequestException or IOException or JsonException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            // A process that hangs keeps its last status; a dead process has none.
            Status = Runs ? Status : null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        if (_process is not null)
        {
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
    }

    private static bool IsTheUsers(string variable) =>
        variable.StartsWith("LS_", StringComparison.Ordinal) || variable is "KUBECONFIG" || variable.EndsWith("_PROXY", StringComparison.OrdinalIgnoreCase);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void ForwardLine(string? line)
    {
        if (line is { Length: > 0 })
        {
            _onLine(this, line);
        }
    }
}

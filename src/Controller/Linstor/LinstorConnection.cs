using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Linstor.Wire;
using Piraeus.HighAvailability.Controller.Telemetry;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>The connection to LINSTOR: sends GET requests to the current LINSTOR controller, and moves to another when it does not answer.</summary>
internal sealed class LinstorConnection : IDisposable
{
    public const string VersionPath = "/v1/controller/version";
    public const string NodesPath = "/v1/nodes";

    private readonly LinstorRequests _requests;
    private readonly LinstorControllers _controllers;

    /// <param name="settings">LINSTOR's addresses and credentials.</param>
    /// <param name="clock">Measures deadlines and how long answers take.</param>
    /// <param name="logs">Logs which LINSTOR controller is used, and that answers are slow.</param>
    /// <param name="instruments">Records how long each request took; null without metrics.</param>
    public LinstorConnection(LinstorSettings settings, TimeProvider clock, ILoggerFactory logs, Instruments? instruments = null)
    {
        _requests = new LinstorRequests(settings, clock, new RequestLatency(instruments, logs.CreateLogger<RequestLatency>()));
        _controllers = new LinstorControllers(settings.Controllers, AskForNodesAsync, clock, logs.CreateLogger<LinstorControllers>());
    }

    /// <inheritdoc cref="LinstorRequests.Deadline"/>
    public TimeSpan Deadline
    {
        get => _requests.Deadline;
        init => _requests.Deadline = value;
    }

    /// <summary>The session with the LINSTOR controller that requests go to.</summary>
    public ControllerSession Current => _controllers.Current;

    /// <summary>Which LINSTOR controller is used, and what is wrong with it, for display.</summary>
    public ControllerInUse InUse => new(Current.Address.ToString(), Current.Health?.Fault);

    /// <summary>Sends a request to the current LINSTOR controller. If the network fails and that controller no longer serves, sends it once more to the one that replaces it.</summary>
    /// <exception cref="LinstorException">There was no answer. A status is an answer.</exception>
    public async Task<LinstorReply> GetAsync(string path, CancellationToken cancellation)
    {
        var controllerSession = _controllers.Current;
        try
        {
            return await _requests.AskAsync(controllerSession.Address, path, cancellation);
        }
        catch (LinstorException lost) when (lost.IsNetwork)
        {
            if (await _controllers.LeaveAsync(controllerSession, cancellation) is not { } next)
            {
                throw;
            }

            return await _requests.AskAsync(next.Address, path, cancellation);
        }
    }

    /// <summary>Requests the nodes of the current LINSTOR controller or, if it is not reliable, of a better one that replaces it, if there is one.</summary>
    /// <exception cref="LinstorException">There is no list of nodes.</exception>
    public async Task<IReadOnlyList<WireNode?>> NodesAsync(CancellationToken cancellation)
    {
        var (_, answer) = await AssessAsync(cancellation);
        return answer.Nodes ?? throw answer.Health.Failure!;
    }

    /// <summary>A LINSTOR controller that has just answered: the current one, or else another, which becomes current.</summary>
    /// <exception cref="LinstorException">None has; the message explains what is wrong with the current one.</exception>
    public async Task<ControllerSession> LivingAsync(CancellationToken cancellation)
    {
        var (controllerSession, answer) = await AssessAsync(cancellation);
        return answer.Health is { Standing: ControllerUsefulness.Unusable, Failure: { } failure } ? throw failure : controllerSession;
    }

    /// <summary>Fails if others are configured and the current LINSTOR controller reaches none of its satellites: it may not be the one that has this resource.</summary>
    /// <exception cref="LinstorException">No answer of it about a resource can be trusted, least of all that there is none.</exception>
    public void ThrowIfDoubtful(Core.ResourceName resource)
    {
        if (_controllers.HasOthers && Current.Health is { Standing: < ControllerUsefulness.Serving, Fault: { } fault })
        {
            throw new LinstorException(LinstorFailure.Doubtful, $"What it says about resource {resource} is not believed. {fault}");
        }
    }

    /// <inheritdoc cref="LinstorRequests.OpenAsync"/>
    public Task<HttpResponseMessage> OpenAsync(ControllerAddress at, string path, CancellationToken cancellation) => _requests.OpenAsync(at, path, cancellation);

    public void Dispose()
    {
        _requests.Dispose();
        _controllers.Dispose();
    }

    private async Task<(ControllerSession ControllerSession, NodesAnswer Answer)> AssessAsync(CancellationToken cancellation)
    {
        var controllerSession = _controllers.Current;
        var answer = await AskForNodesAsync(controllerSession.Address, cancellation);
        if (await _controllers.AssessAsync(controllerSession, answer.Health, cancellation) is not { } next)
        {
            return (controllerSession, answer);
        }

        answer = await AskForNodesAsync(next.Address, cancellation);
        next.Health = answer.Health;
        return (next, answer);
    }

    private async Task<NodesAnswer> AskForNodesAsync(ControllerAddress address, CancellationToken cancellation)
    {
        try
        {
            var nodes = (await _requests.AskAsync(address, NodesPath, cancellation)).Read(LinstorJson.Default.ListWireNode);
            return new(nodes, ControllerHealth.Of(address, nodes));
        }
        catch (LinstorException failure)
        {
            return new(null, ControllerHealth.Of(failure));
        }
    }
}

/// <summary>The LINSTOR controller that requests and the event stream go to.</summary>
/// <param name="Address">Scheme, host and port.</param>
/// <param name="Fault">What was wrong with it when it last listed its nodes, in one sentence; null for nothing.</param>
internal sealed record ControllerInUse(string Address, string? Fault);

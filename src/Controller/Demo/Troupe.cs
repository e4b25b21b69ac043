namespace Piraeus.HighAvailability.Controller.Demo;

/// <summary>The replicas of the controller, and what is done to them.</summary>
internal sealed class Troupe : IAsyncDisposable
{
    /// <summary>What a Deployment's kubelet takes to start a container again.</summary>
    private static readonly TimeSpan Restart = TimeSpan.FromSeconds(3);

    private static readonly string[] Speakers = ["Actuator", "Reporter", "LeaseLoop", "Daemon"];

    private readonly Story _story;
    private readonly List<Replica> _replicas;

    public Troupe(Nursery nursery, string kubeconfig, Uri linstor, TimeSpan grace, Story story)
    {
        _story = story;
        _replicas = [.. ((string[])["controller-1", "controller-2"]).Select(name => new Replica(name, nursery, kubeconfig, linstor, grace, Said))];
    }

    public IReadOnlyList<Replica> Replicas => _replicas;

    /// <summary>Who acts, by its own word; a frozen one says what it last said.</summary>
    public Replica? Leader => _replicas.Find(replica => replica.Runs && !replica.IsFrozen && Leads(replica)) ?? _replicas.Find(Leads);

    /// <summary>Whether everybody has heard of the whole cluster, and one of them leads.</summary>
    public bool IsReady => Leader is not null && _replicas.TrueForAll(replica => replica.Status is { Sources.Silent.Count: 0 });

    public Task StartAsync() => Task.WhenAll(_replicas.Select(replica => replica.StartAsync()));

    public Task AskAsync(CancellationToken cancellation) => Task.WhenAll(_replicas.Select(replica => replica.AskAsync(cancellation)));

    /// <summary>Freezes whoever leads.</summary>
    /// <returns>Who that was; null if nobody did.</returns>
    public Replica? FreezeLeader()
    {
        var leader = _replicas.Find(replica => replica.Runs && !replica.IsFrozen && Leads(replica));
        leader?.Freeze();
        return leader;
    }

    /// <summary>Lets everybody go on who was frozen.</summary>
    public bool Thaw()
    {
        var frozen = _replicas.FindAll(replica => replica.IsFrozen);
        frozen.ForEach(replica => replica.Thaw());
        return frozen.Count > 0;
    }

    /// <summary>Ends whoever leads; it is started again after a while, as its Deployment would.</summary>
    public Replica? KillLeader(CancellationToken cancellation)
    {
        if (Leader is not { Runs: true } leader)
        {
            return null;
        }

        leader.Kill();
        _ = RestartAsync(leader, cancellation);
        return leader;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var replica in _replicas)
        {
            await replica.DisposeAsync();
        }
    }

    private static bool Leads(Replica replica) => replica.Status is { Leadership.Leads: true };

    private async Task RestartAsync(Replica replica, CancellationToken cancellation)
    {
        try
        {
            await Task.Delay(Restart, cancellation);
            await replica.StartAsync();
            _story.Tell(Story.Kubernetes, $"{replica.Name} is started again");
        }
        catch (OperationCanceledException)
        {
            // The demo is over.
        }
    }

    // Both decide, and both say so; that of the standby would be said twice.
    private void Said(Replica replica, string line)
    {
        if (line.Split(' ', 4, StringSplitOptions.RemoveEmptyEntries) is not [_, var level, var speaker, var text])
        {
            return;
        }

        var isItsOwn = speaker is "LeaseLoop:" or "Daemon:";
        if (Speakers.Contains(speaker.TrimEnd(':')) && (isItsOwn || replica == Leader) && !text.StartsWith("Asking ", StringComparison.Ordinal))
        {
            _story.Tell(replica.Name, text);
        }
        else if (level is "ERROR" or "PANIC")
        {
            _story.Tell(replica.Name, text);
        }
    }
}

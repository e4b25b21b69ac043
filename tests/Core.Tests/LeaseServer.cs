using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>One Lease, and replicas that run for it under a clock that a test moves. Every request takes no time, unless the test answers it.</summary>
internal sealed class LeaseServer
{
    private readonly Dictionary<string, LeaderElection> _replicas = [];
    private int _version;

    public static readonly ImmutableHashSet<Source> All = [.. Enum.GetValues<Source>()];

    public Instant Now { get; private set; } = Instant.Start + TimeSpan.FromHours(1);

    public LeaseRecord? Record { get; private set; }

    public string? Version => Record is null ? null : $"{_version}";

    /// <summary>How the server answers instead of doing what it is asked; null if it does it.</summary>
    public Func<string, LeaseRequest, LeaseOutcome?> Refuses { get; set; } = (_, _) => null;

    /// <summary>Who asked for what, in order.</summary>
    public List<(string Who, LeaseRequest Request)> Asked { get; } = [];

    public LeaderElection this[string name] => _replicas[name];

    public string? Leader => _replicas.Keys.SingleOrDefault(name => _replicas[name].Holds(Now));

    public LeaseServer Start(string name, bool decides = true)
    {
        _replicas[name] = new(name, Now);
        return decides ? Synced(name, All) : Go(name);
    }

    public LeaseServer Synced(string name, ImmutableHashSet<Source> sources)
    {
        _replicas[name] = _replicas[name].Synced(sources, Now);
        return Go(name);
    }

    public LeaseServer LoseLinstor(string name) => Synced(name, All.Remove(Source.Linstor));

    public LeaseServer Stop(string name)
    {
        _replicas[name] = _replicas[name].Stop(Now);
        return Go(name);
    }

    /// <summary>The replica is gone, at once.</summary>
    public LeaseServer Kill(string name)
    {
        _replicas.Remove(name);
        return this;
    }

    public LeaseServer Put(LeaseRecord? record)
    {
        (Record, _version) = (record, _version + 1);
        return this;
    }

    /// <summary>Lets time pass, a tenth of a second at a time.</summary>
    public LeaseServer Pass(double seconds)
    {
        for (var end = Now + TimeSpan.FromSeconds(seconds); Now < end;)
        {
            Now += TimeSpan.FromSeconds(0.1);
            foreach (var name in _replicas.Keys.ToList())
            {
                Go(name);
            }
        }

        return this;
    }

    /// <summary>The seconds that pass until something is so.</summary>
    public double Until(Func<bool> so)
    {
        var began = Now;
        while (!so())
        {
            Pass(0.1);
            Assert.True(Now < began + TimeSpan.FromMinutes(5), "It never came to that.");
        }

        return Math.Round((Now - began).TotalSeconds, 1);
    }

    private LeaseServer Go(string name)
    {
        while (_replicas[name].Begin(Now, DateTimeOffset.UnixEpoch + Now.SinceStart) is { Request: { } request } begun)
        {
            Asked.Add((name, request));
            var answer = Refuses(name, request) is { } refusal ? new(refusal) : CarryOut(request);
            _replicas[name] = begun.Next.Answered(request, answer, Now, jitter: 0.5);
        }

        return this;
    }

    private LeaseAnswer CarryOut(LeaseRequest request)
    {
        if (request.Record is { } record)
        {
            if (request.Version != Version)
            {
                return new(Record is null ? LeaseOutcome.NotFound : LeaseOutcome.Conflict);
            }

            Put(record);
        }

        return new(LeaseOutcome.Done, Record, Version);
    }
}

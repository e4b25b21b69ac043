namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>Switches for an API server's worst behaviour. They may be changed at any time, from any thread; they do not affect probes.</summary>
public sealed class KubernetesHazards
{
    /// <summary>The delay of every answer, including the headers of a watch.</summary>
    public TimeSpan AnswerDelay { get; set; }

    /// <summary>Requests are refused with <c>429</c> and this many seconds to wait; 0 to refuse none.</summary>
    public int RetryAfterSeconds { get; set; }

    /// <summary>Requests fail with <c>500</c>.</summary>
    public bool Fails { get; set; }

    /// <summary>A watch at an expired version begins, and gets <c>410</c> as its first event; if off, the answer itself is <c>410</c>.</summary>
    public bool ReportsExpiryWithinWatches { get; set; }

    /// <summary>Selects the requests that are delayed or refused, by method and path; null for all.</summary>
    public Func<string, string, bool>? Concerns { get; set; }
}

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>Switches for what an API server does at its worst. They may be changed at any time, from any thread; probes are spared.</summary>
public sealed class KubernetesHazards
{
    /// <summary>How long every answer takes, the head of a watch's included.</summary>
    public TimeSpan AnswerDelay { get; set; }

    /// <summary>Requests are refused with <c>429</c>, and this many seconds to wait; 0 for no such refusal.</summary>
    public int RetryAfterSeconds { get; set; }

    /// <summary>Requests fail with <c>500</c>.</summary>
    public bool Fails { get; set; }

    /// <summary>A watch that begins at a forgotten version is begun, and told <c>410</c> as its first event; otherwise the answer is <c>410</c>.</summary>
    public bool TellsExpiryWithinWatches { get; set; }

    /// <summary>Which requests are delayed or refused, by method and path; null for all.</summary>
    public Func<string, string, bool>? Concerns { get; set; }
}

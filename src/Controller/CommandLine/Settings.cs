using System.Net;
using Microsoft.Extensions.Logging;
using Piraeus.HighAvailability.Controller.Common;
using Piraeus.HighAvailability.Controller.Kubernetes;
using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.CommandLine;

/// <summary>All settings of the command line, with their defaults.</summary>
internal sealed record Settings
{
    /// <summary>The CSI driver whose attachments and volumes are ours.</summary>
    public string AttacherName { get; init; } = "linstor.csi.linbit.com";

    /// <summary>How long a loss must last that began while this process observed the resource.</summary>
    public TimeSpan KnownResourceGracePeriod { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>How long a loss must last that was there when its resource was first seen.</summary>
    public TimeSpan NewResourceGracePeriod { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>The kubeconfig file; empty leaves the choice to <c>KUBECONFIG</c> and the pod.</summary>
    public string KubeConfig { get; init; } = "";

    public bool LeaderElection { get; init; }

    /// <summary>The port of <c>/healthz</c>; 0 takes any that is free.</summary>
    public int HealthPort { get; init; } = 8080;

    /// <summary>The address to listen on; null for all addresses, IPv4 and IPv6.</summary>
    public IPAddress? BindAddress { get; init; }

    /// <summary>Where to post how each incident ended; null for nowhere.</summary>
    public Uri? IncidentWebhook { get; init; }

    /// <summary>The name under which this process holds the lease; the whole host name, which the machine name cuts at its first dot.</summary>
    public string LeaseIdentity { get; init; } = Dns.GetHostName();

    /// <summary>The namespace of the lease; empty means that of the Kubernetes connection.</summary>
    public string LeaseNamespace { get; init; } = "";

    public string LeaseName { get; init; } = ProgramVersion.Name;

    /// <summary>The pods that have opted in.</summary>
    public LabelSelector PodSelector { get; init; } = LabelSelector.Parse("linstor.csi.linbit.com/on-storage-lost=remove");

    /// <summary>How often LINSTOR is queried for everything, besides its own events.</summary>
    public TimeSpan ReconcileInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>0 panic, 1 fatal, 2 error, 3 warning, 4 info, 5 debug, 6 and above trace.</summary>
    public int Verbosity { get; init; } = 4;

    public LogFormat LogFormat { get; init; } = LogFormat.Text;

    /// <summary>Whether to decide and to report, but to change nothing.</summary>
    public bool DryRun { get; init; }

    public bool DisableNodeTaints { get; init; }

    /// <summary>The share of satellites, from 0 to 1, above which a loss is a storm and nothing is moved.</summary>
    public double StormThreshold { get; init; } = 0.5;

    /// <summary>Requests per second to the Kubernetes API, on average and in a burst.</summary>
    public double KubeApiQps { get; init; } = 500;

    public int KubeApiBurst { get; init; } = 1000;

    /// <summary>The file to record to; empty records nothing.</summary>
    public string Record { get; init; } = "";

    /// <summary>The settings that the policy uses.</summary>
    public FailoverSettings Policy => new()
    {
        KnownResourceGrace = KnownResourceGracePeriod,
        NewResourceGrace = NewResourceGracePeriod,
        ReconcileInterval = ReconcileInterval,
        TaintNodes = !DisableNodeTaints,
        StormThreshold = StormThreshold,
    };

    /// <summary>The settings of a policy, and the defaults for everything else.</summary>
    public static Settings Of(FailoverSettings policy) => new()
    {
        KnownResourceGracePeriod = policy.KnownResourceGrace,
        NewResourceGracePeriod = policy.NewResourceGrace,
        ReconcileInterval = policy.ReconcileInterval,
        DisableNodeTaints = !policy.TaintNodes,
        StormThreshold = policy.StormThreshold,
    };

    public LogLevel LogLevel => Verbosity switch
    {
        0 or 1 => LogLevel.Critical,
        2 => LogLevel.Error,
        3 => LogLevel.Warning,
        4 => LogLevel.Information,
        5 => LogLevel.Debug,
        _ => LogLevel.Trace,
    };
}

internal enum LogFormat
{
    Text,
    Json,
}

using System.Security.Cryptography;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>A client's identity: the user name that the API server sees (and audits), and the token that proves it.</summary>
public sealed record ApiIdentity(string User, string Token)
{
    /// <summary>The test's own identity.</summary>
    public static readonly ApiIdentity Administrator = New("administrator");

    public static readonly ApiIdentity ControllerManager = New("system:kube-controller-manager");

    public static readonly ApiIdentity Scheduler = New("system:kube-scheduler");

    public static readonly ApiIdentity Kubelet = New("fake-kubelet");

    public static readonly ApiIdentity Attacher = New("fake-attacher");

    /// <summary>All identities in the API server's token file: each has full rights, under its own name.</summary>
    public static IEnumerable<string> TokenFile =>
        new[] { Administrator, ControllerManager, Scheduler, Kubelet, Attacher }.Select(one => $"{one.Token},{one.User},{one.User},\"system:masters\"");

    private static ApiIdentity New(string user) => new(user, RandomNumberGenerator.GetHexString(32, lowercase: true));
}

using System.Security.Cryptography;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>Who asks the API server: the user name it will see (and audit), and the token that proves it.</summary>
public sealed record ApiIdentity(string User, string Token)
{
    /// <summary>The test itself.</summary>
    public static readonly ApiIdentity Administrator = New("administrator");

    public static readonly ApiIdentity ControllerManager = New("system:kube-controller-manager");

    public static readonly ApiIdentity Scheduler = New("system:kube-scheduler");

    public static readonly ApiIdentity Kubelet = New("fake-kubelet");

    public static readonly ApiIdentity Attacher = New("fake-attacher");

    /// <summary>Everyone that the API server knows by its token file: all of them may do everything, but each under its own name.</summary>
    public static IEnumerable<string> TokenFile =>
        new[] { Administrator, ControllerManager, Scheduler, Kubelet, Attacher }.Select(one => $"{one.Token},{one.User},{one.User},\"system:masters\"");

    private static ApiIdentity New(string user) => new(user, RandomNumberGenerator.GetHexString(32, lowercase: true));
}

using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>Why a request to LINSTOR failed, or what was wrong with its answer.</summary>
internal enum LinstorFailure
{
    /// <summary>No connection, or a broken one: another LINSTOR controller may work.</summary>
    Unreachable,

    /// <summary>No complete answer within the deadline: another LINSTOR controller may work.</summary>
    TimedOut,

    /// <summary>Plain HTTP to a LINSTOR controller that requires HTTPS.</summary>
    Redirected,

    /// <summary>Credentials are missing or wrong.</summary>
    Unauthorized,

    /// <summary>The credentials are right, but lack the permission.</summary>
    Forbidden,

    /// <summary>LINSTOR knows no such object.</summary>
    NotFound,

    /// <summary>Any other status in the four hundreds.</summary>
    Refused,

    /// <summary>LINSTOR, or a proxy in front of it, failed.</summary>
    ServerError,

    /// <summary>The answer is not what LINSTOR sends.</summary>
    Unreadable,

    /// <summary>The LINSTOR controller may be the wrong one.</summary>
    Doubtful,

    /// <summary>Two answers contradict each other, for example while an object is being deleted: neither is trusted.</summary>
    Contradictory,
}

/// <summary>LINSTOR gave no usable answer. The message is one sentence without secrets, fit for a log.</summary>
internal sealed class LinstorException(LinstorFailure failure, string message, Exception? inner = null) : RemoteException(message, inner)
{
    public LinstorFailure Failure { get; } = failure;

    /// <summary>Whether the network failed; false if the LINSTOR controller answered.</summary>
    public bool IsNetwork => Failure is LinstorFailure.Unreachable or LinstorFailure.TimedOut;

    public static LinstorException Unreachable(ControllerAddress from, string path, Exception cause) =>
        new(LinstorFailure.Unreachable, $"LINSTOR controller {from} cannot be reached for {path}: {cause.GetBaseException().Message.TrimEnd('.')}.", cause);

    public static LinstorException TimedOut(ControllerAddress from, string path) =>
        new(LinstorFailure.TimedOut, $"LINSTOR controller {from} did not answer {path} in time.");
}

using Piraeus.HighAvailability.Controller.Transport;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>Why LINSTOR could not be asked, or what was wrong with its answer.</summary>
internal enum LinstorFailure
{
    /// <summary>No connection, or one that broke: another LINSTOR controller may do better.</summary>
    Unreachable,

    /// <summary>No complete answer within the deadline: another LINSTOR controller may do better.</summary>
    TimedOut,

    /// <summary>Plain HTTP on a LINSTOR controller that wants HTTPS.</summary>
    Redirected,

    /// <summary>Credentials are missing or wrong.</summary>
    Unauthorized,

    /// <summary>Credentials are right, but not for this.</summary>
    Forbidden,

    /// <summary>LINSTOR knows no such object.</summary>
    NotFound,

    /// <summary>Any other status in the four hundreds.</summary>
    Refused,

    /// <summary>LINSTOR, or a proxy in front of it, failed.</summary>
    ServerError,

    /// <summary>The answer is not what LINSTOR sends.</summary>
    Unreadable,

    /// <summary>The LINSTOR controller may not be the one that knows.</summary>
    Doubtful,

    /// <summary>Two answers contradict each other, as while an object is being deleted: neither is to be believed.</summary>
    Contradictory,
}

/// <summary>LINSTOR gave no usable answer. The message is one sentence without secrets, fit for a log.</summary>
internal sealed class LinstorException(LinstorFailure failure, string message, Exception? inner = null) : RemoteException(message, inner)
{
    public LinstorFailure Failure { get; } = failure;

    /// <summary>Whether the network failed, rather than the LINSTOR controller saying something unwelcome.</summary>
    public bool IsNetwork => Failure is LinstorFailure.Unreachable or LinstorFailure.TimedOut;

    public static LinstorException Unreachable(ControllerAddress from, string path, Exception cause) =>
        new(LinstorFailure.Unreachable, $"LINSTOR controller {from} cannot be reached for {path}: {cause.GetBaseException().Message.TrimEnd('.')}.", cause);

    public static LinstorException TimedOut(ControllerAddress from, string path) =>
        new(LinstorFailure.TimedOut, $"LINSTOR controller {from} did not answer {path} in time.");
}

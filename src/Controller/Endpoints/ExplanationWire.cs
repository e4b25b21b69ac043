namespace Piraeus.HighAvailability.Controller.Endpoints;

/// <summary>The answer of <c>/explain</c>: what this replica believes of one pod, volume or node, and what it would do now. docs/operations.md explains it.</summary>
/// <param name="About">The object, for instance <c>pod shop/db-0 on node a</c>.</param>
/// <param name="Summary">The answer in one sentence.</param>
/// <param name="At">When it was given.</param>
/// <param name="Identity">The replica that gives it.</param>
/// <param name="Leads">Whether that replica acts.</param>
/// <param name="CannotDecide">Why it cannot decide anything now; null if it can.</param>
/// <param name="Facts">What else counts for the object, a sentence each.</param>
/// <param name="Uses">The uses of LINSTOR volumes that it is about, the most urgent first.</param>
/// <param name="Failovers">The moves of its pods that are remembered.</param>
/// <param name="Journal">What was done and held, and on what proof; oldest first.</param>
internal sealed record WireExplanation(
    string About,
    string Summary,
    DateTimeOffset At,
    string Identity,
    bool Leads,
    string? CannotDecide,
    IReadOnlyList<string> Facts,
    IReadOnlyList<WireUse> Uses,
    IReadOnlyList<WireFailover> Failovers,
    IReadOnlyList<WireEntry> Journal);

/// <summary>The use of a volume on a node.</summary>
/// <param name="Volume">The PersistentVolume.</param>
/// <param name="Claim">Its claim; null if it has none.</param>
/// <param name="Resource">The LINSTOR resource definition; null if the volume is not LINSTOR's.</param>
/// <param name="Node">The Kubernetes node.</param>
/// <param name="State">What follows for it.</param>
/// <param name="Sentence">The same for people.</param>
/// <param name="Rule">The clause of docs/safety.md that decides it, from 1 to 10; null if none does.</param>
/// <param name="InDoubt">Since when it is in doubt and what is left of the grace period; null if it is well.</param>
/// <param name="Linstor">LINSTOR's reports; null if there are none.</param>
internal sealed record WireUse(
    string Volume, string? Claim, string? Resource, string Node, UseState State, string Sentence, int? Rule, WireUser? InDoubt, WireResource? Linstor);

/// <summary>What follows for the use of a volume, the most urgent first.</summary>
internal enum UseState
{
    /// <summary>It has lost its storage, and the leader moves it.</summary>
    Moves,

    /// <summary>It would be moved by now, but for a reason.</summary>
    Held,

    /// <summary>It seems to have lost its storage, and its grace period runs.</summary>
    Waits,

    /// <summary>Something is not plainly well, and it is no loss.</summary>
    InDoubt,

    /// <summary>LINSTOR has reported nothing about it.</summary>
    Unknown,

    /// <summary>Nothing suggests a loss.</summary>
    Well,

    /// <summary>The volume is not LINSTOR's.</summary>
    NotOurs,
}

/// <summary>Why there is nothing to explain.</summary>
internal sealed record WireProblem(string Message);

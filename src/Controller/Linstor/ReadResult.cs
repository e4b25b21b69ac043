using Piraeus.HighAvailability.Core;

namespace Piraeus.HighAvailability.Controller.Linstor;

/// <summary>The result of reading one object: its value, LINSTOR's own 404, or a failure.</summary>
/// <param name="Value">The object; null if it is missing or could not be read.</param>
/// <param name="Failure">Why it could not be read, so that nothing is known about it.</param>
/// <param name="AskedAt">When the request was sent: the value is at least this fresh.</param>
internal readonly record struct ReadResult<T>(T? Value, LinstorException? Failure, Instant AskedAt)
    where T : class
{
    /// <summary>Whether LINSTOR itself answered that there is no such object.</summary>
    public bool IsMissing => Value is null && Failure is null;
}

/// <summary>Creates results.</summary>
internal static class ReadResult
{
    /// <summary>Waits for an answer and keeps its failure as a value, so that one failed request does not discard the answers to the others.</summary>
    /// <param name="answer">The object, or null where LINSTOR has none.</param>
    /// <param name="askedAt">When the request was sent.</param>
    public static async Task<ReadResult<T>> OfAsync<T>(Task<T?> answer, Instant askedAt)
        where T : class
    {
        try
        {
            return new(await answer, null, askedAt);
        }
        catch (LinstorException failure)
        {
            return new(null, failure, askedAt);
        }
    }
}

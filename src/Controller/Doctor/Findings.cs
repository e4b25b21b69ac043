namespace Piraeus.HighAvailability.Controller.Doctor;

/// <summary>Collects the results of one section's checks.</summary>
internal sealed class Findings(Section section)
{
    private const int MostNames = 8;

    private readonly List<WireCheck> _checks = [];

    public IReadOnlyList<WireCheck> Checks => _checks;

    public void Ok(string message) => _checks.Add(new(section, CheckOutcome.Ok, message));

    public void Warn(string message, string advice) => _checks.Add(new(section, CheckOutcome.Warning, message, advice));

    public void Fail(string message, string? advice = null) => _checks.Add(new(section, CheckOutcome.Failed, message, advice));

    /// <summary>A warning about several objects; nothing if there are none.</summary>
    /// <param name="names">The objects.</param>
    /// <param name="one">The message up to the name of the only object.</param>
    /// <param name="many">The message after the number of objects.</param>
    /// <param name="advice">What to do.</param>
    public void WarnOf(IReadOnlyCollection<string> names, string one, string many, string advice)
    {
        if (names.Count > 0)
        {
            Warn(Message(names, one, many), advice);
        }
    }

    /// <inheritdoc cref="WarnOf"/>
    public void FailOf(IReadOnlyCollection<string> names, string one, string many, string advice)
    {
        if (names.Count > 0)
        {
            Fail(Message(names, one, many), advice);
        }
    }

    private static string Message(IReadOnlyCollection<string> names, string one, string many) => names.Count == 1
        ? $"{one} {names.First()}."
        : $"{names.Count} {many}: {string.Join(", ", names.Order(StringComparer.Ordinal).Take(MostNames))}{(names.Count > MostNames ? $" and {names.Count - MostNames} more" : "")}.";
}

namespace Piraeus.HighAvailability.Controller.Net;

/// <summary>Where PEM text comes from, in words for complaints and as a way to read it now.</summary>
/// <remarks>A file is read anew each time, so that a rotated certificate needs no restart.</remarks>
internal sealed record PemText(string Origin, Func<string> Read)
{
    public static PemText Inline(string origin, string text) => new(origin, () => text);

    public static PemText FromFile(string origin, string path) => new($"{origin} {path}", () => OperatorFile.Read(origin, path));
}

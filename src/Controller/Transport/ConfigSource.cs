using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Controller.Transport;

/// <summary>A text from the operator, given directly or in a file: its origin for error messages, and a way to read it now.</summary>
/// <remarks>A file is read again each time, so that a rotated one needs no restart. The operator has to repair one that cannot be read.</remarks>
internal sealed record ConfigSource(string Origin, Func<string> Read)
{
    public static ConfigSource Inline(string origin, string text) => new(origin, () => text);

    public static ConfigSource FromFile(string origin, string path)
    {
        var named = path.Length > 0 ? $"{origin} {path}" : origin;
        return new ConfigSource(named, () => ReadFile(named, path));
    }

    private static string ReadFile(string origin, string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new SettingsException($"{origin} cannot be read: {Reason(problem)}");
        }
    }

    private static string Reason(Exception problem) => problem switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file",
        UnauthorizedAccessException => "permission denied, or it is a directory",
        ArgumentException => "not a path",
        _ => problem.Message.ReplaceLineEndings(" "),
    };
}

using Piraeus.HighAvailability.Controller.Common;

namespace Piraeus.HighAvailability.Controller.Transport;

/// <summary>Text that the operator gave or named the file of: where it comes from, in words for complaints, and a way to read it now.</summary>
/// <remarks>A file is read anew each time, so that a rotated one needs no restart. One that cannot be read is the operator's to mend.</remarks>
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

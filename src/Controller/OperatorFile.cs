namespace Piraeus.HighAvailability.Controller;

/// <summary>Reads a file that the operator named in the place called its origin; one that cannot be read is the operator's to mend.</summary>
internal static class OperatorFile
{
    public static string Read(string origin, string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new SettingsException($"{origin} {path} cannot be read: {Reason(problem)}");
        }
    }

    private static string Reason(Exception problem) => problem switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file",
        UnauthorizedAccessException => "permission denied, or it is a directory",
        _ => problem.Message.ReplaceLineEndings(" "),
    };
}

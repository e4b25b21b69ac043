namespace Piraeus.HighAvailability.Controller.Net;

/// <summary>The reasons for which a file cannot be read, in words that do not repeat its name.</summary>
internal static class FileProblem
{
    public static string Describe(Exception problem) => problem switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file",
        UnauthorizedAccessException => "permission denied, or it is a directory",
        _ => problem.Message.ReplaceLineEndings(" "),
    };
}

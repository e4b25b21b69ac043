namespace Piraeus.HighAvailability.EndToEnd.Tests;

/// <summary>The files of the repository that these tests were built from.</summary>
internal static class Repository
{
    public static string File(string path) => Path.Combine(Root.Value, path);

    private static readonly Lazy<string> Root = new(() =>
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!System.IO.File.Exists(Path.Combine(directory.FullName, "global.json")))
        {
            directory = directory.Parent ?? throw new DirectoryNotFoundException($"{AppContext.BaseDirectory} is not within the repository");
        }

        return directory.FullName;
    });
}

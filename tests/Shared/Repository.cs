namespace Piraeus.HighAvailability.Tests;

/// <summary>The files of the repository that these tests were built from.</summary>
internal static class Repository
{
    /// <summary>A file or folder by its path within the repository; the repository itself if that is empty.</summary>
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

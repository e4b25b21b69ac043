using System.Globalization;

namespace Piraeus.HighAvailability.Demo;

/// <summary>The demo's temporary folder, which is deleted when the demo ends, or else when the next one starts.</summary>
/// <remarks>The operating system releases the lock of a file with the process that holds it, however that ends. So a lock that can be taken shows that the demo of a folder is gone.</remarks>
internal sealed class DemoFolder : IDisposable
{
    private const string Prefix = "piraeus-ha-demo-";
    private const string Lock = "lock";
    private const string KubeConfigFile = "kubeconfig";

    /// <summary>How <see cref="Directory.CreateTempSubdirectory"/> makes a folder: nobody else can have put anything into it.</summary>
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly DirectoryInfo _folder;
    private readonly FileStream _lock;

    private DemoFolder(DirectoryInfo folder)
    {
        _folder = folder;
        _lock = new(Path.Combine(folder.FullName, Lock), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        _lock.Write(System.Text.Encoding.ASCII.GetBytes(Marker(Environment.ProcessId)));
        _lock.Flush();
    }

    /// <summary>The path of the kubeconfig in it.</summary>
    public string KubeConfig => Path.Combine(_folder.FullName, KubeConfigFile);

    /// <summary>Makes a folder in the system's folder of temporary files.</summary>
    public static DemoFolder Create() => new(Directory.CreateTempSubdirectory(Prefix));

    /// <summary>Deletes the folders of demos that were killed.</summary>
    /// <param name="parent">The folder in which they are.</param>
    public static void DeleteLeft(string parent)
    {
        // The folder of temporary files may change meanwhile, and need not be readable.
        var left = new EnumerationOptions { IgnoreInaccessible = true, MatchType = MatchType.Simple, AttributesToSkip = FileAttributes.ReparsePoint };
        foreach (var folder in Directory.GetDirectories(parent, $"{Prefix}*", left))
        {
            DeleteIfLeft(new(folder));
        }
    }

    public void Dispose()
    {
        File.Delete(KubeConfig);
        File.Delete(_lock.Name);
        _lock.Dispose();
        DeleteIfEmpty(_folder);
    }

    private static string Marker(int process) => string.Create(CultureInfo.InvariantCulture, $"{DemoCommandLine.Name} {process}");

    // Only what a demo writes is deleted, and a folder only if nothing else is in it.
    private static void DeleteIfLeft(DirectoryInfo folder)
    {
        var file = new FileInfo(Path.Combine(folder.FullName, Lock));
        if (folder.LinkTarget is not null || folder.UnixFileMode != OwnerOnly || !file.Exists || file.LinkTarget is not null)
        {
            return;
        }

        try
        {
            using (var held = new FileStream(file.FullName, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
            using (var reader = new StreamReader(held))
            {
                if (reader.ReadToEnd().Split(' ') is not [DemoCommandLine.Name, var text] || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var process)
                    || Directory.Exists($"/proc/{process}") || folder.EnumerateFileSystemInfos().Any(item => item.Name is not (Lock or KubeConfigFile)))
                {
                    return;
                }

                File.Delete(Path.Combine(folder.FullName, KubeConfigFile));
                file.Delete();
            }

            DeleteIfEmpty(folder);
        }
        catch (Exception busy) when (busy is IOException or UnauthorizedAccessException)
        {
            // Its demo runs, or it belongs to another user.
        }
    }

    private static void DeleteIfEmpty(DirectoryInfo folder)
    {
        if (!folder.EnumerateFileSystemInfos().Any())
        {
            folder.Delete();
        }
    }
}

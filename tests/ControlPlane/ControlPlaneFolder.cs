using System.Globalization;

namespace Piraeus.HighAvailability.ControlPlane;

/// <summary>The one temporary folder of a control plane.</summary>
/// <remarks>Its logs remain for the analysis of failures, until the next run removes the folders of processes that have ended.</remarks>
public sealed class ControlPlaneFolder
{
    private static readonly string Root = Path.Combine(Path.GetTempPath(), "piraeus-ha-control-plane");

    private ControlPlaneFolder(string path) => Directory = path;

    public string Directory { get; }

    public string Data => this["data"];

    public string this[string name] => Path.Combine(Directory, name);

    public static ControlPlaneFolder New()
    {
        System.IO.Directory.CreateDirectory(Root);
        foreach (var left in System.IO.Directory.EnumerateDirectories(Root))
        {
            var owner = Path.GetFileName(left).Split('-')[0];
            if (!System.IO.Directory.Exists($"/proc/{owner}"))
            {
                System.IO.Directory.Delete(left, recursive: true);
            }
        }
        var folder = new ControlPlaneFolder(System.IO.Directory.CreateDirectory(
            Path.Combine(Root, string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}-{Guid.NewGuid():N}"))).FullName);
        System.IO.Directory.CreateDirectory(folder.Data);
        return folder;
    }

    /// <summary>Writes a file and returns its path.</summary>
    public string Write(string name, string content)
    {
        File.WriteAllText(this[name], content);
        return this[name];
    }

    /// <summary>Removes everything except the logs.</summary>
    public void Clear()
    {
        System.IO.Directory.Delete(Data, recursive: true);
        foreach (var file in System.IO.Directory.EnumerateFiles(Directory).Where(file => !file.EndsWith(".log", StringComparison.Ordinal)))
        {
            File.Delete(file);
        }
    }
}

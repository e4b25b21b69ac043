using Piraeus.HighAvailability.Demo;

namespace Piraeus.HighAvailability.Simulator.Tests.Demo;

/// <summary>Which folders of earlier demos are deleted.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class DemoFolderTests : IDisposable
{
    /// <summary>Larger than any process id that Linux gives.</summary>
    private const int NoProcess = 4194305;

    private readonly DirectoryInfo _parent = Directory.CreateTempSubdirectory("demo-folders-");

    [Fact]
    public void The_folder_of_a_demo_that_was_killed_is_deleted()
    {
        var left = Folder("piraeus-ha-demo-left", $"piraeus-ha-demo {NoProcess}");
        DemoFolder.DeleteLeft(_parent.FullName);
        Assert.False(Directory.Exists(left));
    }

    [Fact]
    public void The_folder_of_a_demo_that_runs_stays()
    {
        var locked = Folder("piraeus-ha-demo-locked", $"piraeus-ha-demo {NoProcess}");
        var running = Folder("piraeus-ha-demo-running", $"piraeus-ha-demo {Environment.ProcessId}");
        using (new FileStream(Path.Combine(locked, "lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            DemoFolder.DeleteLeft(_parent.FullName);
        }

        Assert.True(File.Exists(Path.Combine(locked, "kubeconfig")));
        Assert.True(File.Exists(Path.Combine(running, "kubeconfig")));
    }

    [Fact]
    public void What_is_not_certainly_a_demos_stays()
    {
        string[] others =
        [
            Folder("piraeus-ha-demo-unmarked", "something else"),
            Folder("piraeus-ha-demo-no-lock", null),
            Folder("another", $"piraeus-ha-demo {NoProcess}"),
            Folder("piraeus-ha-demo-more", $"piraeus-ha-demo {NoProcess}"),
            Folder("piraeus-ha-demo-open-to-others", $"piraeus-ha-demo {NoProcess}"),
        ];
        File.SetUnixFileMode(others[4], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupWrite);
        File.WriteAllText(Path.Combine(others[3], "notes"), "of somebody");
        Directory.CreateSymbolicLink(Path.Combine(_parent.FullName, "piraeus-ha-demo-link"), others[2]);
        DemoFolder.DeleteLeft(_parent.FullName);
        Assert.All(others, folder => Assert.True(File.Exists(Path.Combine(folder, "kubeconfig"))));
    }

    [Fact]
    public void A_demos_own_folder_is_locked_while_it_runs_and_deleted_when_it_ends()
    {
        var folder = DemoFolder.Create();
        var path = Path.GetDirectoryName(folder.KubeConfig)!;
        Assert.Throws<IOException>(() => File.ReadAllText(Path.Combine(path, "lock")));
        folder.Dispose();
        Assert.False(Directory.Exists(path));
    }

    [Fact]
    public void What_others_have_put_into_a_demos_folder_stays()
    {
        var folder = DemoFolder.Create();
        var notes = Path.Combine(Path.GetDirectoryName(folder.KubeConfig)!, "notes");
        File.WriteAllText(notes, "of somebody");
        folder.Dispose();
        Assert.True(File.Exists(notes));
        Directory.Delete(Path.GetDirectoryName(notes)!, recursive: true);
    }

    public void Dispose() => _parent.Delete(recursive: true);

    private string Folder(string name, string? marker)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_parent.FullName, name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
        File.WriteAllText(Path.Combine(folder, "kubeconfig"), "");
        if (marker is not null)
        {
            File.WriteAllText(Path.Combine(folder, "lock"), marker);
        }

        return folder;
    }
}

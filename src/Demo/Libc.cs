using System.Runtime.InteropServices;

namespace Piraeus.HighAvailability.Demo;

/// <summary>The few words of libc that .NET has no name for.</summary>
internal static partial class Libc
{
    private const int ParentDeathSignal = 1;
    private const int Kill = 9;
    private const int Continue = 18;
    private const int Stop = 19;

    /// <summary>Stops a process where it stands; it does not notice.</summary>
    public static void Freeze(int process) => _ = Signal(process, Stop);

    /// <summary>Lets a frozen process go on.</summary>
    public static void Thaw(int process) => _ = Signal(process, Continue);

    /// <summary>The kernel ends this process when the thread that started it ends, be it frozen or not.</summary>
    public static void DieWithParent() => _ = Control(ParentDeathSignal, Kill, 0, 0, 0);

    /// <summary>This process becomes another program, with its environment and its open files. Returns only if that fails.</summary>
    /// <returns>Why it failed.</returns>
    public static string Become(string program, string[] arguments)
    {
        string?[] all = [program, .. arguments, null];
        _ = Execute(program, all);
        return Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string program, string?[] arguments);

    [LibraryImport("libc", EntryPoint = "getppid")]
    public static partial int ParentId();

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int process, int signal);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Control(int option, nuint first, nuint second, nuint third, nuint fourth);
}

using System.Runtime.InteropServices;

namespace Piraeus.HighAvailability.Demo;

/// <summary>libc functions without a .NET equivalent.</summary>
internal static partial class Libc
{
    private const int ParentDeathSignal = 1;
    private const int Kill = 9;
    private const int Continue = 18;
    private const int Stop = 19;

    /// <summary>Freezes a process (SIGSTOP); the process does not notice.</summary>
    public static void Freeze(int process) => _ = Signal(process, Stop);

    /// <summary>Resumes a frozen process.</summary>
    public static void Thaw(int process) => _ = Signal(process, Continue);

    /// <summary>Makes the kernel end this process when the thread that started it ends, even while this process is frozen.</summary>
    public static void DieWithParent() => _ = Control(ParentDeathSignal, Kill, 0, 0, 0);

    /// <summary>Replaces this process with another program, which keeps its environment and its open files. Returns only on failure.</summary>
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

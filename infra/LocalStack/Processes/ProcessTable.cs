using System.Globalization;
using System.Runtime.InteropServices;

namespace LocalStack;

/// <summary>One line of the machine's process table.</summary>
internal sealed record ProcessEntry(int Id, int Parent, int Session, char State, long StartTime)
{
    /// <summary>Whether it is more than an exit code that nobody has collected.</summary>
    public bool IsAlive => State is not ('Z' or 'X');

    public bool StillRuns => ProcessTable.Find(Id) is { } now && now.StartTime == StartTime && now.IsAlive;
}

/// <summary>The processes of this machine, read from /proc.</summary>
internal static partial class ProcessTable
{
    public const int Kill = 9;

    public static ProcessEntry? Find(int id)
    {
        string line;
        try
        {
            line = File.ReadAllText($"/proc/{id.ToString(CultureInfo.InvariantCulture)}/stat");
        }
        catch (IOException)
        {
            return null; // it has ended, or ends while its line is read
        }

        // "id (name) state parent group session … start time": the name may hold blanks and parentheses.
        var fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
        return new ProcessEntry(
            id,
            int.Parse(fields[1], CultureInfo.InvariantCulture),
            int.Parse(fields[3], CultureInfo.InvariantCulture),
            fields[0][0],
            long.Parse(fields[19], CultureInfo.InvariantCulture));
    }

    /// <summary>
    /// Who else is in the session that the process leads or led, with children, grandchildren and so on, as of now: what is
    /// left of a killed server, such as the workers of nginx, has no parent that tells where it belongs.
    /// </summary>
    public static IReadOnlyList<ProcessEntry> Family(int id)
    {
        var others = Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var each) ? Find(each) : null)
            .OfType<ProcessEntry>()
            .Where(entry => entry.Id != id)
            .ToList();
        var byParent = others.ToLookup(entry => entry.Parent);
        var family = others.Where(entry => entry.Session == id || entry.Parent == id).ToList();
        for (var i = 0; i < family.Count; i++)
            family.AddRange(byParent[family[i].Id].Except(family));
        return family;
    }

    /// <summary>Sends a signal; a process that has ended meanwhile is no error.</summary>
    public static void Signal(int id, int signal)
    {
        const int noSuchProcess = 3;
        if (SendSignal(id, signal) != 0 && Marshal.GetLastPInvokeError() is var error and not noSuchProcess)
            throw new StackException($"Signal {signal} to process {id} was refused: {Marshal.GetPInvokeErrorMessage(error)}.");
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int id, int signal);
}

using System.Diagnostics;
using System.Globalization;

namespace LocalStack;

/// <summary>
/// A process in a session of its own, so that Ctrl-C at the terminal reaches the launcher alone, with its output
/// in a log file. It is known by process id and start time, so that another run of the launcher can find it again
/// and never mistakes a recycled id for it.
/// </summary>
public sealed class ServerProcess
{
    private ServerProcess(int id, long startTime)
    {
        Id = id;
        StartTime = startTime;
    }

    /// <summary>The process id, which is also the id of its process group and session.</summary>
    public int Id { get; }

    /// <summary>When it started, in clock ticks since the machine booted.</summary>
    public long StartTime { get; }

    /// <summary>Whether it still runs.</summary>
    public bool IsRunning => ProcessTable.Find(Id) is { } entry && entry.StartTime == StartTime && entry.IsAlive;

    /// <summary>Starts a program.</summary>
    /// <param name="command">Program and arguments; the program is a path, or a name found on the PATH.</param>
    /// <param name="log">The file that standard output and error are appended to.</param>
    /// <param name="lifetime">Who ends it if nobody stops it.</param>
    /// <param name="environment">Variables set on top of the caller's own; null removes one.</param>
    /// <param name="workingDirectory">Its working directory; the log's directory unless given.</param>
    public static ServerProcess Start(
        IReadOnlyList<string> command,
        string log,
        ProcessLifetime lifetime,
        IReadOnlyDictionary<string, string?>? environment = null,
        string? workingDirectory = null)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        // setsid replaces itself with the command, as long as it does not lead a process group: the id stays.
        var start = new ProcessStartInfo("/bin/sh")
        {
            ArgumentList = { "-c", "log=$1; shift; exec setsid \"$@\" </dev/null >>\"$log\" 2>&1", "sh", log },
            WorkingDirectory = workingDirectory ?? Path.GetDirectoryName(log)!,
        };
        foreach (var part in command)
            start.ArgumentList.Add(part);
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
            start.Environment[name] = value;

        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start.");
        if (lifetime is ProcessLifetime.Owner)
            Reaper.Instance.Watch(process.Id);
        // A process that is gone already has no start time left; zero matches none.
        return new ServerProcess(process.Id, ProcessTable.Find(process.Id)?.StartTime ?? 0);
    }

    /// <summary>Finds a process started earlier, perhaps by another run of the launcher; it may have ended since.</summary>
    public static ServerProcess Find(int id, long startTime) => new(id, startTime);

    /// <summary>Lets it outlive the current process, which started it with <see cref="ProcessLifetime.Owner" />.</summary>
    public void Detach() => Reaper.Instance.Forget(Id);

    /// <summary>
    /// Asks the process to end and waits until it has; past the patience it is killed. Whatever it leaves behind is killed, too.
    /// </summary>
    /// <param name="patience">How long it may take.</param>
    /// <param name="signal">What it takes as the request to end in good order.</param>
    /// <returns>Whether it ended by itself.</returns>
    public async Task<bool> StopAsync(TimeSpan patience, StopSignal signal = StopSignal.Terminate)
    {
        var family = Family();
        if (IsRunning)
            ProcessTable.Signal(Id, (int)signal);
        var ended = await EndsAsync([], patience);
        await KillAsync(family);
        return ended;
    }

    /// <summary>
    /// Kills the process and its children at once, as a power cut would, and waits until they are gone; of a process that has
    /// ended, what it left behind.
    /// </summary>
    public Task KillAsync() => KillAsync(Family());

    // Somebody else may have its id by now, and a family of his own.
    private IReadOnlyList<ProcessEntry> Family() =>
        ProcessTable.Find(Id) is { } entry && entry.StartTime != StartTime ? [] : ProcessTable.Family(Id);

    private async Task KillAsync(IReadOnlyList<ProcessEntry> family)
    {
        if (IsRunning)
            ProcessTable.Signal(Id, ProcessTable.Kill);
        foreach (var member in family.Where(member => member.StillRuns))
            ProcessTable.Signal(member.Id, ProcessTable.Kill);
        if (!await EndsAsync(family, TimeSpan.FromSeconds(30)))
            throw new StackException($"Process {Id.ToString(CultureInfo.InvariantCulture)} does not end, although it was killed.");
        Reaper.Instance.Forget(Id);
    }

    private async Task<bool> EndsAsync(IReadOnlyList<ProcessEntry> family, TimeSpan patience)
    {
        var clock = Stopwatch.StartNew();
        while (IsRunning || family.Any(member => member.StillRuns))
        {
            if (clock.Elapsed > patience)
                return false;
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }

        return true;
    }
}

using System.Diagnostics;
using System.Globalization;

namespace LocalStack;

/// <summary>
/// Kills what this process started and did not stop, when this process is gone. It is a shell in a session of its
/// own that reads from a pipe: however its owner ends, kill -9 included, the pipe closes with it.
/// </summary>
internal sealed class Reaper
{
    private const string Script =
        """
        trap '' INT TERM HUP
        watched=' '
        while read -r change id; do
          case $change in
            watch) watched="$watched$id " ;;
            forget) watched=$(printf %s "$watched" | sed "s/ $id / /") ;;
          esac
        done
        # A server leads a process group, a command that is run to its end does not; one that is gone already is no loss.
        for id in $watched; do kill -s KILL -- "-$id" 2>/dev/null || kill -s KILL "$id" 2>/dev/null; done
        """;

    private readonly Lock _gate = new();
    private readonly HashSet<int> _watched = [];
    private readonly Lazy<StreamWriter> _pipe = new(StartShell);

    private Reaper()
    {
    }

    public static Reaper Instance { get; } = new();

    /// <summary>Kills this process, with its group if it leads one, once the current process has ended.</summary>
    public void Watch(int id)
    {
        lock (_gate)
        {
            _watched.Add(id);
            Tell("watch", id);
        }
    }

    public void Forget(int id)
    {
        lock (_gate)
        {
            if (_watched.Remove(id))
                Tell("forget", id);
        }
    }

    private void Tell(string change, int id)
    {
        // Servers run as processes on Linux only; the commands that are run elsewhere end by themselves.
        if (!OperatingSystem.IsLinux())
            return;
        _pipe.Value.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{change} {id}"));
        _pipe.Value.Flush();
    }

    private static StreamWriter StartShell()
    {
        var shell = Process.Start(new ProcessStartInfo("setsid")
        {
            ArgumentList = { "sh", "-c", Script },
            UseShellExecute = false,
            RedirectStandardInput = true,
        });
        return shell?.StandardInput ?? throw new InvalidOperationException("setsid did not start.");
    }
}

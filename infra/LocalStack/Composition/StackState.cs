using System.Text.Json;

namespace LocalStack;

/// <summary>A part of a stack as it was started.</summary>
/// <param name="Name">The part, such as "orders" or "rabbitmq".</param>
/// <param name="Kind">What stops it in good order: the service or server that it is a process of.</param>
/// <param name="ProcessId">Its process.</param>
/// <param name="StartTime">When that started, in the system's ticks: tells it from a later one with the same id.</param>
/// <param name="Port">The port it listens on.</param>
/// <param name="Log">Its log.</param>
internal sealed record StackPart(string Name, string Kind, int ProcessId, long StartTime, int Port, string Log)
{
    /// <summary>Its process, which may have ended.</summary>
    public ServerProcess Process => ServerProcess.Find(ProcessId, StartTime);
}

/// <summary>The stack that runs from a directory, as the file that "up" leaves for the other verbs tells it.</summary>
/// <param name="StartedAt">When it was started.</param>
/// <param name="Parts">Its parts, in the order in which they were started.</param>
/// <param name="ManagementPort">The port of the broker's management API.</param>
/// <param name="MailDirectory">The Maildir with what the services sent.</param>
internal sealed record StackState(
    DateTimeOffset StartedAt,
    IReadOnlyList<StackPart> Parts,
    int ManagementPort,
    string MailDirectory)
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true };

    /// <summary>The parts that have not ended. The broker and its port mapper, which know each other's port, run only together.</summary>
    public IEnumerable<StackPart> Running
    {
        get
        {
            var running = Parts.Where(part => part.Process.IsRunning).ToList();
            var broker = running.Where(part => part.Kind is StackParts.Broker or StackParts.PortMapper).ToList();
            return broker.Count == 1 ? running.Except(broker) : running;
        }
    }

    public static StackState Of(Stack stack)
    {
        StackPart Part(string part, ServerProcess process)
        {
            var (kind, port, log) = part switch
            {
                StackParts.PortMapper => (StackParts.PortMapper, 0, stack.Broker.Log),
                StackParts.Broker => (StackParts.Broker, stack.Broker.Port, stack.Broker.Log),
                StackParts.Postgres => (StackParts.Postgres, stack.Postgres.Port, stack.Postgres.Log),
                StackParts.Mail => (StackParts.Mail, stack.Mail.Port, stack.Mail.Log),
                StackParts.Edge => (StackParts.Edge, stack.Edge.Port, stack.Edge.Log),
                _ => stack.Services.Append(stack.Provider).Where(program => program.Name == part)
                    .Select(program => (part.Split('-')[0], program.Port, program.Log)).Single(),
            };
            return new StackPart(part, kind, process.Id, process.StartTime, port, log);
        }

        return new StackState(
            DateTimeOffset.UtcNow,
            [.. stack.Processes().Select(part => Part(part.Part, part.Process))],
            stack.Broker.ManagementPort,
            stack.Mail.Maildir);
    }

    /// <summary>Reads what was left in the directory; null where no stack was started, or it was stopped.</summary>
    public static StackState? Read(string directory)
    {
        var file = FileIn(directory);
        return File.Exists(file) ? JsonSerializer.Deserialize<StackState>(File.ReadAllText(file)) : null;
    }

    public void Write(string directory)
    {
        var draft = FileIn(directory) + ".draft";
        File.WriteAllText(draft, JsonSerializer.Serialize(this, Readable));
        File.Move(draft, FileIn(directory), overwrite: true);
    }

    public static void Forget(string directory) => File.Delete(FileIn(directory));

    private static string FileIn(string directory) => Path.Combine(directory, "stack.json");
}

using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using PaymentProviderSimulator.Operations;

namespace PaymentProviderSimulator.Log;

/// <summary>
/// The append-only log: one JSON line for each operation, forced to disk before anybody is answered.
/// Lines that arrive while the disk is busy share the next flush.
/// </summary>
public sealed class OperationLog : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    private readonly FileStream _file;
    private readonly Channel<Line> _lines = Channel.CreateUnbounded<Line>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Task _writing;

    private OperationLog(FileStream file, IReadOnlyList<OperationEntry> replayed)
    {
        _file = file;
        ReplayedEntries = replayed;
        _writing = Task.Run(WriteAsync);
    }

    private sealed record Line(byte[] Bytes, TaskCompletionSource OnDisk);

    /// <summary>What the log held when it was opened.</summary>
    public IReadOnlyList<OperationEntry> ReplayedEntries { get; }

    /// <summary>Ends when the log can take nothing more: faulted if the disk refused a line, else when it was closed.</summary>
    public Task Completion => _writing;

    /// <summary>Opens or creates the log for this process alone.</summary>
    /// <param name="path">The file; its directory is made when it is missing.</param>
    /// <exception cref="InvalidDataException">A complete line cannot be read. A half-written last line is cut off instead.</exception>
    /// <exception cref="IOException">Another process has the log open, or the disk refuses.</exception>
    public static OperationLog Open(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        // On Linux only an unshared file is locked against a second process.
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        try
        {
            var entries = Replay(file);
            return new OperationLog(file, entries);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Writes a line behind all earlier ones; the task ends when it is on disk.</summary>
    public Task AppendAsync(OperationEntry entry)
    {
        var line = new Line(
            [.. JsonSerializer.SerializeToUtf8Bytes(entry, Json), (byte)'\n'],
            new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        if (!_lines.Writer.TryWrite(line))
            line.OnDisk.SetException(new IOException("The provider's log takes nothing more."));
        return line.OnDisk.Task;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _file.DisposeAsync();
    }

    private async Task WriteAsync()
    {
        List<Line> batch = [];
        try
        {
            while (await _lines.Reader.WaitToReadAsync())
            {
                batch.Clear();
                while (_lines.Reader.TryRead(out var line))
                    batch.Add(line);
                await _file.WriteAsync(batch.SelectMany(line => line.Bytes).ToArray());
                _file.Flush(flushToDisk: true);
                batch.ForEach(line => line.OnDisk.SetResult());
            }
        }
        catch (IOException exception)
        {
            // Nobody may be told of an operation that the log does not hold, this batch and everything after it.
            _lines.Writer.TryComplete(exception);
            while (_lines.Reader.TryRead(out var line))
                batch.Add(line);
            batch.ForEach(line => line.OnDisk.TrySetException(exception));
            throw;
        }
    }

    private static List<OperationEntry> Replay(FileStream file)
    {
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);

        // A line without its end was being written when the process died; nobody was told of it.
        var complete = Array.LastIndexOf(bytes, (byte)'\n') + 1;
        file.SetLength(complete);
        file.Position = complete;

        List<OperationEntry> entries = [];
        for (var start = 0; start < complete;)
        {
            var end = Array.IndexOf(bytes, (byte)'\n', start);
            entries.Add(Read(bytes.AsSpan(start, end - start), entries.Count + 1));
            start = end + 1;
        }

        return entries;
    }

    private static OperationEntry Read(ReadOnlySpan<byte> line, int number)
    {
        try
        {
            if (JsonSerializer.Deserialize<OperationEntry>(line, Json) is { } entry && entry.Sequence == number)
                return entry;
        }
        catch (JsonException exception)
        {
            throw Damaged(number, exception);
        }

        throw Damaged(number, inner: null);
    }

    private static InvalidDataException Damaged(int number, Exception? inner) =>
        new($"Line {number} of the provider's log is damaged. Restore the file, or remove it to begin anew.", inner);
}

using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace LocalStack;

/// <summary>A part of a stack that is a process of this machine, with its log in a file.</summary>
internal sealed class NativePart(StackPart part) : RunningPart
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(300);

    public override string Name => part.Name;

    public override string Kind => part.Kind;

    public override int Port => part.Port;

    public override string RunsAs => string.Create(CultureInfo.InvariantCulture, $"process {part.ProcessId}");

    public override string LogPlace => part.Log;

    // The port mapper writes into the broker's.
    public override bool HasLog => part.Kind != StackParts.PortMapper;

    public override async Task<PartCondition> ConditionAsync(CancellationToken cancellationToken)
    {
        if (!part.Process.IsRunning)
            return PartCondition.Ended;
        if (part.Kind is StackParts.Broker or StackParts.Postgres or StackParts.Mail or StackParts.PortMapper)
            return PartCondition.Running;

        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var path = part.Kind == StackParts.Edge ? "health/live" : "health/ready";
        try
        {
            using var response = await client.GetAsync(
                new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{part.Port}/{path}")), cancellationToken);
            return response.IsSuccessStatusCode ? PartCondition.Ready : PartCondition.NotReady;
        }
        catch (Exception silent) when (silent is HttpRequestException || (silent is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return new PartCondition("does not answer", IsGood: false);
        }
    }

    public override async IAsyncEnumerable<string> ReadLogAsync(
        int? last,
        bool follow,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var log = new LogFile(part.Log);
        foreach (var line in log.ReadNew().TakeLast(last ?? int.MaxValue))
            yield return line;
        while (follow && !cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(Interval, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (var line in log.ReadNew())
                yield return line;
        }
    }

    /// <summary>A log that others append to, read up to its last complete line.</summary>
    private sealed class LogFile(string path)
    {
        private long _position;

        public string[] ReadNew()
        {
            if (!File.Exists(path))
                return [];
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            stream.Seek(_position, SeekOrigin.Begin);
            using var reader = new StreamReader(stream);
            var text = reader.ReadToEnd();
            var end = text.LastIndexOf('\n') + 1;
            _position += Encoding.UTF8.GetByteCount(text.AsSpan(0, end));
            return text[..end].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
    }
}

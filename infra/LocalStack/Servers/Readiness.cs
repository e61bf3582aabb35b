using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Npgsql;

namespace LocalStack;

/// <summary>Waiting until a started server answers.</summary>
internal static class Readiness
{
    /// <summary>Returns when the server answers.</summary>
    /// <param name="server">Its name, for messages.</param>
    /// <param name="process">Its process: waiting ends when that has ended.</param>
    /// <param name="log">Its log, whose last lines say why it ended.</param>
    /// <param name="answers">Asks it; false and connection failures mean "not yet".</param>
    /// <param name="patience">How long it may take.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public static async Task WaitAsync(
        string server,
        ServerProcess process,
        string log,
        Func<CancellationToken, Task<bool>> answers,
        TimeSpan patience,
        CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        Exception? last = null;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                if (await answers(cancellationToken))
                    return;
            }
            catch (Exception notYet) when (IsNotYet(notYet, cancellationToken))
            {
                last = notYet;
            }

            if (!process.IsRunning)
                throw new StackException($"{server} ended while it was starting. The end of {log}:\n{Tail(log)}", last!);
            if (clock.Elapsed > patience)
                throw new StackException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{server} does not answer after {clock.Elapsed.TotalSeconds:0} s ({last?.Message ?? "it says it is not ready"}). The end of {log}:\n{Tail(log)}"), last!);
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
        }
    }

    private static bool IsNotYet(Exception exception, CancellationToken cancellationToken) =>
        exception is HttpRequestException or SocketException or NpgsqlException or IOException
        || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    private static string Tail(string log) =>
        File.Exists(log) ? string.Join('\n', File.ReadLines(log).TakeLast(20).Select(LogLine.Readable).Select(line => line.Length > 500 ? line[..500] + " …" : line)) : "(there is none)";
}

using System.Runtime.InteropServices;
using LocalStack;
using Npgsql;

// Ctrl-C and a polite kill end a command in good order: what it has started is stopped again.
using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

try
{
    var arguments = new CommandLine(args.Skip(1));
    return args.FirstOrDefault() switch
    {
        "demo" => await DemoVerb.RunAsync(arguments, stop.Token),
        "test" => await TestVerb.RunAsync(arguments, stop.Token),
        "bench" => await BenchVerb.RunAsync(arguments, stop.Token),
        "order" => await OrderVerb.RunAsync(arguments, stop.Token),
        "letters" => await LettersVerb.RunAsync(arguments, stop.Token),
        "up" => await UpVerb.RunAsync(arguments, stop.Token),
        "down" => await DownVerb.RunAsync(arguments),
        "status" => await StatusVerb.RunAsync(arguments, stop.Token),
        "logs" => await LogsVerb.RunAsync(arguments, stop.Token),
        TestRunKeeper.Verb => await TestRunKeeper.RunAsync(new TestRunDirectory(args[1]), args.Contains(TestRunKeeper.InContainers), Console.WriteLine),
        null or "help" or "--help" or "-h" => HelpVerb.Run(),
        var unknown => throw new StackException($"There is no command {unknown}. See: infra/stack help"),
    };
}
catch (Exception problem) when (problem is StackException or Topology.TopologyException or NpgsqlException or HttpRequestException)
{
    Console.Error.WriteLine(problem.Message);
    return 1;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    Console.Error.WriteLine("Interrupted.");
    return 130;
}

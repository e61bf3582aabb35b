using System.Diagnostics;
using EntityFrameworkIntegration.Tests.Support;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;

namespace EntityFrameworkIntegration.Tests.Crashes;

/// <summary>A service process that comes to a halt at a named step, says so, and waits to be killed.</summary>
public sealed class CrashingProcess : IAsyncDisposable
{
    public const string Argument = "--crashing-process";

    readonly Process _process;

    CrashingProcess(Process process) => _process = process;

    /// <summary>Starts the program at <paramref name="step" /> on the test's database and broker.</summary>
    public static CrashingProcess Start(CrashStep step, string connectionString, Uri broker)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in new[] { typeof(CrashingProcess).Assembly.Location, Argument, step.ToString(), connectionString, broker.ToString() })
            start.ArgumentList.Add(argument);
        return new CrashingProcess(Process.Start(start)!);
    }

    /// <summary>Waits until the process says this.</summary>
    public async Task Says(string text)
    {
        using CancellationTokenSource bound = new(TimeSpan.FromSeconds(90));
        while (await _process.StandardOutput.ReadLineAsync(bound.Token) is { } line)
        {
            if (line == text)
                return;
        }

        throw new InvalidOperationException($"The process ended before it said '{text}'.");
    }

    /// <summary>kill -9.</summary>
    public async Task Kill()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await Kill();
        _process.Dispose();
    }

    /// <summary>The process itself.</summary>
    internal static async Task<int> Run(string[] args)
    {
        var step = Enum.Parse<CrashStep>(args[0]);
        Halt halt = new(step);
        var host = await new TestHostBuilder(args[1], new Uri(args[2]))
            .Services(x => x.AddSingleton(halt))
            .Bus(x =>
            {
                if (step is not (CrashStep.BeforeScopeCommit or CrashStep.AfterScopeCommit))
                    x.AddConsumer<PayOrderConsumer>();
            })
            .RabbitMq((_, x) => x.ConnectPublishObserver(halt))
            .StartAsync();

        if (step is CrashStep.BeforeScopeCommit or CrashStep.AfterScopeCommit)
        {
            await host.InScope(async (database, publish) =>
            {
                await using var transaction = await database.Database.BeginTransactionAsync();
                database.Orders.Add(new Order { Id = NewId.NextGuid() });
                await publish.Publish(new OrderPlaced(NewId.NextGuid()));
                await database.SaveChangesAsync();
                await halt.At(CrashStep.BeforeScopeCommit);
                await transaction.CommitAsync();
            });
        }
        else
            Console.WriteLine("ready");

        await Task.Delay(Timeout.InfiniteTimeSpan);
        return 0;
    }
}

public enum CrashStep
{
    None,
    BeforeCommit,
    AfterCommitBeforeSend,
    AfterSendBeforeDelete,
    DuringDelete,
    BeforeScopeCommit,
    AfterScopeCommit,
}

/// <summary>Halts when the step is reached. The steps after a commit are where the transport tells of a publish.</summary>
public sealed class Halt(CrashStep step) : IPublishObserver
{
    public async Task At(CrashStep reached)
    {
        if (reached != step)
            return;
        Console.WriteLine("halted");
        await Task.Delay(Timeout.InfiniteTimeSpan);
    }

    public async Task PrePublish<T>(PublishContext<T> context)
        where T : class
    {
        await At(CrashStep.AfterCommitBeforeSend);
        await At(CrashStep.AfterScopeCommit);
    }

    public Task PostPublish<T>(PublishContext<T> context)
        where T : class
    {
        return At(CrashStep.AfterSendBeforeDelete);
    }

    public Task PublishFault<T>(PublishContext<T> context, Exception exception)
        where T : class
    {
        return Task.CompletedTask;
    }
}

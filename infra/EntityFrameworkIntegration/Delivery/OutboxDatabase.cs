using MassTransit.EntityFrameworkCoreIntegration.Model;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace MassTransit.EntityFrameworkCoreIntegration.Delivery;

/// <summary>
/// Connections of the outbox's own, beside the application's DbContext instances but from the same pool, credentials and data source.
/// </summary>
sealed class OutboxDatabase(Type contextType, IServiceScopeFactory scopes) : IDisposable
{
    readonly Lock _lock = new();
    NpgsqlConnection? _prototype;
    OutboxTables? _tables;

    public OutboxTables Tables
    {
        get
        {
            Prepare();
            return _tables!;
        }
    }

    public async Task<NpgsqlConnection> Open(CancellationToken cancellationToken)
    {
        Prepare();
        var connection = (NpgsqlConnection)((ICloneable)_prototype!).Clone();
        try
        {
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Checks that the DbContext can be resolved and has the outbox in its model.</summary>
    /// <exception cref="ConfigurationException">It cannot, or has not.</exception>
    public void Prepare()
    {
        lock (_lock)
        {
            if (_tables is not null)
                return;

            using var scope = scopes.CreateScope();
            using var context = Resolve(scope.ServiceProvider, contextType);
            var tables = OutboxTables.Of(context);
            _prototype = (NpgsqlConnection)((ICloneable)context.Database.GetDbConnection()).Clone();
            _tables = tables;
        }
    }

    public static DbContext Resolve(IServiceProvider provider, Type contextType)
    {
        return (DbContext?)provider.GetService(contextType)
            ?? throw new ConfigurationException(
                $"The outbox needs {contextType.Name}, but it is not registered: call services.AddDbContext<{contextType.Name}>() or AddDbContextPool.");
    }

    public void Dispose() => _prototype?.Dispose();
}

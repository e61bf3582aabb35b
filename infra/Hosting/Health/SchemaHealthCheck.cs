using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Hosting;

internal sealed class SchemaHealthCheck(DatabaseSchema schema, NpgsqlDataSource database) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (!schema.IsCurrent)
            return HealthCheckResult.Unhealthy("The schema is not there yet, or the database cannot be reached.");

        try
        {
            await using var command = database.CreateCommand("SELECT 1");
            await command.ExecuteScalarAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (NpgsqlException exception)
        {
            return HealthCheckResult.Unhealthy($"The database cannot be reached: {exception.Message}");
        }
    }
}

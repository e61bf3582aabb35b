using Npgsql;

namespace MassTransit.EntityFrameworkCoreIntegration.Delivery;

static class OutboxError
{
    const int LongestText = 1_000;

    /// <summary>What a person who finds the row wants to know: the types and messages of the exception and its causes.</summary>
    public static string Describe(Exception exception)
    {
        List<string> causes = [];
        for (var cause = exception; cause is not null; cause = cause.InnerException)
            causes.Add($"{cause.GetType().Name}: {cause.Message}");

        var text = string.Join(" <- ", causes);
        return text.Length > LongestText ? text[..LongestText] : text;
    }

    /// <summary>True if the schema has not been migrated yet, which is an ordinary moment in the first start of a service.</summary>
    public static bool IsMissingTable(Exception exception)
    {
        return exception is PostgresException
        {
            SqlState: PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName,
        };
    }
}

namespace LocalStack;

/// <summary>The names of a stack's parts that are not programs of this repository; the management API is the broker's.</summary>
internal static class StackParts
{
    public const string PortMapper = "epmd";
    public const string Broker = "rabbitmq";
    public const string Management = "management";
    public const string Postgres = "postgres";
    public const string Mail = "mail";
    public const string Edge = "edge";
}

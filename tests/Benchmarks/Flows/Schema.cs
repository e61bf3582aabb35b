namespace Benchmarks.Flows;

/// <summary>What is the same for both programs: the application's own tables, and how much they take on at a time.</summary>
static class Schema
{
    public const string Create =
        """
        CREATE TABLE orders (id uuid PRIMARY KEY, note text NOT NULL);
        CREATE TABLE payments (id uuid PRIMARY KEY, amount numeric NOT NULL);
        CREATE TABLE shipments (id uuid PRIMARY KEY, carrier text NOT NULL);
        """;

    /// <summary>How many messages the broker may hand out of each queue before the first is acknowledged.</summary>
    public const ushort Prefetch = 64;

    /// <summary>How many messages of each queue are worked on at a time. More only makes PostgreSQL's backends take turns.</summary>
    public const ushort AtATime = 16;

    /// <summary>Both programs keep prepared statements and skip the reset of pooled connections.</summary>
    public const string ConnectionSettings = ";No Reset On Close=true;Max Auto Prepare=50;Maximum Pool Size=100;Application Name=benchmark";

    /// <summary>Fills a message to 600 bytes, which MassTransit's envelope makes a body of 1 400.</summary>
    public static readonly string Filler = new('x', 520);
}

namespace Benchmarks.Flows;

/// <summary>The application's own tables, the same for both programs.</summary>
static class Schema
{
    public const string Create =
        """
        CREATE TABLE orders (id uuid PRIMARY KEY, note text NOT NULL);
        CREATE TABLE payments (id uuid PRIMARY KEY, amount numeric NOT NULL);
        CREATE TABLE shipments (id uuid PRIMARY KEY, carrier text NOT NULL);
        """;

    /// <summary>Both programs keep prepared statements and skip the reset of pooled connections.</summary>
    public const string ConnectionSettings = ";No Reset On Close=true;Max Auto Prepare=50;Maximum Pool Size=100;Application Name=benchmark";

    /// <summary>Fills a message up to a body of 600 bytes.</summary>
    public static readonly string Filler = new('x', 520);
}

using Contracts;
using Npgsql;

namespace LocalStack;

/// <summary>Where everything is, and what to sign in with.</summary>
internal static class Addresses
{
    public static void Show(RunningStack stack)
    {
        Screen.Title("Where to look");
        var rows = new List<string[]>();
        void Row(string what, string? where, string login = "")
        {
            if (where is not null)
                rows.Add([what, where, login]);
        }

        Row("the API, through the edge", stack.AddressOf(StackParts.Edge)?.ToString().TrimEnd('/'), "Authorization: Bearer <key>");
        foreach (var service in Routes.Services)
            Row($"{service} by itself", stack.AddressOf(service.Name) is { } address ? $"{address}swagger" : null);
        Row("RabbitMQ's management", $"http://localhost:{stack.Management.Port}", string.Join(" / ", stack.Management.UserInfo.Split(':').Select(Uri.UnescapeDataString)));
        var postgres = new NpgsqlConnectionStringBuilder(stack.Postgres);
        Row("PostgreSQL", $"localhost:{postgres.Port}", $"{postgres.Username} / {postgres.Password}; or e.g. orders / {stack.DatabasePasswordOf(Routes.Orders)} in database orders");
        Row("the card provider", stack.AddressOf(Stack.ProviderName)?.ToString().TrimEnd('/'), $"Bearer {stack.ProviderKey}");
        Row("mail that was sent", stack.MailPlace);
        Screen.Table(rows);

        Screen.Title("Keys");
        Screen.Table([["dev-ada, dev-grace", "the customers ada and grace"], ["dev-operator", "an operator"]]);

        Screen.Title("Next");
        Screen.Say("  infra/stack order <id>      everything about one order");
        Screen.Say("  infra/stack status | logs   what runs, what it says");
        Screen.Say("  infra/stack down            stop it");
    }
}

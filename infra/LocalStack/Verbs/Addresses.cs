using System.Globalization;
using Contracts;

namespace LocalStack;

/// <summary>Where everything is, and what to sign in with.</summary>
internal static class Addresses
{
    public static void Show(StackState state)
    {
        Screen.Title("Where to look");
        var rows = new List<string[]>();
        void Row(string what, string? where, string login = "")
        {
            if (where is not null)
                rows.Add([what, where, login]);
        }

        Row("the API, through the edge", state.AddressOf(StackParts.Edge)?.ToString().TrimEnd('/'), "Authorization: Bearer <key>");
        foreach (var service in Routes.Services)
            Row($"{service} by itself", state.AddressOf(service.Name) is { } address ? $"{address}swagger" : null);
        Row("RabbitMQ's management", string.Create(CultureInfo.InvariantCulture, $"http://localhost:{state.ManagementPort}"), $"admin / {DevelopmentSecrets.BrokerAdministrator}");
        Row("PostgreSQL", Port(state, StackParts.Postgres), $"postgres / {DevelopmentSecrets.PostgresSuperuser}; or e.g. orders / dev-orders in database orders");
        Row("the card provider", state.AddressOf(Stack.ProviderName)?.ToString().TrimEnd('/'), $"Bearer {DevelopmentSecrets.Provider}");
        Row("mail that was sent", state.MailDirectory);
        Screen.Table(rows);

        Screen.Title("Keys");
        Screen.Table([["dev-ada, dev-grace", "the customers ada and grace"], ["dev-operator", "an operator"]]);

        Screen.Title("Next");
        Screen.Say("  infra/stack order <id>      everything about one order");
        Screen.Say("  infra/stack status | logs   what runs, what it says");
        Screen.Say("  infra/stack down            stop it");
    }

    private static string? Port(StackState state, string name) =>
        state.Parts.FirstOrDefault(part => part.Name == name) is { } part
            ? string.Create(CultureInfo.InvariantCulture, $"localhost:{part.Port}")
            : null;
}

namespace Topology;

internal static class AmqpAddress
{
    /// <summary>Adds user, password and virtual host to a broker's address, each escaped.</summary>
    public static Uri Of(Uri broker, string user, string password, string virtualHost) =>
        new($"{broker.Scheme}://{Escape(user)}:{Escape(password)}@{broker.Authority}/{Escape(virtualHost)}");

    private static string Escape(string text) => Uri.EscapeDataString(text);
}

using Contracts;
using Topology;

namespace LocalStack;

/// <summary>The environment variables that each program of a stack is started with.</summary>
internal sealed class ServiceSettings(Stack stack, StackOptions options)
{
    public IReadOnlyDictionary<string, string?> Of(string program)
    {
        var settings = new Dictionary<string, string?> { ["ASPNETCORE_ENVIRONMENT"] = "Development" };
        if (Routes.Services.FirstOrDefault(service => service.Name == program) is { } service)
        {
            settings["ConnectionStrings__Broker"] = BrokerTopology.From(stack.TopologyOptions).AddressOf(service).OriginalString;
            settings["ConnectionStrings__Database"] = stack.DatabaseOf(service);
            settings["ConnectionStrings__DatabaseOwner"] = stack.DatabaseOf(service, owner: true);
        }

        switch (program)
        {
            case Stack.ProviderName:
                settings["Simulator__Log"] = stack.ProviderLog;
                settings["Simulator__ApiKey"] = DevelopmentSecrets.Provider;
                break;
            case "payments":
                settings["Provider__BaseAddress"] = stack.Provider.Address.OriginalString;
                settings["Provider__ApiKey"] = DevelopmentSecrets.Provider;
                break;
            case "notifications":
                settings["Smtp__Host"] = "127.0.0.1";
                settings["Smtp__Port"] = stack.Mail.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
                settings["Smtp__From"] = "shop@orders.example";
                settings["Smtp__Recipient"] = "{customerId}@customers.example";
                break;
        }

        foreach (var (name, value) in options.Settings.GetValueOrDefault(program) ?? new Dictionary<string, string?>())
            settings[name] = value;
        return settings;
    }
}

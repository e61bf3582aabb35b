using MassTransit;
using Microsoft.Extensions.DependencyInjection;

namespace Messaging;

/// <summary>Finds the registered definitions that adjust their endpoint's conventions.</summary>
internal sealed class EndpointAdjustments(IServiceCollection services)
{
    public EndpointConventions For(string endpointName, IRegistrationContext context)
    {
        var formatter = context.GetService<IEndpointNameFormatter>() ?? KebabCaseEndpointNameFormatter.Instance;
        var conventions = new EndpointConventions();

        foreach (var definition in Definitions(context))
        {
            if (NameOf(definition, formatter) == endpointName)
                definition.Adjust(conventions);
        }

        return conventions;
    }

    private IEnumerable<IAdjustEndpoint> Definitions(IRegistrationContext context) => services
        .Select(service => service.ServiceType)
        .Where(type => type.IsClass && type.IsAssignableTo(typeof(IAdjustEndpoint)))
        .Distinct()
        .Select(type => (IAdjustEndpoint)context.GetRequiredService(type));

    private static string NameOf(IAdjustEndpoint definition, IEndpointNameFormatter formatter) => definition switch
    {
        IConsumerDefinition consumer => consumer.GetEndpointName(formatter),
        ISagaDefinition saga => saga.GetEndpointName(formatter),
        _ => throw new InvalidOperationException(
            $"{definition.GetType()} implements {nameof(IAdjustEndpoint)} but is neither a consumer nor a saga definition."),
    };
}

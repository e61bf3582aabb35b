using System.Reflection;
using System.Runtime.CompilerServices;
using MassTransit;

namespace Topology.Tests.MessageContracts;

/// <summary>The contracts as text, one line for everything that another service's running version relies on.</summary>
internal static class ContractText
{
    public static IReadOnlyList<string> Of(Assembly assembly)
    {
        var messages = assembly.GetExportedTypes().Where(type => type.IsDefined(typeof(EntityNameAttribute))).ToList();
        var types = new HashSet<Type>();
        foreach (var message in messages)
            Collect(message, assembly, types);

        return [.. types.SelectMany(Lines).Order(StringComparer.Ordinal)];
    }

    private static void Collect(Type type, Assembly assembly, HashSet<Type> found)
    {
        if (type.Assembly == assembly && found.Add(type))
            foreach (var property in Properties(type))
                Collect(property.PropertyType, assembly, found);

        foreach (var argument in type.GenericTypeArguments)
            Collect(argument, assembly, found);
    }

    private static IEnumerable<string> Lines(Type type)
    {
        var name = type.FullName!;
        yield return name;

        foreach (var urn in type.GetCustomAttributes<MessageUrnAttribute>())
            yield return $"{name} urn {urn.Urn}";
        foreach (var exchange in type.GetCustomAttributes<EntityNameAttribute>())
            yield return $"{name} exchange {exchange.EntityName}";

        if (type.IsEnum)
            foreach (var value in Enum.GetNames(type))
                yield return $"{name} value {value}";

        foreach (var property in Properties(type))
            yield return $"{name} member {property.Name} {NameOf(property)}{(IsRequired(property) ? " required" : "")}";
    }

    private static IEnumerable<PropertyInfo> Properties(Type type) =>
        type.IsEnum ? [] : type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite);

    private static bool IsRequired(PropertyInfo property) => property.IsDefined(typeof(RequiredMemberAttribute));

    private static string NameOf(PropertyInfo property)
    {
        var nullable = new NullabilityInfoContext().Create(property).ReadState == NullabilityState.Nullable;
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        return NameOf(type) + (nullable ? "?" : "");
    }

    private static string NameOf(Type type) => type.IsGenericType
        ? $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", type.GenericTypeArguments.Select(NameOf))}>"
        : type.Name;
}

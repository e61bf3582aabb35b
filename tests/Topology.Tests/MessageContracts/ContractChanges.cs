namespace Topology.Tests.MessageContracts;

/// <summary>What has become of the contracts since the snapshot was taken.</summary>
/// <param name="Breaking">Lines that a running version relies on and that are gone, or that it cannot fulfil.</param>
/// <param name="Additive">New lines that a running version does not mind.</param>
internal sealed record ContractChanges(IReadOnlyList<string> Breaking, IReadOnlyList<string> Additive)
{
    public static ContractChanges Between(IReadOnlyCollection<string> snapshot, IReadOnlyCollection<string> current)
    {
        var added = current.Except(snapshot).ToList();
        // A required member is one that messages already under way do not have: they could not be read any more.
        var unfulfillable = added.Where(line => line.EndsWith(" required", StringComparison.Ordinal) && snapshot.Contains(TypeOf(line)));
        var breaking = snapshot.Except(current).Select(line => "- " + line).Concat(unfulfillable.Select(line => "+ " + line)).ToList();
        return new ContractChanges(breaking, [.. added.Where(line => !breaking.Contains("+ " + line))]);
    }

    private static string TypeOf(string line) => line[..line.IndexOf(' ', StringComparison.Ordinal)];
}

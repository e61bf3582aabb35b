using System.Globalization;

namespace LocalStack;

/// <summary>
/// Which ports of this machine the containers are given: those that running ones have, else the wanted ones where they are
/// free, else any free ones. Nobody else who asks first takes them before it is disposed.
/// </summary>
internal sealed class PortPlan : IDisposable
{
    private readonly List<PortClaim> _claims = [];
    private readonly Dictionary<string, string?> _variables = [];
    private readonly List<string> _moved = [];

    private PortPlan()
    {
    }

    /// <summary>The variables that tell Compose.</summary>
    public IReadOnlyDictionary<string, string?> Variables => _variables;

    /// <summary>The parts that could not have the wanted port, as "edge (23456 instead of 8080)".</summary>
    public IReadOnlyList<string> Moved => _moved;

    public static PortPlan For(IReadOnlyCollection<Container> containers, IReadOnlyDictionary<string, string> dotEnv)
    {
        var plan = new PortPlan();
        foreach (var published in PublishedPort.All)
        {
            var wanted = published.Wanted(dotEnv);
            if (published.Of(containers.Where(container => container.IsRunning)) is not { } port)
            {
                var claim = PortClaim.Prefer(wanted);
                plan._claims.Add(claim);
                port = claim.Port;
            }

            plan._variables[published.Variable] = port.ToString(CultureInfo.InvariantCulture);
            if (port != wanted)
                plan._moved.Add(string.Create(CultureInfo.InvariantCulture, $"{published.Service} ({port} instead of {wanted})"));
        }

        return plan;
    }

    public void Dispose()
    {
        foreach (var claim in _claims)
            claim.Dispose();
    }
}

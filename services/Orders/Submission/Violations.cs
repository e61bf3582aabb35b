using Microsoft.AspNetCore.Http.HttpResults;

namespace Orders.Submission;

/// <summary>The broken rules of a request, by field.</summary>
internal sealed class Violations
{
    private readonly Dictionary<string, string[]> _rules = new(StringComparer.Ordinal);

    public bool Any => _rules.Count > 0;

    public void Add(string field, string rule) => _rules[field] = _rules.TryGetValue(field, out var others) ? [.. others, rule] : [rule];

    public ProblemHttpResult AsProblem() => TypedResults.Problem(new HttpValidationProblemDetails(_rules)
    {
        Status = StatusCodes.Status422UnprocessableEntity,
        Title = "The request breaks a rule.",
    });
}

using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;

namespace Orders.Database;

internal static partial class SnakeCaseColumns
{
    /// <summary>Names columns as SQL does (<c>submitted_at</c>), for what has no name of its own yet.</summary>
    public static void UseSnakeCaseColumns(this ModelBuilder model)
    {
        foreach (var property in model.Model.GetEntityTypes().SelectMany(entity => entity.GetProperties()))
        {
            if (property.FindAnnotation(RelationalColumnName) is null)
                property.SetColumnName(WordStart().Replace(property.Name, "_").ToLowerInvariant());
        }
    }

    private const string RelationalColumnName = Microsoft.EntityFrameworkCore.Metadata.RelationalAnnotationNames.ColumnName;

    [GeneratedRegex("(?<=[a-z0-9])(?=[A-Z])", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WordStart();
}

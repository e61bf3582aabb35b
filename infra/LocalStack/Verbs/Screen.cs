using Spectre.Console;

namespace LocalStack;

/// <summary>What the user sees; plain text where it does not go to a terminal.</summary>
internal static class Screen
{
    private static readonly IAnsiConsole Out = Create();
    private static readonly Lock Gate = new();

    public static void Say(string line)
    {
        lock (Gate)
            Out.WriteLine(line);
    }

    public static void Title(string line)
    {
        lock (Gate)
        {
            Out.WriteLine();
            Out.WriteLine(line, new Style(decoration: Decoration.Bold));
        }
    }

    public static void Warn(string line)
    {
        lock (Gate)
            Out.WriteLine(line, new Style(Color.Yellow));
    }

    /// <summary>Columns as wide as their longest cell, indented by two.</summary>
    public static void Table(IEnumerable<IReadOnlyList<string>> rows)
    {
        var lines = rows.ToList();
        var widths = Enumerable.Range(0, lines.Max(row => row.Count)).Select(column => lines.Max(row => row[column].Length)).ToList();
        foreach (var row in lines)
            Say("  " + string.Join("  ", row.Zip(widths, (cell, width) => cell.PadRight(width))).TrimEnd());
    }

    private static IAnsiConsole Create()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = Console.IsOutputRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = Console.IsOutputRedirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Out = new AnsiConsoleOutput(Console.Out),
        });
        // Lines are broken by whoever shows them.
        console.Profile.Width = int.MaxValue;
        return console;
    }
}

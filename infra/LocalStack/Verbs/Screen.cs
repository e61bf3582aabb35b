using Spectre.Console;

namespace LocalStack;

/// <summary>What the user sees. Without a terminal it is plain text, wide enough that nothing breaks in the middle.</summary>
internal static class Screen
{
    private static readonly IAnsiConsole Out = Create(Console.Out, Console.IsOutputRedirected);
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

    public static void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table().Border(TableBorder.None);
        foreach (var column in columns)
            table.AddColumn(new TableColumn(new Text(column, new Style(decoration: Decoration.Bold))).NoWrap());
        foreach (var row in rows)
            table.AddRow(row.Select(cell => new Text(cell)));
        lock (Gate)
            Out.Write(table);
    }

    private static IAnsiConsole Create(TextWriter writer, bool redirected)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });
        if (redirected)
            console.Profile.Width = 200;
        return console;
    }
}

using System.Text.Json;

namespace LocalStack;

/// <summary>Where the servers of a test run are.</summary>
/// <param name="Broker">The administrator's AMQP connection.</param>
/// <param name="Management">The broker's management API with the administrator's name and password.</param>
/// <param name="Postgres">The superuser's connection string.</param>
public sealed record TestRunServers(string Broker, string Management, string Postgres)
{
    /// <summary>Reads what <see cref="WriteAsync" /> wrote; null where there is nothing.</summary>
    public static TestRunServers? Read(string file) =>
        File.Exists(file) ? JsonSerializer.Deserialize<TestRunServers>(File.ReadAllText(file)) : null;

    /// <summary>Writes the file in one step, readable by its owner only, because it holds passwords.</summary>
    public async Task WriteAsync(string file)
    {
        var draft = file + ".draft";
        File.Delete(draft);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using (var stream = new FileStream(draft, options))
        {
            await JsonSerializer.SerializeAsync(stream, this);
        }

        File.Move(draft, file, overwrite: true);
    }
}

namespace LocalStack;

/// <summary>The programs of this checkout as they were built, in the configuration that this program was built in.</summary>
internal static class BuildOutput
{
    public static IReadOnlyDictionary<string, string> Projects { get; } = new Dictionary<string, string>
    {
        ["orders"] = "services/Orders",
        ["payments"] = "services/Payments",
        ["notifications"] = "services/Notifications",
        [Stack.ProviderName] = "infra/PaymentProviderSimulator",
    };

    // bin/<configuration>/<framework>/
    private static string Configuration => new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    private static string Framework => new DirectoryInfo(AppContext.BaseDirectory).Name;

    /// <summary>Where a program's assembly is.</summary>
    public static string Assembly(string program) =>
        Path.Combine(OutputDirectory(program), Path.GetFileName(Projects[program]) + ".dll");

    /// <summary>Copies a program, and returns where the copy's assembly is.</summary>
    public static string Copy(string program, string directory)
    {
        if (Directory.Exists(directory))
            Directory.Delete(directory, recursive: true);
        var source = OutputDirectory(program);
        foreach (var file in Directory.Exists(source) ? Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories) : [])
        {
            var target = Path.Combine(directory, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return CopyIn(program, directory);
    }

    /// <summary>Where the assembly of a program's copy is.</summary>
    public static string CopyIn(string program, string directory) => Path.Combine(directory, Path.GetFileName(Assembly(program)));

    /// <summary>Builds what the stack runs.</summary>
    public static Task BuildAsync(CancellationToken cancellationToken) => Command.RunAsync(
        ["dotnet", "build", Path.Combine(Checkout.Root, "infra", "LocalStack", "Stack.slnf"), "--configuration", Configuration, "--verbosity", "quiet", "--nologo"],
        cancellationToken,
        workingDirectory: Checkout.Root);

    private static string OutputDirectory(string program) =>
        Path.Combine(Checkout.Root, Projects[program], "bin", Configuration, Framework);
}

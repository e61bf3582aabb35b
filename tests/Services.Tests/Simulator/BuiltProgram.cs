namespace Services.Tests.Simulator;

/// <summary>Finds what the build made of the repository's programs.</summary>
public static class BuiltProgram
{
    /// <summary>The program of a project, from the same configuration as these tests.</summary>
    /// <param name="project">The project's directory, from the repository's root.</param>
    public static string Path(string project)
    {
        var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(System.IO.Path.DirectorySeparatorChar));
        var configuration = framework.Parent!;
        var root = configuration;
        while (!File.Exists(System.IO.Path.Combine(root.FullName, "Microservices.sln")))
            root = root.Parent ?? throw new InvalidOperationException("The tests run outside the repository.");
        return System.IO.Path.Combine(
            root.FullName, project, "bin", configuration.Name, framework.Name, System.IO.Path.GetFileName(project) + ".dll");
    }
}

namespace LocalStack;

/// <summary>What has to be there before a stack can start: the servers' packages, and the programs.</summary>
internal sealed record Preparation(bool MayInstall, bool Build)
{
    public static Preparation Of(CommandLine arguments) =>
        new(!arguments.Flag("--no-install"), !arguments.Flag("--no-build"));

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await DebianPackages.EnsureAsync(DebianPackages.OfServers, MayInstall, Screen.Say, cancellationToken);
        if (!Build)
            return;
        Screen.Say("Building the services.");
        await Heartbeat.WhileAsync(BuildOutput.BuildAsync(cancellationToken), "still building", Screen.Say);
    }
}

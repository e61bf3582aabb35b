namespace LocalStack;

/// <summary>"help": what there is.</summary>
internal static class HelpVerb
{
    public static int Run()
    {
        Screen.Say("""
            The local stack: orders, payments and notifications with the servers they need, on this machine: in containers where
            a Docker engine answers, else natively.

              infra/stack demo                    start everything, place orders down every path, leave it running
              infra/stack test [--long]           run all tests; --long adds the slow ones
              infra/stack up                      start everything, or what has ended since
                    [--except orders]             leave room for the service that is being debugged
                    [--replicas orders=2]         run a service more than once
                    [--no-build]                  take the programs as they were built last
                    [--native | --compose]        choose between native servers and containers
              infra/stack order <id>              everything that is known about one order
              infra/stack letters [<id>]          the dead letters that wait, or one of them in full
                    [--service orders] [--reason fault] [--type ...] [--order <id>] [--queue ...]
              infra/stack letters replay <id>...  send letters again; or those that the options above choose
              infra/stack letters discard <id>    close a letter without sending it
              infra/stack status                  what runs, and where
              infra/stack logs [part] [--follow]  what it says
              infra/stack down [--volumes]        stop everything; --volumes deletes its data too
              infra/stack bench [...]             run the benchmarks

            demo takes the options of up. --except and --replicas mean native servers.
            For native servers and tests, missing Debian packages are installed when run as root; --no-install forbids it.
            """);
        return 0;
    }
}

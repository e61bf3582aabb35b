using LocalStack;

try
{
    return args switch
    {
        [TestRunKeeper.Verb, var directory] => await TestRunKeeper.RunAsync(new TestRunDirectory(directory), Console.WriteLine),
        _ => 64,
    };
}
catch (StackException problem)
{
    Console.Error.WriteLine(problem.Message);
    return 1;
}

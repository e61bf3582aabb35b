using Services.Tests.DeadLetters;

// A test kills this program in the middle of its work; else it is the test runner.
return args is [ShopService.Argument]
    ? await ShopService.RunAsync()
    : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);

using EntityFrameworkIntegration.Tests.Crashes;

// A test kills this program in the middle of its work; else it is the test runner.
return args is [CrashingProcess.Argument, ..]
    ? await CrashingProcess.Run(args[1..])
    : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);

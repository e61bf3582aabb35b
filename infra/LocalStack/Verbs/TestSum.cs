using System.Globalization;
using System.Xml.Linq;

namespace LocalStack;

/// <summary>What came out of a test run, from the result files of its projects.</summary>
internal sealed record TestSum(int Passed, int Failed, IReadOnlyList<string> FailedTests)
{
    private static readonly XNamespace Trx = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010";

    public static TestSum Read(string directory)
    {
        var (passed, failed, names) = (0, 0, new List<string>());
        foreach (var file in Directory.Exists(directory) ? Directory.EnumerateFiles(directory, "*.trx", SearchOption.AllDirectories) : [])
        {
            var run = XDocument.Load(file);
            var counters = run.Descendants(Trx + "Counters").Single();
            passed += Number(counters, "passed");
            failed += Number(counters, "failed") + Number(counters, "error") + Number(counters, "timeout") + Number(counters, "aborted");
            names.AddRange(run.Descendants(Trx + "UnitTestResult")
                .Where(result => result.Attribute("outcome")?.Value == "Failed")
                .Select(result => $"{result.Attribute("testName")!.Value}\n{Indented(result.Descendants(Trx + "Message").FirstOrDefault()?.Value ?? "")}"));
            // A test process that crashed reports its outcome, but not the tests that it did not come to.
            if (run.Descendants(Trx + "ResultSummary").Single().Attribute("outcome")?.Value == "Failed" && Number(counters, "failed") == 0)
            {
                failed++;
                names.Add($"the test process of {Path.GetFileName(file)} ended early");
            }
        }

        return new TestSum(passed, failed, names);
    }

    // Enough to see what went wrong in a log of which only the end is kept.
    private static string Indented(string message) =>
        string.Join('\n', message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Take(40).Select(line => $"  {line}"));

    private static int Number(XElement counters, string name) =>
        int.Parse(counters.Attribute(name)?.Value ?? "0", CultureInfo.InvariantCulture);
}

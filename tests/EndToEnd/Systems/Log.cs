namespace EndToEnd.Systems;

/// <summary>A log file that a program writes to while it is read.</summary>
internal static class Log
{
    public static long Length(string file) => File.Exists(file) ? new FileInfo(file).Length : 0;

    public static string After(string file, long fromByte)
    {
        if (!File.Exists(file))
            return "";
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.Seek(fromByte, SeekOrigin.Begin);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

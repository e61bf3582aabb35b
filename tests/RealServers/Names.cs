using System.Security.Cryptography;

namespace RealServers;

/// <summary>Names and passwords that no other test has.</summary>
internal static class Names
{
    /// <summary>The label followed by random letters, short enough for PostgreSQL's 63 bytes with a suffix.</summary>
    public static string Unique(string label, char separator)
    {
        var readable = new string([.. label.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : separator).Take(40)]);
        return $"{readable}{separator}{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
    }

    public static string Password() => RandomNumberGenerator.GetHexString(24, lowercase: true);
}

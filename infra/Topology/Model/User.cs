using System.Text.Json.Serialization;

namespace Topology;

/// <summary>A broker user: wanted with its clear password, found with only the hash of one.</summary>
/// <param name="Name">The name it signs in with.</param>
/// <param name="PasswordHash">Salted hash; the clear password never leaves this process for the user database.</param>
/// <param name="HashingAlgorithm">RabbitMQ's name of the algorithm.</param>
/// <param name="Tags">Tags such as <c>administrator</c>; ours have none.</param>
public sealed record User(string Name, string PasswordHash, string HashingAlgorithm, CanonicalJson Tags) : Resource
{
    /// <summary>The clear password, known for wanted users only.</summary>
    [JsonIgnore]
    public string? Password { get; private init; }

    /// <inheritdoc />
    protected override string Identify() => $"user {Name}";

    /// <summary>Whether the user may change anything on the broker.</summary>
    [JsonIgnore]
    public bool IsAdministrator => Tags.Text.Contains("administrator", StringComparison.Ordinal);

    /// <summary>A user without tags: it can use AMQP and neither the management API nor its pages.</summary>
    public static User WithPassword(string name, string password) =>
        new(name, SaltedPassword.Hash(password), SaltedPassword.Algorithm, CanonicalJson.EmptyArray) { Password = password };

    /// <summary>Compares the password with the salt that the broker stored: every hash of it has another.</summary>
    public override bool IsSatisfiedBy(Resource current) =>
        current is User user
        && user.Tags == Tags
        && user.HashingAlgorithm == HashingAlgorithm
        && Password is not null
        && SaltedPassword.Matches(Password, user.PasswordHash);
}

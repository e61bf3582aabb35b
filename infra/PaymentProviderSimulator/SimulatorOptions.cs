using System.ComponentModel.DataAnnotations;

namespace PaymentProviderSimulator;

/// <summary>The settings under <c>Simulator</c>.</summary>
public sealed class SimulatorOptions
{
    public const string Section = "Simulator";

    /// <summary>Path of the durable log; made when it is missing, replayed when it exists.</summary>
    [Required(ErrorMessage = "Simulator:Log is missing: the path of the file that keeps every operation.")]
    public string Log { get; set; } = null!;

    /// <summary>The key that callers must show.</summary>
    [Required(ErrorMessage = "Simulator:ApiKey is missing: the key that callers must show as a bearer token.")]
    public string ApiKey { get; set; } = null!;
}

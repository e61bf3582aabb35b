using MassTransit;

namespace Services.Tests.DeadLetters;

/// <summary>What the shop of these tests is told to do. What becomes of it depends on <paramref name="Fate" />.</summary>
[EntityName("shop:pack-parcel")]
[MessageUrn("Shop:PackParcel")]
public sealed record PackParcel(Guid OrderId, string Fate);

/// <summary>As <see cref="PackParcel" />, for an endpoint that takes it in batches.</summary>
[EntityName("shop:weigh-parcel")]
[MessageUrn("Shop:WeighParcel")]
public sealed record WeighParcel(Guid OrderId, string Fate);

/// <summary>For an endpoint that nobody consumes and whose messages expire.</summary>
[EntityName("shop:offer-parcel")]
[MessageUrn("Shop:OfferParcel")]
public sealed record OfferParcel(Guid OrderId);

/// <summary>For an endpoint whose consumer is played by the test.</summary>
[EntityName("shop:crush-parcel")]
[MessageUrn("Shop:CrushParcel")]
public sealed record CrushParcel(Guid OrderId);

/// <summary>Carried over a link to the depot.</summary>
[EntityName("shop:ship-parcel")]
[MessageUrn("Shop:ShipParcel")]
public sealed record ShipParcel(Guid OrderId);

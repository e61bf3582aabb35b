# One file for every program of the system: `docker build --target orders .`
# The final images hold the .NET runtime and one program: no shell, no package manager, not root.
ARG DOTNET_VERSION=10.0

FROM mcr.microsoft.com/dotnet/sdk:${DOTNET_VERSION} AS build
WORKDIR /source
ENV CI=true

# What a restore needs, before the sources: this layer is built again only when a package changes.
COPY global.json Directory.Build.props Directory.Packages.props .editorconfig ./
COPY contracts/*.csproj contracts/packages.lock.json contracts/
COPY infra/EntityFrameworkIntegration/*.csproj infra/EntityFrameworkIntegration/packages.lock.json infra/EntityFrameworkIntegration/
COPY infra/Hosting/*.csproj infra/Hosting/packages.lock.json infra/Hosting/
COPY infra/Messaging/*.csproj infra/Messaging/packages.lock.json infra/Messaging/
COPY infra/PaymentProviderSimulator/*.csproj infra/PaymentProviderSimulator/packages.lock.json infra/PaymentProviderSimulator/
COPY infra/Topology/*.csproj infra/Topology/packages.lock.json infra/Topology/
COPY services/Notifications/*.csproj services/Notifications/packages.lock.json services/Notifications/
COPY services/Orders/*.csproj services/Orders/packages.lock.json services/Orders/
COPY services/Payments/*.csproj services/Payments/packages.lock.json services/Payments/
RUN for project in infra/Topology infra/PaymentProviderSimulator services/Orders services/Payments services/Notifications; \
    do dotnet restore "$project" || exit 1; done

COPY contracts contracts
COPY infra infra
COPY services services
RUN for project in infra/Topology infra/PaymentProviderSimulator services/Orders services/Payments services/Notifications; \
    do dotnet publish "$project" --no-restore --configuration Release --output "/published/$(basename "$project")" || exit 1; done \
    && mkdir /empty

FROM mcr.microsoft.com/dotnet/aspnet:${DOTNET_VERSION}-noble-chiseled AS runtime
WORKDIR /app
USER $APP_UID
# Set by the image itself in later versions; stated here because health checks rely on it.
ENV ASPNETCORE_HTTP_PORTS=8080
EXPOSE 8080

FROM runtime AS topology
COPY --from=build /published/Topology .
ENTRYPOINT ["dotnet", "Topology.dll"]
CMD ["apply"]

FROM runtime AS provider
COPY --from=build /published/PaymentProviderSimulator .
# A volume mounted here takes over the owner.
COPY --from=build --chown=$APP_UID:$APP_UID /empty /data
HEALTHCHECK --interval=5s --timeout=10s --start-period=60s --retries=6 CMD ["dotnet", "PaymentProviderSimulator.dll", "--health"]
ENTRYPOINT ["dotnet", "PaymentProviderSimulator.dll"]

FROM runtime AS payments
COPY --from=build /published/Payments .
HEALTHCHECK --interval=5s --timeout=10s --start-period=60s --retries=6 CMD ["dotnet", "Payments.dll", "--health"]
ENTRYPOINT ["dotnet", "Payments.dll"]

FROM runtime AS notifications
COPY --from=build /published/Notifications .
HEALTHCHECK --interval=5s --timeout=10s --start-period=60s --retries=6 CMD ["dotnet", "Notifications.dll", "--health"]
ENTRYPOINT ["dotnet", "Notifications.dll"]

FROM runtime AS orders
COPY --from=build /published/Orders .
HEALTHCHECK --interval=5s --timeout=10s --start-period=60s --retries=6 CMD ["dotnet", "Orders.dll", "--health"]
ENTRYPOINT ["dotnet", "Orders.dll"]

"""Providers that Azure has and this subscription does not use: what Resource Manager says of them.

Nothing of theirs exists here, and the subscription is not registered for them. So everything that
Resource Manager refuses by itself is refused as Azure does; what would reach the provider is not
simulated, and says so.
"""

from local.azure import bodies, groups, locks
from local.azure.arm import Answer, Call, Refusal, gateway
from local.azure.ids import Id
from local.azure.world import World

_NAMES = (
    "Microsoft.AAD Microsoft.Advisor Microsoft.AnalysisServices Microsoft.ApiCenter"
    " Microsoft.ApiManagement Microsoft.AppComplianceAutomation Microsoft.AppConfiguration"
    " Microsoft.AppPlatform Microsoft.ArcNetworking Microsoft.Attestation Microsoft.Automanage"
    " Microsoft.Automation Microsoft.AVS Microsoft.AzureActiveDirectory Microsoft.AzureArcData"
    " Microsoft.AzureDataTransfer Microsoft.AzureFleet Microsoft.AzureStack"
    " Microsoft.AzureStackHCI Microsoft.BareMetalInfrastructure Microsoft.Batch"
    " Microsoft.BatchAI Microsoft.Billing Microsoft.BillingBenefits Microsoft.Blueprint"
    " Microsoft.BotService Microsoft.Capacity Microsoft.CertificateRegistration Microsoft.Chaos"
    " Microsoft.ClassicCompute Microsoft.ClassicNetwork Microsoft.ClassicStorage"
    " Microsoft.CodeSigning Microsoft.CognitiveServices Microsoft.Commerce"
    " Microsoft.Communication Microsoft.ConfidentialLedger Microsoft.Confluent"
    " Microsoft.ConnectedVMwarevSphere Microsoft.Consumption Microsoft.ContainerService"
    " Microsoft.CostManagement Microsoft.CustomProviders Microsoft.Dashboard Microsoft.DataBox"
    " Microsoft.DataBoxEdge Microsoft.Databricks Microsoft.DataCatalog Microsoft.Datadog"
    " Microsoft.DataFactory Microsoft.DataLakeAnalytics Microsoft.DataLakeStore"
    " Microsoft.DataMigration Microsoft.DataProtection Microsoft.DataReplication"
    " Microsoft.DataShare Microsoft.DBforMariaDB Microsoft.DBforMySQL Microsoft.DelegatedNetwork"
    " Microsoft.DesktopVirtualization Microsoft.DevCenter Microsoft.DevHub Microsoft.Devices"
    " Microsoft.DeviceRegistry Microsoft.DeviceUpdate Microsoft.DevOpsInfrastructure"
    " Microsoft.DevTestLab Microsoft.DigitalTwins Microsoft.DomainRegistration"
    " Microsoft.Easm Microsoft.Edge Microsoft.EdgeOrder Microsoft.Elastic Microsoft.ElasticSan"
    " Microsoft.EventGrid Microsoft.EventHub Microsoft.ExtendedLocation Microsoft.Fabric"
    " Microsoft.Features Microsoft.FluidRelay Microsoft.GraphServices"
    " Microsoft.GuestConfiguration Microsoft.HanaOnAzure Microsoft.HardwareSecurityModules"
    " Microsoft.HDInsight Microsoft.HealthBot Microsoft.HealthcareApis Microsoft.HybridCompute"
    " Microsoft.HybridConnectivity Microsoft.HybridContainerService Microsoft.HybridNetwork"
    " Microsoft.ImportExport Microsoft.Intune Microsoft.IoTCentral Microsoft.IoTOperations"
    " Microsoft.Kubernetes Microsoft.KubernetesConfiguration Microsoft.Kusto"
    " Microsoft.LabServices Microsoft.LoadTestService Microsoft.Logic Microsoft.Logz"
    " Microsoft.MachineLearning Microsoft.MachineLearningServices Microsoft.Maintenance"
    " Microsoft.ManagedNetworkFabric Microsoft.ManagedServices Microsoft.Management"
    " Microsoft.Maps Microsoft.Marketplace Microsoft.MarketplaceOrdering Microsoft.Media"
    " Microsoft.Migrate Microsoft.MixedReality Microsoft.MobileNetwork Microsoft.Monitor"
    " Microsoft.NetApp Microsoft.NetworkCloud Microsoft.NetworkFunction"
    " Microsoft.NotificationHubs Microsoft.OffAzure Microsoft.OperationsManagement"
    " Microsoft.Orbital Microsoft.Peering Microsoft.PolicyInsights Microsoft.Portal"
    " Microsoft.PowerBIDedicated Microsoft.PowerPlatform Microsoft.ProviderHub Microsoft.Purview"
    " Microsoft.Quantum Microsoft.RedHatOpenShift Microsoft.Relay Microsoft.ResourceHealth"
    " Microsoft.SaaS Microsoft.Scheduler Microsoft.ScVmm Microsoft.Search Microsoft.Security"
    " Microsoft.SecurityInsights Microsoft.SerialConsole Microsoft.ServiceBus"
    " Microsoft.ServiceFabric Microsoft.ServiceLinker Microsoft.ServiceNetworking"
    " Microsoft.SignalRService Microsoft.SoftwarePlan Microsoft.Solutions"
    " Microsoft.SqlVirtualMachine Microsoft.StandbyPool Microsoft.StorageActions"
    " Microsoft.StorageCache Microsoft.StorageMover Microsoft.StoragePool Microsoft.StorageSync"
    " Microsoft.StreamAnalytics Microsoft.Subscription Microsoft.Support Microsoft.Synapse"
    " Microsoft.TimeSeriesInsights Microsoft.VideoIndexer Microsoft.VirtualMachineImages"
    " Microsoft.VoiceServices Microsoft.WindowsIoT Microsoft.Workloads Dynatrace.Observability"
    " Informatica.DataManagement Lambdatest.HyperExecute MongoDB.Atlas Neon.Postgres"
    " NewRelic.Observability Nginx.NginxPlus Oracle.Database PaloAltoNetworks.Cloudngfw"
    " Qumulo.Storage"
)
NAMESPACES = {name.lower(): name for name in _NAMES.split()}


def answer(world: World, call: Call, target: Id) -> Answer:
    """Answer a call on something of a provider that is not used: it is not there."""
    last = target.last
    if target.group is not None:
        groups.require(world, target)
    name = last.text().removeprefix("/providers/")
    one = len(last.types) == len(last.names)
    nested = len(last.names) > 1 or (not one and len(last.names) > 0)
    verb = {"GET": "read", "HEAD": "read", "DELETE": "delete"}.get(call.method, "write")
    if nested:
        above = target.parent() if one else target
        kind = "/".join(last.types)
        raise gateway(
            404,
            "ParentResourceNotFound",
            f"Failed to perform '{verb}' on resource(s) of type '{kind}', because the parent"
            f" resource '{above}' could not be found.",
        )
    if verb == "read":
        if not one:
            return Answer(status=200, body={"value": []})
        raise gateway(
            404,
            "ResourceNotFound",
            f"The Resource '{name}' under resource group '{target.group or '<null>'}' was not"
            " found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        )
    if verb == "delete":
        locks.refuse_delete(world, target)
        return Answer(status=204)
    if call.method in {"PUT", "PATCH"}:
        locks.refuse_write(world, target)
        bodies.check_links(bodies.read(call))
    bodies.check_registered(world, call.now, NAMESPACES[last.namespace.lower()])
    raise Refusal(
        501,
        "NotImplemented",
        f"The provider '{last.namespace}' is not simulated: nothing of the platform is made of"
        " its resources.",
        gateway=True,
    )

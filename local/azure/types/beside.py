"""The classes of types whose table says most of what they do, by name in lower case."""

from collections.abc import Mapping

from local.azure.declared.behaviour import Declared
from local.azure.types import (
    actiongroups,
    alertrules,
    appjobs,
    databaseaccounts,
    dataexports,
    loadbalancers,
    sqlsecurity,
    storageparts,
)

CLASSES: Mapping[str, type[Declared]] = {
    "microsoft.app/jobs": appjobs.Job,
    "microsoft.app/jobs/executions": appjobs.Execution,
    "microsoft.documentdb/databaseaccounts": databaseaccounts.Account,
    "microsoft.documentdb/databaseaccounts/mongodbdatabases": databaseaccounts.MongoDatabase,
    "microsoft.documentdb/databaseaccounts/sqldatabases/throughputsettings": (
        databaseaccounts.Throughput
    ),
    "microsoft.documentdb/databaseaccounts/sqldatabases/containers/throughputsettings": (
        databaseaccounts.Throughput
    ),
    "microsoft.insights/actiongroups": actiongroups.ActionGroup,
    "microsoft.insights/activitylogalerts": alertrules.ActivityLogAlert,
    "microsoft.insights/scheduledqueryrules": alertrules.ScheduledQueryRule,
    "microsoft.network/loadbalancers": loadbalancers.LoadBalancer,
    "microsoft.operationalinsights/workspaces/dataexports": dataexports.DataExport,
    "microsoft.sql/servers/securityalertpolicies": sqlsecurity.AlertPolicy,
    "microsoft.sql/servers/vulnerabilityassessments": sqlsecurity.Assessment,
    "microsoft.storage/storageaccounts/blobservices/containers/immutabilitypolicies": (
        storageparts.ImmutabilityPolicy
    ),
    "microsoft.storage/storageaccounts/fileservices": storageparts.FileService,
    "microsoft.storage/storageaccounts/fileservices/shares": storageparts.Share,
    "microsoft.storage/storageaccounts/queueservices": storageparts.QueueService,
    "microsoft.storage/storageaccounts/tableservices": storageparts.TableService,
}

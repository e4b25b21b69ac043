"""What Debian's python3-kubernetes can do with the cluster of KUBECONFIG, in which the StatefulSet db runs."""
import datetime
import threading

from kubernetes import client, config, watch
from kubernetes.client.rest import ApiException

config.load_kube_config()
core, apps, storage, coordination = client.CoreV1Api(), client.AppsV1Api(), client.StorageV1Api(), client.CoordinationV1Api()


def refused(status, call, *arguments, **more):
    try:
        call(*arguments, **more)
    except ApiException as refusal:
        assert refusal.status == status, refusal
        return refusal
    raise AssertionError(f"{call} was not refused")


# Lists, in pages too, and what is read has the types that it should have.
pods = core.list_pod_for_all_namespaces()
assert len(pods.items) == 3 and int(pods.metadata.resource_version) > 0
page = core.list_namespaced_pod("default", limit=1)
rest = core.list_namespaced_pod("default", limit=5, _continue=page.metadata._continue)
assert len(page.items) == 1 and len(rest.items) == 2 and page.metadata.remaining_item_count == 2
db = core.read_namespaced_pod("db-0", "default")
assert db.status.container_statuses[0].ready and db.metadata.owner_references[0].kind == "StatefulSet"
assert isinstance(db.metadata.creation_timestamp, datetime.datetime)
assert [node.metadata.name for node in core.list_node().items] == ["a", "b", "c"]
assert storage.list_volume_attachment().items[0].status.attached
assert storage.read_csi_node("a").spec.drivers[0].node_id == "a"
assert core.list_persistent_volume().items[0].spec.claim_ref.name == "data-db-0"
assert core.list_namespaced_persistent_volume_claim("default").items[0].status.phase == "Bound"
assert apps.read_namespaced_stateful_set("db", "default").status.ready_replicas == 1
assert core.list_namespaced_event("default", field_selector="involvedObject.name=db-0").items

# Watches, and deletes while it does.
threading.Timer(0.2, lambda: core.delete_namespaced_pod("db-0", "default", body=client.V1DeleteOptions(preconditions=client.V1Preconditions(uid=db.metadata.uid)))).start()
seen = []
watching = watch.Watch()
for event in watching.stream(core.list_namespaced_pod, "default", field_selector="metadata.name=db-0", resource_version=pods.metadata.resource_version, timeout_seconds=20):
    seen.append(event["type"])
    if event["type"] != "DELETED" and event["object"].metadata.uid != db.metadata.uid and event["object"].status.phase == "Running":
        watching.stop()
assert seen[0] == "MODIFIED" and "DELETED" in seen and "ADDED" in seen, seen
refused(409, core.delete_namespaced_pod, "db-0", "default", body=client.V1DeleteOptions(preconditions=client.V1Preconditions(uid=db.metadata.uid)))
refused(404, core.read_namespaced_pod, "nobody", "default")

# Patches: a map that is merged, a list of operations, and the status.
node = core.patch_node("a", {"spec": {"taints": [{"key": "x", "effect": "NoSchedule"}]}, "metadata": {"labels": {"zone": "1"}}})
assert node.spec.taints[0].key == "x" and node.metadata.labels["zone"] == "1"
node = core.patch_node("a", [{"op": "test", "path": "/spec/taints/0/key", "value": "x"}, {"op": "remove", "path": "/spec/taints"}])
assert not node.spec.taints
refused(422, core.patch_node, "a", [{"op": "test", "path": "/metadata/name", "value": "b"}])
core.patch_node_status("a", {"status": {"volumesInUse": ["kubernetes.io/csi/x^y"]}})
scale = apps.patch_namespaced_deployment_scale("web", "default", {"spec": {"replicas": 1}})
assert scale.spec.replicas == 1

# Runs for a Lease.
now = datetime.datetime.now(datetime.timezone.utc)
lease = coordination.create_namespaced_lease("default", client.V1Lease(metadata=client.V1ObjectMeta(name="lead"), spec=client.V1LeaseSpec(holder_identity="me", lease_duration_seconds=15, renew_time=now)))
assert lease.spec.renew_time == now, (lease.spec.renew_time, now)
stale = coordination.read_namespaced_lease("lead", "default")
lease.spec.renew_time = now + datetime.timedelta(seconds=2)
coordination.replace_namespaced_lease("lead", "default", lease)
assert "the object has been modified" in refused(409, coordination.replace_namespaced_lease, "lead", "default", stale).body
refused(409, coordination.create_namespaced_lease, "default", client.V1Lease(metadata=client.V1ObjectMeta(name="lead")))
assert coordination.delete_namespaced_lease("lead", "default").status == "Success"

# Tells an Event.
core.create_namespaced_event("default", client.CoreV1Event(
    metadata=client.V1ObjectMeta(generate_name="told-"), reason="Told", message="by Python", type="Normal",
    involved_object=client.V1ObjectReference(kind="Pod", namespace="default", name="db-0"), first_timestamp=now, last_timestamp=now))
assert core.list_namespaced_event("default", field_selector="reason=Told").items[0].message == "by Python"
print("all is well")

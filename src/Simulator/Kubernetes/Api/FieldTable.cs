namespace Piraeus.HighAvailability.Simulator.Kubernetes.Api;

/// <summary>A field of a Kubernetes type.</summary>
/// <param name="Type">Its type: another type of the table, or <c>string</c>, <c>integer</c>, <c>boolean</c>, <c>map</c> (of strings), <c>object</c> (whose fields are not in the table).</param>
/// <param name="IsList">Whether it is a list of that.</param>
/// <param name="IsSimulated">Whether the simulation uses it; otherwise it is only stored.</param>
internal sealed record FieldInfo(string Type, bool IsList, bool IsSimulated);

/// <summary>The fields of Kubernetes 1.32 in the kinds that are simulated: all names, and which of them the simulation uses.</summary>
internal static class FieldTable
{
    /// <summary>
    /// A line for each type: a kind with its group, or a part of one. A field is followed by a colon and its type; without a type it is a string.
    /// <c>*</c> stands for a list, <c>!</c> for a field that is simulated.
    /// </summary>
    private const string Text =
        """
        Pod metadata:ObjectMeta! spec:PodSpec! status:object!
        Node metadata:ObjectMeta! spec:NodeSpec! status:object!
        Namespace metadata:ObjectMeta! spec:NamespaceSpec status:object!
        ConfigMap metadata:ObjectMeta! data:map! binaryData:map immutable:boolean
        Service metadata:ObjectMeta! spec:ServiceSpec status:object
        PersistentVolume metadata:ObjectMeta! spec:PersistentVolumeSpec! status:object!
        PersistentVolumeClaim metadata:ObjectMeta! spec:PersistentVolumeClaimSpec! status:object!
        StatefulSet.apps metadata:ObjectMeta! spec:StatefulSetSpec! status:object!
        Deployment.apps metadata:ObjectMeta! spec:DeploymentSpec! status:object!
        ReplicaSet.apps metadata:ObjectMeta! spec:ReplicaSetSpec! status:object!
        Lease.coordination.k8s.io metadata:ObjectMeta! spec:LeaseSpec!
        StorageClass.storage.k8s.io metadata:ObjectMeta! provisioner parameters:map reclaimPolicy mountOptions:string* allowVolumeExpansion:boolean volumeBindingMode allowedTopologies:object*
        CSIDriver.storage.k8s.io metadata:ObjectMeta! spec:CSIDriverSpec
        CSINode.storage.k8s.io metadata:ObjectMeta! spec:CSINodeSpec!
        VolumeAttachment.storage.k8s.io metadata:ObjectMeta! spec:VolumeAttachmentSpec! status:object!
        Event metadata:ObjectMeta! involvedObject:ObjectReference! reason! message! source:object! firstTimestamp! lastTimestamp! count:integer! type! eventTime! series:object! action related:ObjectReference reportingComponent! reportingInstance
        Event.events.k8s.io metadata:ObjectMeta! eventTime! series:object! reportingController! reportingInstance action reason! regarding:ObjectReference! related:ObjectReference note! type! deprecatedSource:object deprecatedFirstTimestamp! deprecatedLastTimestamp! deprecatedCount:integer!
        ObjectMeta name! generateName! namespace! selfLink uid! resourceVersion! generation:integer creationTimestamp! deletionTimestamp! deletionGracePeriodSeconds:integer! labels:map! annotations:map! ownerReferences:OwnerReference*! finalizers:string*! managedFields:object*
        OwnerReference apiVersion! kind! name! uid! controller:boolean! blockOwnerDeletion:boolean
        ObjectReference kind! namespace! name! uid! apiVersion! resourceVersion fieldPath
        LabelSelector matchLabels:map matchExpressions:object*
        PodTemplateSpec metadata:ObjectMeta! spec:PodSpec!
        PodSpec volumes:Volume*! initContainers:Container* containers:Container*! ephemeralContainers:object* restartPolicy terminationGracePeriodSeconds:integer! activeDeadlineSeconds:integer dnsPolicy nodeSelector:map serviceAccountName serviceAccount automountServiceAccountToken:boolean nodeName! hostNetwork:boolean hostPID:boolean hostIPC:boolean shareProcessNamespace:boolean securityContext:object imagePullSecrets:object* hostname subdomain affinity:object schedulerName tolerations:Toleration*! hostAliases:object* priorityClassName priority:integer! dnsConfig:object readinessGates:object* runtimeClassName enableServiceLinks:boolean preemptionPolicy overhead:object topologySpreadConstraints:object* setHostnameAsFQDN:boolean os:object hostUsers:boolean schedulingGates:object* resourceClaims:object* resources:ResourceRequirements
        Container name image! command:string* args:string* workingDir ports:ContainerPort* envFrom:object* env:EnvVar* resources:ResourceRequirements resizePolicy:object* restartPolicy volumeMounts:VolumeMount* volumeDevices:VolumeDevice* livenessProbe:Probe readinessProbe:Probe startupProbe:Probe lifecycle:object terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext:object stdin:boolean stdinOnce:boolean tty:boolean
        ContainerPort name hostPort:integer containerPort:integer protocol hostIP
        EnvVar name value valueFrom:object
        ResourceRequirements limits:object requests:object claims:object*
        VolumeMount name readOnly:boolean recursiveReadOnly mountPath subPath mountPropagation subPathExpr
        VolumeDevice name devicePath
        Probe exec:object httpGet:object tcpSocket:object grpc:object initialDelaySeconds:integer timeoutSeconds:integer periodSeconds:integer successThreshold:integer failureThreshold:integer terminationGracePeriodSeconds:integer
        Volume name! persistentVolumeClaim:PersistentVolumeClaimVolumeSource! hostPath:object emptyDir:object gcePersistentDisk:object awsElasticBlockStore:object gitRepo:object secret:object nfs:object iscsi:object glusterfs:object rbd:object flexVolume:object cinder:object cephfs:object flocker:object downwardAPI:object fc:object azureFile:object configMap:object vsphereVolume:object quobyte:object azureDisk:object photonPersistentDisk:object projected:object portworxVolume:object scaleIO:object storageos:object csi:object ephemeral:object image:object
        PersistentVolumeClaimVolumeSource claimName! readOnly:boolean!
        Toleration key! operator value effect tolerationSeconds:integer
        StatefulSetSpec replicas:integer! selector:LabelSelector template:PodTemplateSpec! volumeClaimTemplates:PersistentVolumeClaim*! serviceName podManagementPolicy updateStrategy:object revisionHistoryLimit:integer minReadySeconds:integer persistentVolumeClaimRetentionPolicy:object ordinals:object
        DeploymentSpec replicas:integer! selector:LabelSelector template:PodTemplateSpec! strategy:object minReadySeconds:integer revisionHistoryLimit:integer paused:boolean progressDeadlineSeconds:integer
        ReplicaSetSpec replicas:integer! minReadySeconds:integer selector:LabelSelector template:PodTemplateSpec!
        PersistentVolumeClaimSpec accessModes:string*! selector:LabelSelector resources:ResourceRequirements volumeName! storageClassName volumeMode dataSource:object dataSourceRef:object volumeAttributesClassName
        PersistentVolumeSpec csi:CSIPersistentVolumeSource! capacity:object accessModes:string*! claimRef:ObjectReference! persistentVolumeReclaimPolicy storageClassName mountOptions:string* volumeMode nodeAffinity:object volumeAttributesClassName hostPath:object local:object nfs:object iscsi:object fc:object rbd:object cephfs:object cinder:object glusterfs:object flexVolume:object flocker:object azureDisk:object azureFile:object gcePersistentDisk:object awsElasticBlockStore:object vsphereVolume:object quobyte:object photonPersistentDisk:object portworxVolume:object scaleIO:object storageos:object
        CSIPersistentVolumeSource driver! volumeHandle! volumeAttributes:map! readOnly:boolean fsType controllerPublishSecretRef:object nodeStageSecretRef:object nodePublishSecretRef:object controllerExpandSecretRef:object nodeExpandSecretRef:object
        NodeSpec unschedulable:boolean! taints:Taint*! podCIDR podCIDRs:string* providerID configSource:object externalID
        Taint key! value! effect! timeAdded!
        NamespaceSpec finalizers:string*
        ServiceSpec ports:ServicePort* selector:map clusterIP clusterIPs:string* type externalIPs:string* sessionAffinity loadBalancerIP loadBalancerSourceRanges:string* externalName externalTrafficPolicy healthCheckNodePort:integer publishNotReadyAddresses:boolean sessionAffinityConfig:object ipFamilies:string* ipFamilyPolicy allocateLoadBalancerNodePorts:boolean loadBalancerClass internalTrafficPolicy trafficDistribution
        ServicePort name protocol appProtocol port:integer targetPort:object nodePort:integer
        LeaseSpec holderIdentity! leaseDurationSeconds:integer! acquireTime! renewTime! leaseTransitions:integer! strategy preferredHolder
        CSIDriverSpec attachRequired:boolean podInfoOnMount:boolean volumeLifecycleModes:string* storageCapacity:boolean fsGroupPolicy tokenRequests:object* requiresRepublish:boolean seLinuxMount:boolean nodeAllocatableUpdatePeriodSeconds:integer
        CSINodeSpec drivers:CSINodeDriver*!
        CSINodeDriver name! nodeID! topologyKeys:string* allocatable:object
        VolumeAttachmentSpec attacher! source:VolumeAttachmentSource! nodeName!
        VolumeAttachmentSource persistentVolumeName! inlineVolumeSpec:object
        """;

    /// <summary>The fields of each type, by the type's name.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyDictionary<string, FieldInfo>> Types { get; } = Text.Split('\n').Select(line => line.Split(' ')).ToDictionary(
        words => words[0],
        words => (IReadOnlyDictionary<string, FieldInfo>)words[1..].Select(word => word.TrimEnd('!', '*').Split(':').Concat([word])).ToDictionary(Name, Info, StringComparer.Ordinal),
        StringComparer.Ordinal);

    private static string Name(IEnumerable<string> parts) => parts.First();

    private static FieldInfo Info(IEnumerable<string> parts)
    {
        string[] all = [.. parts];
        var flags = all[^1][all[^1].TrimEnd('!', '*').Length..];
        return new(all.Length > 2 ? all[1] : "string", flags.Contains('*'), flags.Contains('!'));
    }
}

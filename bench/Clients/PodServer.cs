using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Piraeus.HighAvailability.Bench.Clients;

/// <summary>An API server that lists pods, with two certificates of one private CA: one for its address, and one for another host.</summary>
internal sealed class PodServer : IAsyncDisposable
{
    // With what a pod of a StatefulSet carries: owner, managed fields, a container with probe and environment, and a status.
    private const string Template =
        """
        {"metadata":{"name":"db-NUMBER","generateName":"db-","namespace":"shop","uid":"NUMBER-0000-4000-8000-000000000000","resourceVersion":"NUMBER","creationTimestamp":"2026-01-01T00:00:00Z","labels":{"app":"db","app.kubernetes.io/instance":"db","controller-revision-hash":"db-6b4f9c7d5","statefulset.kubernetes.io/pod-name":"db-NUMBER","linstor.csi.linbit.com/on-storage-lost":"remove"},"annotations":{"checksum/config":"9c2a6d0b8f8d4f53b1f7","prometheus.io/scrape":"true"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"StatefulSet","name":"db","uid":"ffffffff-0000-4000-8000-000000000000","controller":true,"blockOwnerDeletion":true}],"managedFields":[{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"2026-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:generateName":{},"f:labels":{".":{},"f:app":{},"f:controller-revision-hash":{}},"f:ownerReferences":{".":{},"k:{\"uid\":\"ffffffff-0000-4000-8000-000000000000\"}":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"db\"}":{".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:resources":{},"f:volumeMounts":{".":{},"k:{\"mountPath\":\"/data\"}":{".":{},"f:mountPath":{},"f:name":{}}}}},"f:volumes":{".":{},"k:{\"name\":\"data\"}":{".":{},"f:name":{},"f:persistentVolumeClaim":{".":{},"f:claimName":{}}}}}}},{"manager":"kubelet","operation":"Update","apiVersion":"v1","time":"2026-01-01T00:00:10Z","subresource":"status","fieldsType":"FieldsV1","fieldsV1":{"f:status":{"f:conditions":{"k:{\"type\":\"Ready\"}":{".":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}}},"f:containerStatuses":{},"f:phase":{},"f:podIP":{},"f:startTime":{}}}}]},"spec":{"nodeName":"node-NODE","volumes":[{"name":"data","persistentVolumeClaim":{"claimName":"data-db-NUMBER"}},{"name":"kube-api-access-x7k2p","projected":{"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},{"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}}],"defaultMode":420}}],"containers":[{"name":"db","image":"registry.example.com/db:16.2","ports":[{"name":"sql","containerPort":5432,"protocol":"TCP"}],"env":[{"name":"PGDATA","value":"/data/pg"},{"name":"POD_NAME","valueFrom":{"fieldRef":{"apiVersion":"v1","fieldPath":"metadata.name"}}}],"resources":{"limits":{"memory":"2Gi"},"requests":{"cpu":"500m","memory":"2Gi"}},"volumeMounts":[{"name":"data","mountPath":"/data"},{"name":"kube-api-access-x7k2p","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}],"livenessProbe":{"exec":{"command":["pg_isready"]},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent"}],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"default","schedulerName":"default-scheduler","tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}],"priority":0,"enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"},"status":{"phase":"Running","conditions":[{"type":"Initialized","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"},{"type":"Ready","status":"True","lastTransitionTime":"2026-01-01T00:00:10Z"},{"type":"ContainersReady","status":"True","lastTransitionTime":"2026-01-01T00:00:10Z"},{"type":"PodScheduled","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"}],"hostIP":"10.0.0.NODE","podIP":"10.1.0.1","podIPs":[{"ip":"10.1.0.1"}],"startTime":"2026-01-01T00:00:00Z","containerStatuses":[{"name":"db","state":{"running":{"startedAt":"2026-01-01T00:00:08Z"}},"lastState":{},"ready":true,"restartCount":0,"image":"registry.example.com/db:16.2","imageID":"registry.example.com/db@sha256:0000000000000000000000000000000000000000000000000000000000000000","containerID":"containerd://0000","started":true}],"qosClass":"Burstable"}}
        """;

    private readonly WebApplication _app;
    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("compare-clients-");
    private readonly X509Certificate2 _authority;

    private PodServer(byte[] list)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=private CA", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));

        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(Issue(names => names.AddIpAddress(IPAddress.Loopback))));
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(Issue(names => names.AddDnsName("other.example"))));
        });
        _app = builder.Build();
        _app.Run(async context =>
        {
            context.Response.ContentType = "application/json";
            if (context.Request.Query.ContainsKey("sendInitialEvents"))
            {
                context.Response.StatusCode = 422; // both clients are measured with a list
                return;
            }

            if (context.Request.Query["watch"] == "true")
            {
                await context.Response.StartAsync();
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
                return;
            }

            await context.Response.Body.WriteAsync(list, context.RequestAborted);
        });
    }

    /// <summary>The length of a pod's JSON.</summary>
    public static int PodSize => Encoding.UTF8.GetByteCount(Pod(0));

    public static async Task<PodServer> StartAsync(int pods)
    {
        var list = $$$"""{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{{{string.Join(',', Enumerable.Range(0, pods).Select(Pod))}}}]}""";
        var server = new PodServer(Encoding.UTF8.GetBytes(list));
        await server._app.StartAsync();
        return server;
    }

    /// <summary>The path of a kubeconfig for the server.</summary>
    public string KubeConfig(bool wrongHost = false)
    {
        var path = Path.Combine(_files.FullName, wrongHost ? "wrong-host" : "right-host");
        File.WriteAllText(path, $$$"""
            apiVersion: v1
            kind: Config
            current-context: it
            contexts: [{name: it, context: {cluster: it, user: it}}]
            users: [{name: it, user: {token: a-token}}]
            clusters:
            - name: it
              cluster:
                server: {{{_app.Urls.ElementAt(wrongHost ? 1 : 0)}}}
                certificate-authority-data: {{{Convert.ToBase64String(Encoding.ASCII.GetBytes(_authority.ExportCertificatePem()))}}}
            """);
        return path;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _authority.Dispose();
        _files.Delete(recursive: true);
    }

    private X509Certificate2 Issue(Action<SubjectAlternativeNameBuilder> names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=server", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        names(alternatives);
        request.CertificateExtensions.Add(alternatives.Build());
        using var issued = request.Create(_authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(12), RandomNumberGenerator.GetBytes(8));
        return issued.CopyWithPrivateKey(key);
    }

    private static string Pod(int number) => Template
        .Replace("NUMBER", number.ToString("d8", CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("NODE", (number % 20).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
}

namespace Piraeus.HighAvailability.Simulator.Kubernetes.Components;

/// <remarks>Operations: one at a time for a volume that only one node may have, with a back-off for each kind.</remarks>
internal sealed partial class AttachDetachController
{
    private bool MayBegin(VolumeState state, AttachDetachOperation operation)
    {
        if (state.Failed == operation && state.NotBefore > Now)
        {
            ReconcileAfter(state.NotBefore - Now);
            return false;
        }

        return true;
    }

    private void Begin(VolumeOnNode on, AttachDetachOperation operation)
    {
        (on.Operation, on.OperationBegan) = (operation, Now);
        ReconcileAfter(Timings.AttachTimeout);
    }

    /// <summary>Checks the result of an operation.</summary>
    private void Finish(VolumeState state, VolumeOnNode on)
    {
        if (on.Operation == AttachDetachOperation.None)
        {
            return;
        }

        var attachment = _world.AttachmentOf(state.Volume, on.Node);
        var isLate = Now - on.OperationBegan >= Timings.AttachTimeout;
        if (on.Operation == AttachDetachOperation.Detach)
        {
            if (attachment is null)
            {
                Succeed(state, on);
                on.MarkDetached();
            }
            else if (attachment.DetachError is not null || isLate)
            {
                on.ReportedAsAttached = on.Confirmed;
                Fail(state, on, AttachDetachOperation.Detach);
            }
        }
        else if (attachment is { Attached: true, Metadata.Deleting: null })
        {
            Succeed(state, on);
            on.MarkAttached(confirmed: true);
            RecordForAll(on, "Normal", "SuccessfulAttachVolume", $"AttachVolume.Attach succeeded for volume \"{state.Volume.Metadata.Name}\" ");
        }
        else if (attachment is null or { Metadata.Deleting: not null } or { AttachError: not null } || isLate)
        {
            var error = attachment switch
            {
                null => "volume attachment has been deleted",
                { Metadata.Deleting: not null } => "volume attachment is being deleted",
                { AttachError: { } said } => said,
                _ => "timed out waiting for the external attacher",
            };
            on.MarkAttached(confirmed: false);
            RecordForAll(on, "Warning", "FailedAttachVolume", $"AttachVolume.Attach failed for volume \"{state.Volume.Metadata.Name}\" : {error}");
            Fail(state, on, AttachDetachOperation.Attach);
        }
    }

    private static void Succeed(VolumeState state, VolumeOnNode on) => (on.Operation, state.Failed, state.Failures) = (AttachDetachOperation.None, AttachDetachOperation.None, 0);

    private void Fail(VolumeState state, VolumeOnNode on, AttachDetachOperation operation)
    {
        on.Operation = AttachDetachOperation.None;
        state.Failures = state.Failed == operation ? state.Failures + 1 : 1;
        state.Failed = operation;
        var pause = Timings.AttachDetachRetry.After(state.Failures);
        state.NotBefore = Now + pause;
        ReconcileAfter(pause);
    }
}

using System.Collections.Immutable;

namespace Piraeus.HighAvailability.Simulator.World;

/// <remarks>Inherited properties, and the quorum that LINSTOR chooses where no user has set it.</remarks>
public sealed partial class StorageWorld
{
    /// <summary>Sets (or, with null, removes) a property of a definition. Setting quorum makes it the user's.</summary>
    public void SetDefinitionProperty(string resource, string key, string? value)
    {
        Write(Definition(resource).Properties, key, value);
        SettleAll();
    }

    /// <summary>Sets (or, with null, removes) a property of a group. Setting quorum makes LINSTOR withdraw its own choice from the group's definitions.</summary>
    public void SetGroupProperty(string group, string key, string? value)
    {
        Write((FindGroup(group) ?? throw new ArgumentException($"There is no resource group {group}.")).Properties, key, value);
        WithdrawAutomaticQuorum(key, _definitions.Values.Where(definition => string.Equals(definition.Group.Name, group, StringComparison.OrdinalIgnoreCase)));
        SettleAll();
    }

    /// <summary>Sets (or, with null, removes) a property of the controller. Setting quorum makes LINSTOR withdraw its own choice from all definitions.</summary>
    public void SetControllerProperty(string key, string? value)
    {
        Write(ControllerProperties, key, value);
        WithdrawAutomaticQuorum(key, _definitions.Values);
        SettleAll();
    }

    /// <summary>The effective value for a definition: its own property, else its group's, else the controller's; null if none of them has it.</summary>
    public string? EffectiveProperty(ResourceDefinition definition, string key) => Option(definition, key);

    /// <summary>The effective value for a definition's replica on a node: the definition's own property, else its group's, else the node's, else the controller's.</summary>
    public string? EffectiveProperty(ResourceDefinition definition, StorageNode node, string key) =>
        definition.Properties.GetValueOrDefault(key) ?? definition.Group.Properties.GetValueOrDefault(key) ?? node.Properties.GetValueOrDefault(key) ?? ControllerProperties.GetValueOrDefault(key);

    private string PolicyOn(ResourceDefinition definition, StorageNode node) => EffectiveProperty(definition, node, QuorumSetting.Key) ?? "off";

    private static void Write(SortedDictionary<string, string> properties, string key, string? value)
    {
        if (value is null)
        {
            properties.Remove(key);
        }
        else
        {
            properties[key] = value;
        }

        if (key == QuorumSetting.Key)
        {
            Write(properties, QuorumSetting.SetByKey, value is null ? null : "user");
        }
    }

    private static void WithdrawAutomaticQuorum(string key, IEnumerable<ResourceDefinition> definitions)
    {
        foreach (var definition in definitions.Where(definition => key == QuorumSetting.Key && !definition.Properties.ContainsKey(QuorumSetting.SetByKey)))
        {
            definition.Properties.Remove(QuorumSetting.Key);
        }
    }

    private string? Option(ResourceDefinition definition, string key) =>
        definition.Properties.GetValueOrDefault(key) ?? definition.Group.Properties.GetValueOrDefault(key) ?? ControllerProperties.GetValueOrDefault(key);

    /// <summary>LINSTOR's automatic pass over a definition whose replicas have changed.</summary>
    private void ChooseQuorum(ResourceDefinition definition)
    {
        if (!definition.IsDrbd || definition.Properties.ContainsKey(QuorumSetting.SetByKey))
        {
            return;
        }

        ImmutableArray<SortedDictionary<string, string>> above = [definition.Group.Properties, ControllerProperties];
        var chosenByUser = above.FirstOrDefault(properties => properties.ContainsKey(QuorumSetting.SetByKey));
        var counted = definition.Members.FindAll(replica => replica is { Estranged: false, DrbdDeleting: false });
        definition.Properties[QuorumSetting.Key] = chosenByUser?[QuorumSetting.Key]
            ?? QuorumSetting.Automatic(counted.Count(replica => !replica.Diskless), counted.Count(replica => replica.Diskless));
    }
}

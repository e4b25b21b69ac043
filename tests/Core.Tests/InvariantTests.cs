using System.Collections.Concurrent;
using Piraeus.HighAvailability.Core.Tests.Rehearsals;

namespace Piraeus.HighAvailability.Core.Tests;

/// <summary>What holds whatever happens: thousands of stories against a model of DRBD's truth.</summary>
public sealed class InvariantTests
{
    private const int Stories = 1500;

    [Fact]
    public void Whatever_happens_only_those_who_lost_their_storage_are_moved_and_all_of_them_are()
    {
        var moves = 0;
        var endings = new ConcurrentBag<string>();
        Parallel.For(0, Stories, seed =>
        {
            var story = new Story(seed);
            try
            {
                story.Play();
            }
            catch (Exception failed)
            {
                endings.Add($"The story of seed {seed} ends badly: {failed.Message}");
            }

            Interlocked.Add(ref moves, story.Moves);
        });

        Assert.True(endings.IsEmpty, string.Join('\n', endings.Take(10)));
        Assert.True(moves > Stories / 4, $"only {moves} moves in {Stories} stories prove little");
    }
}

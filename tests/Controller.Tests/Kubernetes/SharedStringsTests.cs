using Piraeus.HighAvailability.Controller.Kubernetes;

namespace Piraeus.HighAvailability.Controller.Tests.Kubernetes;

public sealed class SharedStringsTests
{
    [Fact]
    public void Equal_strings_become_one()
    {
        var shared = new SharedStrings();
        Assert.Same(shared.Share("node-a"), shared.Share(new string("node-a".ToCharArray())));
    }

    [Fact]
    public void Whatever_other_threads_share_meanwhile_a_string_stays_itself()
    {
        // Two strings in the same place, so that each thread replaces the other's all the time.
        var place = Place("0");
        string[] rivals = ["0", Enumerable.Range(1, int.MaxValue).Select(number => $"{number}").First(text => Place(text) == place)];
        var shared = new SharedStrings();
        Parallel.For(0, 4, thread =>
        {
            for (var turn = 0; turn < 1_000_000; turn++)
            {
                Assert.Equal(rivals[thread % 2], shared.Share(rivals[thread % 2]));
            }
        });

        static uint Place(string text) => (uint)text.GetHashCode() % SharedStrings.Places;
    }
}

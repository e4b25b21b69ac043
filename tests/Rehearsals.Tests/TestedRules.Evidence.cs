using Piraeus.HighAvailability.Core.Tests;

namespace Piraeus.HighAvailability.Rehearsals.Tests;

/// <content>When words are new, and who speaks.</content>
internal static partial class TestedRules
{
    private static readonly TestedRule[] Evidence =
    [
        new("an accusation keeps its first date when it is repeated", nameof(EvidenceTests.Newer_words_stand_although_their_speakers_have_fallen_silent),
            "Statement.cs", "=> known with { Last = null },", "=> new(same, date),"),
        new("an accusation keeps its first date through silence", nameof(DatingTests.An_accusation_keeps_its_first_date_through_a_silence),
            "Statement.cs", "when known.Value.Equals(same)", "when known.Current && known.Value.Equals(same)"),
        new("a return from silence dates a defence anew", nameof(DatingTests.A_return_from_silence_with_the_same_words_dates_a_defence_anew),
            "Speaker.cs", "return isReturn || !isSame ?", "return !isSame ?"),
        new("a change dates a defence anew", nameof(DatingTests.A_change_that_only_an_answer_tells_dates_a_defence_anew),
            "Speaker.cs", "return isReturn || !isSame ?", "return isReturn ?"),
        new("a repeated word dates no defence anew", nameof(EvidenceTests.Older_words_that_were_repeated_do_not_stand_after_their_speaker_fell_silent),
            "Speaker.cs", "return isReturn || !isSame ?", "return isReturn || ReportedAt is not null ?"),
        new("what the stream told makes the next answer a change", nameof(EvidenceTests.A_return_from_silence_dates_a_defence_anew),
            "Speaker.cs", ": NewSince is { } since ? next with { ChangedAt = since, NewsAt = NewsSince ?? NewsAt } : next;", ": next;"),
        new("a change of a link dates a defence anew", nameof(DatingTests.A_change_that_only_an_answer_tells_dates_a_defence_anew),
            "Speaker.cs", "Links.All(link => before.Find(link.Peer)?.Up.Value == link.Up.Value)", "Links.All(link => before.Find(link.Peer) is not null)"),
        new("first words since LINSTOR's return have one date", nameof(DatingTests.First_words_after_a_return_of_linstor_have_one_date_also_if_the_accuser_registers_last),
            "LinstorView.cs", "isFirst && ReturnedAt is { } returned && at - returned <= Timings.LongestDetection ? returned : at", "at"),
        new("first words have one date only within twelve seconds of the return", nameof(DatingTests.First_words_that_come_later_than_twelve_seconds_after_a_return_are_dated_when_they_were_heard),
            "LinstorView.cs", "isFirst && ReturnedAt is { } returned && at - returned <= Timings.LongestDetection ? returned : at", "isFirst && ReturnedAt is { } returned ? returned : at"),
        new("a change that was seen is dated when it was seen", nameof(LossTests.A_user_whose_node_lost_power_is_moved_after_the_grace_period),
            "LinstorView.cs", "isFirst && ReturnedAt is { } returned", "ReturnedAt is { } returned"),
        new("what was heard before LINSTOR returned is no news", nameof(PeerTests.A_peer_that_has_not_spoken_since_linstor_returned_proves_nothing),
            "Speaker.cs", "state == SatelliteState.Online && linstor.IsSinceReturn(HeardAt);", "state == SatelliteState.Online;"),
        new("whose satellite is not reached does not speak", nameof(EvidenceTests.A_peer_whose_satellite_is_listed_as_offline_does_not_speak),
            "Speaker.cs", "linstor.IsSynced && state == SatelliteState.Online && linstor", "linstor.IsSynced && linstor"),
        new("what is left out is not forgotten", nameof(PeerTests.A_use_elsewhere_that_is_left_out_is_not_over),
            "Statement.cs", "({ } known, null) => known.Remembered(last),", "({ } known, null) when date < last.HeardAt => known.Remembered(last),"),
        new("a link that is left out is remembered", nameof(DatingTests.A_link_that_is_left_out_is_remembered),
            "Speaker.cs", "links.AddRange(Links.Where(link => !", "links.AddRange(Links.Where(link => link.Peer == \"\" && !"),
        new("an answer that says nothing is silence", nameof(LossTests.A_policy_that_is_turned_on_while_the_users_node_is_away_proves_nothing_of_it_until_it_was_heard_of),
            "Speaker.cs", "|| (saysNothing && !streamIsNewer) ?", "?"),
        new("what the stream said after the question is newer than the answer", nameof(DatingTests.What_the_stream_said_after_a_question_was_sent_is_newer_than_the_answer),
            "Speaker.cs", "var streamIsNewer = StreamedAt >= asked;", "var streamIsNewer = StreamedAt > asked + TimeSpan.FromHours(1);"),
        new("a late answer to an older question is not believed", nameof(DatingTests.A_late_answer_to_an_older_question_is_not_believed),
            "Resource.cs", "if (report.AskedAt < ReportedAt)", "if (report.AskedAt < Instant.Start)"),
        new("a late list of satellites is not believed", nameof(GraceTests.A_late_list_of_satellites_is_not_believed),
            "ClusterSnapshot.cs", "Observation.SatellitesListed o when o.AskedAt < Linstor.AskedAt => this,", "Observation.SatellitesListed o when o.AskedAt < Instant.Start => this,"),
        new("a list of satellites that is older than the words does not silence them", nameof(DatingTests.A_list_of_satellites_that_was_asked_for_before_the_words_does_not_silence_them),
            "Speaker.cs", "!= SatelliteState.Online && HeardAt <= linstor.AskedAt ? FallSilent()", "!= SatelliteState.Online ? FallSilent()"),
        new("a replica that is created anew begins anew", nameof(DatingTests.A_replica_that_is_created_anew_has_not_admitted_what_its_predecessor_did),
            "Speaker.cs", "if (Uuid is not null && said.Uuid is not null && Uuid != said.Uuid)", "if (Uuid is not null && said.Uuid is null && Uuid != said.Uuid)"),
        new("a connection of an unknown name leads to nobody as long as there is a doubt", nameof(PeerTests.Of_two_connections_of_unknown_names_none_is_taken_for_the_one_to_the_node),
            "ResourceView.cs", "return unknown <= unnamed ? Only", "return unknown >= 0 ? Only"),
        new("a node whose host name is known has no other", nameof(EvidenceTests.A_connection_to_a_peer_that_linstor_does_not_list_is_not_taken_for_one_to_the_node),
            "ResourceView.cs", "IsUnnamed(i) && _hosts[i] is null && ", "IsUnnamed(i) && "),
        new("a node that reports a connection of that name is not the one it leads to", nameof(LossTests.A_connection_named_by_host_is_understood_by_full_or_short_name_or_elimination),
            "ResourceView.cs", " && !_speakers[i].Links.Any(one => Same(one.Peer, link.Peer))", ""),
    ];
}

//! What comes of a bundle's file that is shown (`spec/offline.md` §4).

use proptest::prelude::*;
use sealgate::guard::{Lack, Standing};
use sealgate::{AskedLicense, BundleMachines, HeldStatement};
use sealgate_artifact::{AppId, KeyState, License, Machines, StatementId, TenantId};

use crate::authority::{DAY, NOW, at, signed};
use crate::bundle::{
    DAYS, ISSUER, activate, answering, between, bundle, client, file, file_of, guard, has_attachments,
    listing, many, of_build, others, own, refused, request,
};
use crate::guard::lack;
use crate::snapshot::{Station, shard};

#[test]
fn a_look_says_what_is_in_it_and_activates_nothing() {
    let station = Station::new(None);
    let client = client(&station);
    let shown = bundle(&station, 1, own(&client));
    let path = station.medium(&file(&shown));
    let looked = client.look_at_bundle(&path).expect("the vendor's");
    let says = looked.says();
    assert_eq!((says.serial, says.ends_at), (1, at(NOW + DAYS * DAY)));
    assert_eq!((says.machines, says.license.id()), (BundleMachines::Named(1), shown.terms.license));
    assert!(says.license.has_feature("rule-engine"));
    assert!(looked.is_for_this_machine() && !looked.is_kept() && looked.refusal().is_none());
    assert_eq!(client.bundle().expect("it reads"), None);
    assert_eq!(lack(&guard(&station)), Some(Lack::NoLicense));

    client.activate_bundle(&looked).expect("activated");
    let before = station.state();
    let again = client.look_at_bundle(&path).expect("the vendor's");
    assert!(again.is_kept() && again.replaces().is_none() && again.refusal().is_none());
    client.activate_bundle(&again).expect("the same again");
    assert!(station.state() == before, "the same again changes nothing");
    let next = client.look_at_bundle_on(&file(&bundle(&station, 2, own(&client)))[..], None).expect("read");
    assert_eq!(next.replaces().map(|before| before.serial), Some(1));
    let kept = client.bundle().expect("it verifies").expect("kept");
    assert!(kept.is_in_use && kept.denied.is_none() && kept.says == *again.says());
}

#[test]
fn a_bundle_with_attachments_counts() {
    let station = Station::new(None);
    let client = client(&station);
    let long = listing(bundle(&station, 1, many(request(&client).get().device_key)), &[1, 2, 3]);
    assert!(has_attachments(&long));
    activate(&client, &file(&long)).expect("activated");
    assert_eq!(guard(&station).state().standing, Standing::Licensed);
    let elsewhere = bundle(&station, 2, Machines::Pool(5));
    let looked = client.look_at_bundle_on(&file(&elsewhere)[..], None).expect("read");
    assert_eq!(looked.says().machines, BundleMachines::Any(5));
}

/// Each refusal has its code, and what was in force before stays in force.
#[test]
fn what_is_refused_takes_nothing_away() {
    let station = Station::new(None);
    let client = client(&station);
    let of = |serial| bundle(&station, serial, own(&client));
    activate(&client, &file(&of(5))).expect("activated");
    let now = station.machine.site.authority().clone();
    let mut newer = of(6).terms;
    newer.version = now.license.version + 1;
    newer.expires_at = Some(at(NOW + 300 * DAY));
    let other = StatementId::from_bytes([1; 32]);
    let with = |serial, change: fn(&mut License)| {
        let mut changed = of(serial);
        change(&mut changed.terms);
        file(&changed)
    };
    let mut damaged = file(&of(6));
    *damaged.last_mut().expect("bytes") ^= 1;
    let whole = file(&of(6));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("version_rollback", file(&of(4))),
        ("equivocation", file(&between(of(5), NOW, NOW + DAY))),
        ("device_not_named", file(&bundle(&station, 6, others()))),
        ("nonce_mismatch", file(&answering(of(6), other))),
        ("expired", file(&between(of(6), NOW - 2 * DAY, NOW))),
        ("not_yet_valid", with(6, |terms| terms.not_before = at(NOW + DAY))),
        ("signature_invalid", file_of(&signed(&of(6), &[200]), None)),
        ("wrong_tenant", with(6, |terms| terms.tenant = TenantId::from_bytes([77; 16]))),
        ("wrong_app", with(6, |terms| terms.app = AppId::from_bytes([88; 16]))),
        ("container_damaged", damaged),
        ("container_truncated", whole[..whole.len() - 1].to_vec()),
        ("container_unknown", b"no container at all".to_vec()),
        ("kind_unexpected", station.draft(1, &[]).file()),
        ("kind_unexpected", client.offline_request(AskedLicense::Unsaid).expect("kept").bytes().to_vec()),
    ];
    for (code, shown) in cases {
        assert_eq!(refused(&client, &shown), code);
        let guard = guard(&station);
        assert_eq!(guard.state().standing, Standing::Licensed, "{code}");
        assert_eq!(guard.state().license_ends, Some(at(NOW + DAYS * DAY)), "{code}");
    }
    // A newer version of the license was accepted: a bundle of the older one is refused, and the one that is kept goes on.
    client.validate_license_file(&signed(&newer, &[ISSUER])).expect("a license of its own");
    assert_eq!(refused(&client, &file(&of(6))), "version_rollback");
    assert_eq!(guard(&station).state().standing, Standing::Licensed);
}

/// `spec/offline.md` §4.2: the file's keys count, whatever comes of the bundle.
#[test]
fn the_keys_of_a_file_count_also_where_its_bundle_is_refused() {
    const NEXT: u8 = 33;
    let station = Station::new(None);
    let pinned = station.machine.site.trust();
    let client = of_build(&station, pinned);
    let rotated = {
        let mut authority = station.machine.site.authority();
        authority.tenant_version += 1;
        authority.tenant_since = NOW;
        authority.issuers = vec![(NEXT, KeyState::Active), (ISSUER, KeyState::Revoked)];
        authority.clone()
    };
    let without = |bundle: &_| file_of(&signed(bundle, &[NEXT]), None);
    let mine = bundle(&station, 1, own(&client));
    assert_eq!(refused(&client, &without(&mine)), "signature_invalid", "nobody knows the key");
    let theirs = file_of(&signed(&bundle(&station, 1, others()), &[NEXT]), Some(&rotated));
    assert_eq!(refused(&client, &theirs), "device_not_named");
    activate(&client, &without(&mine)).expect("the key is known by now");
    assert_eq!(of_build(&station, pinned).signed_time().expect("it reads"), at(NOW));
    // And what the revoked key signs counts no more, whatever older keys a file brings.
    let old = crate::authority::Authority::new(1, crate::site::ORIGIN);
    let stolen = file_of(&signed(&bundle(&station, 2, own(&client)), &[ISSUER]), Some(&old));
    assert_eq!(refused(&client, &stolen), "signature_invalid");
    let guard = of_build(&station, pinned).guard().without_threads().start().expect("it starts");
    assert_eq!(guard.state().standing, Standing::Licensed);
}

/// `spec/offline.md` §3.5: what a bundle says was taken back is listed, also where it is for other machines.
#[test]
fn a_bundle_lists_what_was_taken_back() {
    let station = Station::new(None);
    let client = client(&station);
    let first = bundle(&station, 1, own(&client));
    activate(&client, &file(&first)).expect("activated");
    let running = guard(&station);
    let slot = first.terms.conditions.slot.expect("a bundle has one");
    // Not one of another license, and none that is too old to count.
    let mut foreign = listing(bundle(&station, 2, others()), &[slot]);
    foreign.terms.license = sealgate_artifact::LicenseId::from_bytes([99; 16]);
    assert_eq!(refused(&client, &file(&foreign)), "device_not_named");
    assert_eq!(guard(&station).state().standing, Standing::Licensed);
    let theirs = listing(bundle(&station, 2, others()), &[slot]);
    assert_eq!(refused(&client, &file(&theirs)), "device_not_named");
    running.state();
    assert_eq!(lack(&running), None, "nobody has looked");
    running.verify_integrity();
    assert_eq!(lack(&running), Some(Lack::Revoked));
    assert_eq!(lack(&guard(&station)), Some(Lack::Revoked));
    let kept = client.bundle().expect("it verifies").expect("kept");
    assert_eq!(kept.denied.map(|denied| denied.code), Some("revoked".to_owned()));
    assert_eq!(client.revocations().expect("it reads").revoked, [HeldStatement::Bundle]);
    assert_eq!(refused(&client, &file(&first)), "revoked");
    // The next one is not listed.
    activate(&client, &file(&bundle(&station, 3, own(&client)))).expect("activated");
    assert_eq!(guard(&station).state().standing, Standing::Licensed);
}

/// `spec/offline.md` §4.2: what a file lists counts for whatever is shown later.
#[test]
fn what_was_listed_before_it_came_is_refused() {
    let station = Station::new(None);
    let client = client(&station);
    let listed = listing(bundle(&station, 3, others()), &[1_001]);
    assert_eq!(refused(&client, &file(&listed)), "device_not_named");
    assert_eq!(refused(&client, &file(&bundle(&station, 1, own(&client)))), "revoked");
    activate(&client, &file(&bundle(&station, 2, own(&client)))).expect("another slot");
}

/// `spec/revocation.md` §5.6: what only a key lists that is revoked by now is doubted, and the next bundle is not.
#[test]
fn what_a_stolen_key_lists_counts_until_the_key_is_revoked() {
    const NEXT: u8 = 33;
    let station = Station::new(None);
    let pinned = {
        let mut authority = station.machine.site.authority();
        authority.issuers.push((NEXT, KeyState::Active));
        authority.trust_json()
    };
    let client = of_build(&station, pinned);
    let lack = || {
        let guard = of_build(&station, pinned).guard().without_threads().start().expect("it starts");
        lack(&guard)
    };
    let mine = bundle(&station, 1, own(&client));
    activate(&client, &file_of(&signed(&mine, &[NEXT]), None)).expect("activated");
    let theirs = listing(bundle(&station, 2, others()), &[mine.terms.conditions.slot.expect("one")]);
    assert_eq!(refused(&client, &file(&theirs)), "device_not_named");
    // Nobody looks before the key is revoked: what was listed is remembered at once.
    let revoked = {
        let mut authority = station.machine.site.authority();
        authority.tenant_version += 1;
        authority.tenant_since = NOW;
        authority.issuers = vec![(NEXT, KeyState::Active), (ISSUER, KeyState::Revoked)];
        authority.clone()
    };
    let foreign = file_of(&signed(&bundle(&station, 3, others()), &[NEXT]), Some(&revoked));
    assert_eq!(refused(&client, &foreign), "device_not_named");
    assert_eq!(lack(), Some(Lack::Stale), "perhaps it was rightly listed");
    let next = between(bundle(&station, 4, own(&client)), NOW + 1, NOW + DAY);
    activate(&client, &file_of(&signed(&next, &[NEXT]), None)).expect("activated");
    assert_eq!(lack(), None);
    // Of the thief's list nothing is left: what it would list is not listed.
    assert!(!String::from_utf8(station.state()).expect("text").contains("by_bundles"));
}

#[test]
fn a_snapshot_takes_a_bundle_back() {
    let station = Station::new(None);
    let client = client(&station);
    let first = bundle(&station, 1, own(&client));
    activate(&client, &file(&first)).expect("activated");
    let slot = u32::try_from(first.terms.conditions.slot.expect("one")).expect("small");
    let imported =
        client.import_snapshot_file(&station.medium(&station.draft(1, &[shard(0, 1, &[slot])]).file()));
    let revoked: Vec<_> = imported.expect("whole").revoked.iter().map(|it| it.what).collect();
    assert_eq!(revoked, [HeldStatement::Bundle]);
    assert_eq!(lack(&guard(&station)), Some(Lack::Revoked));
    assert_eq!(refused(&client, &file(&first)), "revoked");
    // A revoked bundle that was never activated here is refused, too.
    let second = bundle(&station, 2, own(&client));
    let slots = [slot, slot + 1];
    client
        .import_snapshot_file(&station.medium(&station.draft(2, &[shard(0, 2, &slots)]).file()))
        .expect("whole");
    assert_eq!(refused(&client, &file(&second)), "revoked");
}

/// Of two programs that share a state, none undoes what the other accepted.
#[test]
fn what_another_process_activated_meanwhile_counts() {
    let station = Station::new(None);
    let (one, other) = (client(&station), client(&station));
    let look = |serial| {
        let shown = file(&bundle(&station, serial, own(&one)));
        one.look_at_bundle_on(&shown[..], None).expect("read")
    };
    let (older, newer) = (look(1), look(2));
    other.activate_bundle(&newer).expect("activated");
    assert_eq!(one.activate_bundle(&older).expect_err("older").code().as_str(), "version_rollback");
    assert_eq!(other.bundle().expect("it verifies").expect("kept").says.serial, 2);
    // Somebody asked anew meanwhile: the answer to the first request is none any more.
    let asked = request(&one).id();
    let answer = file(&answering(bundle(&station, 3, own(&one)), asked));
    let looked = one.look_at_bundle_on(&answer[..], None).expect("read");
    assert!(looked.refusal().is_none());
    other.new_offline_request(AskedLicense::Unsaid).expect("made");
    assert_eq!(one.activate_bundle(&looked).expect_err("asked anew").code().as_str(), "nonce_mismatch");
}

#[test]
fn a_forgotten_bundle_gives_nothing_and_can_be_activated_again() {
    let station = Station::new(None);
    let client = client(&station);
    assert!(!client.forget_bundle().expect("it writes"));
    let answer = file(&answering(bundle(&station, 2, own(&client)), request(&client).id()));
    activate(&client, &answer).expect("activated");
    assert!(client.forget_bundle().expect("it writes"));
    assert_eq!(lack(&guard(&station)), Some(Lack::NoLicense));
    assert_eq!(refused(&client, &file(&bundle(&station, 1, own(&client)))), "version_rollback");
    activate(&client, &answer).expect("it needs its request no more");
    assert_eq!(guard(&station).state().standing, Standing::Licensed);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever files are shown, the machine has its rights as long as nothing takes them back.
    #[test]
    fn whatever_is_shown_what_is_in_force_stays_in_force(
        shown in prop::collection::vec((1..9u64, 0..4u8, prop::sample::select(vec![ISSUER, 200]), any::<bool>(), -3i64..60, any::<prop::sample::Index>(), 0..3u8), 1..6),
    ) {
        let station = Station::new(None);
        let client = client(&station);
        activate(&client, &file(&bundle(&station, 4, own(&client)))).expect("activated");
        for (serial, machine, signer, is_answer, days, place, change) in shown {
            let machines = match machine {
                0 => own(&client),
                1 => others(),
                2 => many(request(&client).get().device_key),
                _ => Machines::Pool(3),
            };
            let end = (NOW + DAY).saturating_add_signed(days * 86_400);
            let mut made = between(bundle(&station, serial, machines), NOW - 10 * DAY, end);
            if is_answer && made.machines.count() == 1 && matches!(made.machines, Machines::Bound(_)) {
                made.request = Some(request(&client).id());
            }
            let mut bytes = file_of(&signed(&made, &[signer]), None);
            if change == 0 {
                let place = place.index(bytes.len());
                bytes[place] ^= 1;
            }
            let before = client.bundle().expect("it verifies").expect("kept").says;
            let after = activate(&client, &bytes);
            let kept = client.bundle().expect("it verifies").expect("kept").says;
            if let Ok(says) = after {
                prop_assert!(says == kept && kept.serial >= before.serial);
            } else {
                prop_assert_eq!(kept, before);
            }
            let guard = guard(&station);
            prop_assert_eq!(guard.state().standing, Standing::Licensed);
        }
    }
}

//! Shards (`spec/revocation.md` §3). Their bodies are elsewhere.

use sealgate_artifact::{Code, KeyUse};

use super::case::{Case, Shelf};
use super::fields::{Spoilt, saying, spoilt, spoilt_optional, without};
use super::revoking::Sort;
use crate::forge::{APP, DAY, Draft, NOW, OTHER_APP, STRANGER, TENANT, World, reference};
use crate::revocation::{BLOCK, body, listing_text, revoking, shard, shard_listing, shard_text};
use crate::{Artifact, Bytes, Question, Remembered, ShardShown};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Shard);
    let sort = Sort { kind: "shard", text: shard_text(), question: asked, found: "" };
    believed(&mut shelf, &sort);
    sort.put(&mut shelf);
    fields(&mut shelf, &sort);
    contents(&mut shelf, &sort);
    attachments(&mut shelf, &sort);
    shelf.cases
}

fn asked(world: &World, shard: &Draft, before: Option<Remembered>) -> Question {
    looked_up(world, shard, before, vec![])
}

/// The question about this shard under this chain.
pub(super) fn question(world: &World, shard: &Draft) -> Question {
    asked(world, shard, None)
}

/// The same, and these slots are looked up.
pub(super) fn looked_up(
    world: &World,
    shard: &Draft,
    before: Option<Remembered>,
    slots: Vec<u64>,
) -> Question {
    let shard = Bytes::from(shard.text().into_bytes());
    Question::Shard(Box::new(ShardShown { chain: world.chain(), shard, before, slots }))
}

fn believed(shelf: &mut Shelf, sort: &Sort) {
    let text = shard_text();
    let mut accept = |name: &str, shows: &str, text: &str| {
        sort.believe(shelf, name, shows, &revoking(), &sort.signed(text));
    };
    accept("plain", "A block of which nothing was taken back.", &text);
    accept("block_zero", "The first block.", &saying(&text, "block", "0"));
    accept("block_largest", "The last block.", &saying(&text, "block", "8589934591"));
    accept("version_zero", "The smallest version.", &saying(&text, "version", "0"));
    let largest = saying(&text, "version", "9007199254740991");
    accept("version_largest", "The largest version.", &largest);
    let soon = saying(&text, "next_update", &(NOW + 1).to_string());
    accept("next_update_soon", "The next one is due a second later.", &soon);
    accept(
        "other_app",
        "Of whichever app: whoever looks a slot up knows whose it is.",
        &saying(&text, "app", &format!("\"{OTHER_APP}\"")),
    );
    accept("extended", "An extension that nobody needs to know.", &saying(&text, "ext", r#"{"notes":"x"}"#));
    let nothing = shard(&text);
    let found = looked_up(&revoking(), &nothing, None, vec![0, BLOCK << 20, u64::from(u32::MAX)]);
    let shows = "No slot is listed where there is no body.";
    shelf.accepted("looked_up_in_nothing", shows, found, &format!("{} no no no", nothing.id()));
}

fn fields(shelf: &mut Shelf, sort: &Sort) {
    let text = shard_text();
    let listed = body(4, &[3, 40]);
    let full = listing_text(4, 2, &listed);
    let mut put = |(name, code, shows, text): Spoilt| {
        let draft = sort.signed(&text);
        let draft = if text.contains("\"body\"") { draft.carrying(&listed) } else { draft };
        sort.refuse(shelf, (&name, code, shows), &revoking(), &draft);
    };
    spoilt(&text, &[]).into_iter().for_each(&mut put);
    spoilt_optional(&full, &["k", "body"]).into_iter().for_each(&mut put);
    for (field, name, shows, value) in [
        ("tenant", "upper_case", "A second spelling.", format!("\"{}\"", TENANT.to_uppercase())),
        ("app", "upper_case", "A second spelling.", format!("\"{}\"", APP.to_uppercase())),
        ("block", "negative", "Before the first block.", "-1".to_owned()),
        ("block", "beyond", "Its slots would be larger than a number can be.", "8589934592".to_owned()),
        ("block", "text", "A number as text.", "\"7\"".to_owned()),
        ("version", "negative", "A version before the first.", "-1".to_owned()),
        ("issued_at", "negative", "A time before 1970.", "-1".to_owned()),
        ("issued_at", "beyond", "A time after the year 9999.", "253402300800".to_owned()),
        ("next_update", "beyond", "A time after the year 9999.", "253402300800".to_owned()),
        ("next_update", "at_once", "It is due when it was signed.", NOW.to_string()),
        ("next_update", "before", "It was due before it was signed.", (NOW - DAY).to_string()),
        ("count", "negative", "Fewer slots than none.", "-1".to_owned()),
        ("count", "beyond", "More slots than a block has.", "1048577".to_owned()),
        ("count", "2_to_the_32", "A number that some readers cut to 32 bits.", "4294967296".to_owned()),
    ] {
        put((format!("{field}_{name}"), Code::FieldInvalid, shows, saying(&text, field, &value)));
    }
    for (name, shows, value) in [
        ("negative", "A parameter below 0.", "-1"),
        ("16", "A parameter beyond the largest.", "16"),
        ("260", "A number that some readers cut to 8 bits.", "260"),
        ("text", "A number as text.", "\"4\""),
    ] {
        put((format!("k_{name}"), Code::FieldInvalid, shows, saying(&full, "k", value)));
    }
    let mut more = |name: &str, code: Code, shows: &'static str, field: &str, value: &str| {
        put((name.to_owned(), code, shows, saying(&text, field, value)));
    };
    more("grants_a_tier", Code::FieldUnknown, "A shard grants no rights.", "tier", "\"enterprise\"");
    more("block_2_to_the_53", Code::JsonInvalid, "No number is so large.", "block", "9007199254740992");
    more("crit_unknown", Code::CritUnknown, "An unknown meaning is critical.", "crit", "[\"log\"]");
    let shows = "A meaning that licenses alone have.";
    more("crit_of_a_license", Code::CritUnknown, shows, "crit", "[\"policy\"]");
}

/// `k` and `body` are there exactly if `count` is not 0 (`spec/revocation.md` §3.1).
fn contents(shelf: &mut Shelf, sort: &Sort) {
    let listed = body(4, &[3, 40]);
    let full = listing_text(4, 2, &listed);
    let named = reference(&listed);
    let empty = vec![0; 32];
    let mut refuse = |name: &str, code: Code, shows: &str, text: &str, attached: &[&[u8]]| {
        let draft = attached.iter().fold(sort.signed(text), |draft, bytes| draft.carrying(bytes));
        sort.refuse(shelf, (name, code, shows), &revoking(), &draft);
    };
    let invalid = Code::FieldInvalid;
    refuse(
        "count_without_k_and_body",
        invalid,
        "Two slots, and no list.",
        &saying(&shard_text(), "count", "2"),
        &[],
    );
    refuse("count_without_body", invalid, "Two slots, and no list.", &without(&full, "body"), &[]);
    refuse("count_without_k", invalid, "A list that nobody can read.", &without(&full, "k"), &[&listed]);
    let none = saying(&shard_text(), "k", "4");
    refuse("k_without_count", invalid, "A parameter, and no list.", &none, &[]);
    let none = saying(&shard_text(), "body", &reference(&empty));
    refuse("body_without_count", invalid, "A list, and no slots.", &none, &[&empty]);
    let none = saying(&saying(&shard_text(), "k", "4"), "body", &reference(&empty));
    let shows = "An empty list: its only form is no list.";
    refuse("count_zero_with_empty_body", invalid, shows, &none, &[&empty]);
    let none = saying(&full, "count", "0");
    refuse("count_zero_with_body", invalid, "A list of two slots, said to be none.", &none, &[&listed]);
    let shows = "Whether the next one is due later is judged behind the list.";
    let early = saying(&full, "next_update", &NOW.to_string());
    refuse("next_update_at_once_and_body_missing", Code::AttachmentMissing, shows, &early, &[]);
    let shows = "The parameter is judged before the list.";
    refuse("k_16_and_body_missing", invalid, shows, &saying(&full, "k", "16"), &[]);
    let shows = "An unknown field is found behind the list.";
    refuse("unknown_and_body_missing", Code::AttachmentMissing, shows, &saying(&full, "tier", "1"), &[]);
    let shows = "A list that travels in the payload.";
    refuse("list_in_payload", invalid, shows, &saying(&full, "body", "[3,40]"), &[&listed]);
    let shows = "A list as text in the payload.";
    refuse("list_as_text", invalid, shows, &saying(&full, "body", "\"AAAA\""), &[&listed]);
    let upper = named.replace("sha256\":\"", "sha256\":\"A");
    refuse(
        "list_sha256_long",
        invalid,
        "A digest with a digit more.",
        &saying(&full, "body", &upper),
        &[&listed],
    );
    let zero = format!("{{\"length\":0,{}", named.split_once(',').expect("two members").1);
    refuse("list_length_zero", invalid, "A list without a byte.", &saying(&full, "body", &zero), &[&listed]);
}

fn attachments(shelf: &mut Shelf, sort: &Sort) {
    let sound = shard_listing(4, &[3, 40]);
    let bare = Draft { attachments: vec![], ..sound.clone() };
    let mut refuse = |name: &str, code: Code, shows: &str, draft: &Draft| {
        sort.refuse(shelf, (name, code, shows), &revoking(), draft);
    };
    refuse("list_missing", Code::AttachmentMissing, "The shard without its list.", &bare);
    let shows = "The list of another shard of the same length.";
    let other = body(4, &[3, 41]);
    refuse("list_exchanged", Code::AttachmentMissing, shows, &bare.clone().carrying(&other));
    let longer = [&sound.attachments[0][..], &[0xff]].concat();
    refuse(
        "list_longer",
        Code::AttachmentMissing,
        "A byte behind the list.",
        &bare.clone().carrying(&longer),
    );
    let shows = "An attachment that the shard does not name.";
    refuse("attachment_beside", Code::AttachmentUnexpected, shows, &sound.clone().carrying(b"x"));
    let twice = sound.clone().carrying(&sound.attachments[0]);
    refuse("list_twice", Code::AttachmentUnexpected, "The list twice.", &twice);
    let shows = "A list beside a shard that lists nothing.";
    refuse("list_beside_plain", Code::AttachmentUnexpected, shows, &shard(&shard_text()).carrying(&other));
    let unsigned = Draft { signatures: vec![(String::new(), vec![0; 64])], ..bare };
    let shows = "The signature is judged before the list.";
    refuse("list_missing_and_unsigned", Code::SignatureInvalid, shows, &unsigned);
    let both = sound.signed(STRANGER, KeyUse::Snapshot);
    sort.believe(
        shelf,
        "listing_signed_by_stranger_too",
        "A list, and a stranger's signature beside.",
        &revoking(),
        &both,
    );
}

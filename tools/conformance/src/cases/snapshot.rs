//! Snapshots (`spec/revocation.md` §4).

use sealgate_artifact::Code;

use super::case::{Case, Shelf};
use super::fields::{Spoilt, saying, spoilt};
use super::revoking::Sort;
use crate::forge::{APP, DAY, Draft, NOW, OTHER_APP, TENANT, World};
use crate::revocation::{revoking, shard_text, snapshot, snapshot_listing, snapshot_text};
use crate::{Artifact, Bytes, Question, Remembered, SnapshotShown};

pub(super) fn cases() -> Vec<Case> {
    let mut shelf = Shelf::of(Artifact::Snapshot);
    let sort = Sort { kind: "snapshot", text: snapshot_text(), question: asked, found: " 0" };
    believed(&mut shelf, &sort);
    lists(&mut shelf);
    sort.put(&mut shelf);
    fields(&mut shelf, &sort);
    no_lists(&mut shelf, &sort);
    attachments(&mut shelf, &sort);
    shelf.cases
}

fn asked(world: &World, snapshot: &Draft, before: Option<Remembered>) -> Question {
    let snapshot = Bytes::from(snapshot.text().into_bytes());
    Question::Snapshot(Box::new(SnapshotShown { chain: world.chain(), snapshot, before }))
}

/// The question about this snapshot under this chain.
pub(super) fn question(world: &World, snapshot: &Draft) -> Question {
    asked(world, snapshot, None)
}

/// An entry that names the plain shard.
fn entry(app: &str, block: u64) -> String {
    format!("[\"{app}\",{block},\"{}\"]", Draft::new("shard", shard_text()).id())
}

/// So many entries, seven blocks to an app, each as long as one can be.
fn entries(count: u64) -> String {
    let app = |n: u64| format!("01890a5d-ac96-774b-bcce-{:012x}", 0xb302_099a_9001 + n / 7);
    let entries: Vec<String> = (0..count).map(|n| entry(&app(n), 8_589_934_585 + n % 7)).collect();
    format!("[{}]", entries.join(","))
}

fn believed(shelf: &mut Shelf, sort: &Sort) {
    let text = snapshot_text();
    let mut accept = |name: &str, shows: &str, text: &str| {
        sort.believe(shelf, name, shows, &revoking(), &sort.signed(text));
    };
    accept("plain", "A tenant that has no shard.", &text);
    accept("version_zero", "The smallest version.", &saying(&text, "version", "0"));
    accept("version_largest", "The largest version.", &saying(&text, "version", "9007199254740991"));
    let soon = saying(&text, "next_update", &(NOW + 1).to_string());
    accept("next_update_soon", "The next one is due a second later.", &soon);
    let other = saying(&text, "keyset", &format!("\"{}\"", "5a".repeat(32)));
    accept("other_keyset", "Which keysets it names is judged with the file that it comes in.", &other);
    accept("extended", "An extension that nobody needs to know.", &saying(&text, "ext", r#"{"notes":"x"}"#));
}

fn lists(shelf: &mut Shelf) {
    let mut accept = |name: &str, shows: &str, list: &str, count: usize| {
        let draft = snapshot_listing(list);
        shelf.accepted(name, shows, question(&revoking(), &draft), &format!("{} {count}", draft.id()));
    };
    accept("one_shard", "One shard.", &format!("[{}]", entry(APP, 7)), 1);
    let (first, last) = (entry(APP, 0), entry(APP, 8_589_934_591));
    accept("blocks_zero_and_largest", "The first and the last block.", &format!("[{first},{last}]"), 2);
    let (nine, ten) = (entry(APP, 9), entry(APP, 10));
    accept("blocks_9_and_10", "Blocks are compared as numbers.", &format!("[{nine},{ten}]"), 2);
    let (nine, seven) = (entry(APP, 9), entry(OTHER_APP, 7));
    accept("two_apps", "The app is compared before the block.", &format!("[{nine},{seven}]"), 2);
    accept("shards_1500", "As many shards as there may be.", &entries(1_500), 1_500);
    let spaced = format!("[ {} ,\n{} ]", entry(APP, 7), entry(APP, 8));
    accept("with_space", "White space is hashed like everything else.", &spaced, 2);
}

fn fields(shelf: &mut Shelf, sort: &Sort) {
    let text = snapshot_text();
    let mut put = |(name, code, shows, text): Spoilt| {
        sort.refuse(shelf, (&name, code, shows), &revoking(), &sort.signed(&text));
    };
    spoilt(&text, &[]).into_iter().for_each(&mut put);
    for field in ["root", "keyset", "tenant_keyset"] {
        for (name, shows, value) in [
            ("short", "An id that is cut.", "5a".repeat(31)),
            ("long", "An id with a digit more.", "5a".repeat(32) + "5"),
            ("upper_case", "A second spelling.", "5A".repeat(32)),
            ("empty", "No id.", String::new()),
        ] {
            let text = saying(&text, field, &format!("\"{value}\""));
            put((format!("{field}_{name}"), Code::FieldInvalid, shows, text));
        }
    }
    for (field, name, shows, value) in [
        ("tenant", "upper_case", "A second spelling.", format!("\"{}\"", TENANT.to_uppercase())),
        ("version", "negative", "A version before the first.", "-1".to_owned()),
        ("version", "text", "A number as text.", "\"30000000\"".to_owned()),
        ("issued_at", "negative", "A time before 1970.", "-1".to_owned()),
        ("issued_at", "beyond", "A time after the year 9999.", "253402300800".to_owned()),
        ("next_update", "beyond", "A time after the year 9999.", "253402300800".to_owned()),
        ("next_update", "at_once", "It is due when it was signed.", NOW.to_string()),
        ("next_update", "before", "It was due before it was signed.", (NOW - DAY).to_string()),
        ("shards", "null", "`null` has no meaning here.", "null".to_owned()),
        ("shards", "list", "A list that travels in the payload.", format!("[{}]", entry(APP, 7))),
        ("shards", "text", "A list as text in the payload.", "\"[]\"".to_owned()),
    ] {
        put((format!("{field}_{name}"), Code::FieldInvalid, shows, saying(&text, field, &value)));
    }
    let mut more = |name: &str, code: Code, shows: &'static str, field: &str, value: &str| {
        put((name.to_owned(), code, shows, saying(&text, field, value)));
    };
    let named = format!("\"{APP}\"");
    more("names_an_app", Code::FieldUnknown, "A snapshot is of all apps.", "app", &named);
    let shows = "A snapshot has no list of keys: those stand in keysets.";
    more("revokes_keys", Code::FieldUnknown, shows, "revoked_keys", "[]");
    more("version_2_to_the_53", Code::JsonInvalid, "No number is so large.", "version", "9007199254740992");
    more("crit_unknown", Code::CritUnknown, "An unknown meaning is critical.", "crit", "[\"log\"]");
    let shows = "A meaning that licenses alone have.";
    more("crit_of_a_license", Code::CritUnknown, shows, "crit", "[\"policy\"]");
    let shows = "When the next one is due is judged once it was read, before the keysets.";
    let early = saying(&text, "next_update", &NOW.to_string());
    let early = super::fields::without(&early, "root");
    put(("next_update_at_once_and_root_missing".to_owned(), Code::FieldInvalid, shows, early));
}

/// What is no list (`spec/revocation.md` §4.2).
fn no_lists(shelf: &mut Shelf, sort: &Sort) {
    let mut refuse = |name: &str, code: Code, shows: &str, list: &str| {
        let what = (&*format!("list_{name}"), code, shows);
        sort.refuse(shelf, what, &revoking(), &snapshot_listing(list));
    };
    let (seven, eight, other) = (entry(APP, 7), entry(APP, 8), entry(OTHER_APP, 7));
    refuse("not_json", Code::JsonInvalid, "The attachment is not JSON.", "shards");
    refuse("behind", Code::JsonInvalid, "Something behind the list.", &format!("[{seven}],"));
    refuse(
        "floating",
        Code::JsonInvalid,
        "The same profile reads attachments.",
        &seven.replace(",7,", ",7.0,"),
    );
    let mut invalid = |name: &str, shows: &str, list: &str| refuse(name, Code::FieldInvalid, shows, list);
    invalid("object", "The attachment is not a list.", &format!("{{\"shards\":[{seven}]}}"));
    invalid("empty", "An empty list: its only form is no list.", "[]");
    invalid("1501", "One shard too many.", &entries(1_501));
    invalid("twice", "A shard stands twice.", &format!("[{seven},{seven}]"));
    let fork = seven.replace(&Draft::new("shard", shard_text()).id(), &"5a".repeat(32));
    invalid("two_of_a_block", "Two shards of one block.", &format!("[{fork},{seven}]"));
    invalid("falling_blocks", "Blocks fall.", &format!("[{eight},{seven}]"));
    invalid("falling_apps", "Apps fall.", &format!("[{other},{eight}]"));
    let (nine, ten) = (entry(APP, 9), entry(APP, 10));
    invalid("blocks_as_text", "Blocks that rise only as text.", &format!("[{ten},{nine}]"));
    let last = format!("[{},{},{}]", entry(APP, 7), entry(OTHER_APP, 8), entry(OTHER_APP, 7));
    invalid("falling_at_its_end", "The last two fall.", &last);
    let id = Draft::new("shard", shard_text()).id();
    for (name, shows, entry) in [
        ("number", "It is a number.", "7".to_owned()),
        ("text", "It is text.", format!("\"{id}\"")),
        ("object", "It is an object.", format!("{{\"app\":\"{APP}\",\"block\":7,\"statement\":\"{id}\"}}")),
        ("of_2", "The statement is missing.", format!("[\"{APP}\",7]")),
        ("of_4", "A fourth part.", format!("[\"{APP}\",7,\"{id}\",1]")),
        ("empty", "It has no parts.", "[]".to_owned()),
        ("turned", "The parts stand in another order.", format!("[7,\"{APP}\",\"{id}\"]")),
        ("app_upper_case", "A second spelling of an app.", seven.replace(APP, &APP.to_uppercase())),
        ("app_null", "An entry of no app.", format!("[null,7,\"{id}\"]")),
        ("block_negative", "Before the first block.", seven.replace(",7,", ",-1,")),
        ("block_beyond", "A block that cannot be.", seven.replace(",7,", ",8589934592,")),
        ("block_text", "A number as text.", seven.replace(",7,", ",\"7\",")),
        ("statement_short", "An id that is cut.", seven.replace(&id, &id[..62])),
        ("statement_upper_case", "A second spelling of an id.", seven.replace(&id, &"5A".repeat(32))),
        ("statement_null", "An entry of no shard.", format!("[\"{APP}\",7,null]")),
    ] {
        invalid(&format!("entry_{name}"), shows, &format!("[{entry}]"));
    }
}

fn attachments(shelf: &mut Shelf, sort: &Sort) {
    let list = format!("[{}]", entry(APP, 7));
    let sound = snapshot_listing(&list);
    let bare = Draft { attachments: vec![], ..sound.clone() };
    let mut refuse = |name: &str, code: Code, shows: &str, draft: &Draft| {
        sort.refuse(shelf, (name, code, shows), &revoking(), draft);
    };
    refuse("list_missing", Code::AttachmentMissing, "The snapshot without its list.", &bare);
    let other = format!("[{}]", entry(APP, 8));
    let shows = "The list of another snapshot.";
    refuse("list_exchanged", Code::AttachmentMissing, shows, &bare.clone().carrying(other.as_bytes()));
    let shows = "The same list with white space.";
    refuse(
        "list_with_space",
        Code::AttachmentMissing,
        shows,
        &bare.clone().carrying(format!("{list} ").as_bytes()),
    );
    let shows = "An attachment that the snapshot does not name.";
    refuse("attachment_beside", Code::AttachmentUnexpected, shows, &sound.clone().carrying(b"x"));
    let shows = "A list beside a snapshot without shards.";
    let beside = snapshot(&snapshot_text()).carrying(list.as_bytes());
    refuse("list_beside_plain", Code::AttachmentUnexpected, shows, &beside);
    let unsigned = Draft { signatures: vec![(String::new(), vec![0; 64])], ..bare };
    let shows = "The signature is judged before the list.";
    refuse("list_missing_and_unsigned", Code::SignatureInvalid, shows, &unsigned);
    let text = String::from_utf8(sound.payload).expect("our own text");
    let early = saying(&text, "next_update", &NOW.to_string());
    let shows = "When the next one is due is judged before the list.";
    refuse("next_update_at_once_and_list_missing", Code::FieldInvalid, shows, &sort.signed(&early));
}

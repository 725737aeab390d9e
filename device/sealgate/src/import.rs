//! Taking a snapshot over (`spec/revocation.md` §5): the file is read once, judged, and what counts is kept.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::path::Path;

use sealgate_artifact::{
    ActivationProof, AppId, Bundle, License, Shard, Snapshot, StatementId, UnixSeconds, Unverified, limits,
};
use sealgate_container::{Parts, Purpose};
use sealgate_trust::{
    Accepted, Imported, Maximum, SnapshotParts, SnapshotReader, TenantTrust, TrustError, Verified,
};

use crate::client::{ATTEMPTS, Found};
use crate::container::{StageError, Staged};
use crate::offline::{begun_at, known_chain};
use crate::revocations::{
    HeldStatement, ImportError, KeptFile, LicenseFiles, Listed, RevocationFile, RevocationMemory,
    RevocationStore, RevokedStatement, Seen, ShardImport, ShardTaken, Slot, SnapshotImport, SnapshotSays,
    SnapshotTaken, Whole, is_busy, is_kept, keep, lock_in_time,
};
use crate::state::{Floors, Memory, State, epoch};
use crate::statements::Statements;
use crate::{Client, ConfigurationError};

/// What was judged of a file, by one state.
struct Judged {
    imported: Imported,
    found: Counting,
    /// What was looked up.
    held: Vec<Slot>,
    parts: SnapshotParts,
    /// What the reader knew of the chain, where the file's keys are older.
    known: Option<(TenantTrust, Statements)>,
    /// The one time of all steps.
    now: UnixSeconds,
}

impl Judged {
    fn is_refused_by_a_window(&self) -> bool {
        let why = self.imported.refusal.as_ref();
        matches!(why, Some(TrustError::NotYetValid { .. } | TrustError::Expired { .. }))
    }

    /// The keys that count, if any do.
    fn counts(&self) -> Option<&TenantTrust> {
        self.imported.chain.as_ref().or(self.known.as_ref().map(|(chain, _)| chain))
    }

    /// The keys by which the snapshot counts, or those that came without one.
    fn chain(&self) -> Option<&TenantTrust> {
        let known = self.known.as_ref().filter(|_| self.imported.snapshot.is_some());
        self.imported.chain.as_ref().or(known.map(|(chain, _)| chain))
    }
}

impl Client {
    /// Copies a file into a folder of the program's own, as it must be before anything of it is used (`spec/container.md` §5.2). One that is no
    /// snapshot is refused before. `progress` hears
    /// how many bytes are there, and how many the file has.
    pub fn stage(&self, file: &Path, progress: impl FnMut(u64, u64)) -> Result<Staged, ImportError> {
        let (store, purpose) = (self.revocation_store()?, Some(Purpose::Snapshot));
        Ok(Staged::copy_file_of(purpose, file, store.folder(), progress)?)
    }

    /// The same from a medium that is read once. `size` is the file's, if it is known.
    pub fn stage_medium(
        &self,
        medium: impl Read,
        size: Option<u64>,
        progress: impl FnMut(u64, u64),
    ) -> Result<Staged, ImportError> {
        let (store, purpose) = (self.revocation_store()?, Some(Purpose::Snapshot));
        Ok(Staged::copy_of(purpose, medium, size, store.folder(), progress)?)
    }

    /// Takes a snapshot of revocation data over from this file: what the vendor took back gives no right from then on, and newer keys count
    /// as if a server had shown them. The newest data that was imported stays in force.
    pub fn import_snapshot_file(&self, file: &Path) -> Result<SnapshotImport, ImportError> {
        self.import_staged(&self.stage(file, |_, _| ())?)
    }

    /// The same from a medium that is read once. `size` is the file's, if it is known.
    pub fn import_snapshot(
        &self,
        medium: impl Read,
        size: Option<u64>,
    ) -> Result<SnapshotImport, ImportError> {
        self.import_staged(&self.stage_medium(medium, size, |_, _| ())?)
    }

    /// The same of a file that was copied ([`stage`](Self::stage)).
    pub fn import_staged(&self, staged: &Staged) -> Result<SnapshotImport, ImportError> {
        self.import_staged_for(staged, LicenseFiles::default())
    }

    /// The same, and what these files hold is looked up, too, beside what the state does: whoever takes the data away afterwards makes none of
    /// it count again.
    pub fn import_staged_for(
        &self,
        staged: &Staged,
        files: LicenseFiles<'_>,
    ) -> Result<SnapshotImport, ImportError> {
        let store = self.revocation_store()?;
        let purpose = staged.container().purpose();
        if purpose != Purpose::Snapshot {
            return Err(ImportError::Purpose(purpose));
        }
        let (mut lock, mut has_waited) = (store.lock(), false);
        for _ in 0..ATTEMPTS {
            let Found { state, bytes } = self.state()?;
            self.check_app(&state, files)?;
            let judged = self.judge_snapshot(staged, &state, files)?;
            let before = (state.memory.clone(), state.revocations.clone());
            let (next, imported) = self.after_import(state, &judged);
            // First what is read for looking things up: a program that ends in between knows no newer shard than the file has.
            let is_current = || self.store.load().is_ok_and(|now| now.as_deref() == Some(&bytes[..]));
            let store = WhileCurrent { store, is_current: &is_current };
            let is_written = keep_file((&store, &lock), staged, (&judged, &next.revocations), self.trust.app);
            if is_written.is_err() && !is_current() {
                continue;
            }
            // spec/revocation.md §5.2: another import is under way, and what it leaves is what this one is judged by.
            let is_overtaken = is_written.is_err() && is_busy(&lock);
            if is_overtaken && !has_waited {
                (lock, has_waited) = (lock_in_time(store.store), true);
                continue;
            }
            let encoded = next.encode();
            let is_same = encoded == bytes;
            // Who deletes the newer copy of the state finds no older one from before the import.
            let has_news = before.0 != next.memory || before.1 != next.revocations;
            let replace = if has_news { Self::replace_all } else { Self::replace };
            if !is_same && !replace(self, Some(&bytes), &encoded)? {
                continue;
            }
            let is_unchanged = is_same && matches!(is_written, Ok(Kept::AsBefore));
            let imported = SnapshotImport { is_unchanged, ..imported };
            // What verified counts, whether or not the file can be kept.
            return match (judged.imported.refusal, is_written) {
                (Some(why), _) => Err(ImportError::Refused { why, imported: Box::new(imported) }),
                (None, Err(_)) if is_overtaken => {
                    Err(ImportError::Overtaken { imported: Box::new(imported) })
                }
                (None, Err(why)) => Err(ImportError::NotKept { why, imported: Box::new(imported) }),
                (None, Ok(Kept::Lacking)) => Err(ImportError::Lacking { imported: Box::new(imported) }),
                (None, Ok(_)) => Ok(imported),
            };
        }
        Err(ConfigurationError::StateContended.into())
    }

    fn revocation_store(&self) -> Result<&dyn RevocationStore, ConfigurationError> {
        self.revocation_store.as_deref().ok_or(ConfigurationError::RevocationStoreMissing)
    }

    /// `spec/revocation.md` §5.7: data of another app says nothing of what is held here.
    fn check_app(&self, state: &State, files: LicenseFiles<'_>) -> Result<(), ImportError> {
        let expected = self.trust.app;
        match app_of(state, files, expected) {
            Some(found) if found != expected => Err(ImportError::WrongApp { expected, found }),
            _ => Ok(()),
        }
    }

    /// `spec/revocation.md` §5.1, steps 2 to 4, under what the state remembers. Where a window refuses the file's keys, a clock that is wrong or
    /// missing keeps nothing out that holds by what is known of the time (`spec/guard.md` §2.2).
    fn judge_snapshot(
        &self,
        staged: &Staged,
        state: &State,
        files: LicenseFiles<'_>,
    ) -> Result<Judged, StageError> {
        let floors = self.floors(state);
        let first = self.judge_at(self.clock.now().max(floors.newest()), (staged, files), state)?;
        if !first.is_refused_by_a_window() {
            return Ok(first);
        }
        let known = floors.newest().max(state.guarded.as_ref().map_or(epoch(), |left| left.floor.at));
        // Roots or an authority say that it is that late, and no clock is there to doubt it.
        let begun = self.reads_no_clock(files).then(|| begun_at(&first.parts.chain)).flatten();
        let times = [known, floors.signed()].into_iter().chain(begun.map(|at| at.max(known)));
        for now in times {
            let again = self.judge_at(now, (staged, files), state)?;
            if !again.is_refused_by_a_window() {
                return Ok(again);
            }
        }
        Ok(first)
    }

    fn judge_at(
        &self,
        now: UnixSeconds,
        (staged, files): (&Staged, LicenseFiles<'_>),
        state: &State,
    ) -> Result<Judged, StageError> {
        let known = known_chain(&self.trust, &state.accepted(), self.held(state), now).ok();
        // Neither an older file nor a clock that was set back makes keys count that state or build know to be replaced.
        let accepted = self.known_maxima(state);
        let memory = &state.revocations;
        let shards = memory.shards.iter().map(|(place, taken)| (*place, taken.maximum.clone())).collect();
        let reader = SnapshotReader {
            roots: &self.trust.roots,
            tenant: self.trust.tenant,
            app: Some(self.trust.app),
            known: known.as_ref().map(|(chain, _)| chain),
            accepted: &accepted,
            snapshot: memory.snapshot.as_ref().map(|taken| &taken.maximum),
            shards: &shards,
            now,
        };
        let mut file = Parts::new(staged.container(), |entry: &_| staged.read(entry));
        let said = file.snapshot()?;
        let keysets = (&said.keyset, &said.tenant_keyset);
        // The framing gave it its kind.
        let Ok(parts) = SnapshotParts::of(said.snapshot, &said.roots, keysets) else {
            return Err(StageError::CopyDamaged);
        };
        let held = held_slots(state, files, self.trust.app);
        let mut found = Counting::default();
        let imported = reader.import(&parts, file.shards(), |shard, maximum| {
            found.count(shard, maximum, &held, memory);
            Ok(())
        })?;
        found.shards.sort_by_key(|shard| shard.block);
        Ok(Judged { imported, found, held, parts, known, now })
    }

    /// The state that follows, and what is told of it (`spec/revocation.md` §5.1 step 5, §5.2).
    fn after_import(&self, state: State, judged: &Judged) -> (State, SnapshotImport) {
        let imported = &judged.imported;
        let mut memory = state.revocations.clone();
        if let Some(chain) = judged.counts() {
            memory.forget_revoked(chain);
        }
        let is_whole = imported.refusal.is_none();
        let said_at = judged.chain().map(|chain| snapshot_floor(&state, judged, chain).snapshot);
        let now = said_at.map_or(judged.now, |at| at.max(judged.now));
        for (place, (maximum, issued_at)) in &judged.found.maxima {
            // spec/revocation.md §6.1: what says that it was signed later vouches for today, also when it comes again.
            let (at, by) = ((*issued_at).min(now), maximum.raised_by.clone());
            let before = memory.shards.get(place);
            let whole = before.map(|before| before.whole.clone()).unwrap_or_default();
            let is_again = whole.iter().any(|whole| whole.shard == maximum.statement);
            let mut taken = ShardTaken { maximum: maximum.clone(), issued_at: *issued_at, whole };
            if is_whole && !is_again {
                taken.vouch(Whole { at, shard: maximum.statement, by });
            }
            memory.shards.insert(*place, taken);
        }
        if let Some(chain) = judged.chain() {
            memory.shards.retain(|_, taken| taken.counts(chain) || !taken.whole.is_empty());
        }
        if let Some((snapshot, maximum)) = &imported.snapshot {
            let said = snapshot.get();
            self.fit(&mut memory, said);
            memory.snapshot = Some(SnapshotTaken {
                maximum: maximum.clone(),
                issued_at: said.issued_at,
                next_update: said.next_update,
            });
        }
        memory.list(&judged.found.listed);
        memory.see(&judged.found.seen);
        let lists =
            |held: &&Slot| judged.counts().is_some_and(|chain| memory.lists(held.id, chain).is_some());
        let revoked = judged.held.iter().filter(lists);
        let told = SnapshotImport {
            snapshot: imported.snapshot.as_ref().map(|(snapshot, _)| SnapshotSays {
                version: snapshot.get().version,
                issued_at: snapshot.get().issued_at,
                next_update: snapshot.get().next_update,
            }),
            has_new_keys: imported
                .chain
                .as_ref()
                .is_some_and(|chain| is_newer(chain, &self.known_maxima(&state))),
            shards: judged.found.shards.clone(),
            revoked: revoked.map(|held| RevokedStatement { what: held.what, id: held.id }).collect(),
            looked_up: judged.held.iter().map(|held| held.what).collect(),
            is_unchanged: false,
        };
        let after = self.memory_after(&state, judged);
        (State { revocations: memory, memory: after, ..state }, told)
    }

    /// As many shards as a file can hold: those that the snapshot names first.
    fn fit(&self, memory: &mut RevocationMemory, snapshot: &Snapshot) {
        let named: BTreeSet<(AppId, u64)> = named(snapshot, self.trust.app).collect();
        let held = memory.shards.keys().filter(|place| named.contains(place)).count();
        let mut others = limits::SHARDS.saturating_sub(held);
        memory.shards.retain(|place, _| {
            let is_kept = named.contains(place) || others > 0;
            others -= usize::from(is_kept && !named.contains(place));
            is_kept
        });
    }

    /// The file's keys count as those from an answer do, and with them no clock runs behind what was signed.
    fn memory_after(&self, state: &State, judged: &Judged) -> Option<Memory> {
        let before = state.memory.as_ref();
        let Some(chain) = judged.chain() else { return before.cloned() };
        let floors = state.floors_kept();
        let vouched = [chain.keyset().get().issued_at, chain.tenant_keyset().get().issued_at];
        let authority = vouched.into_iter().fold(floors.authority, UnixSeconds::max);
        let floors = Floors { authority, ..snapshot_floor(state, judged, chain) };
        // The same statements in another form are nothing new.
        let is_same = before.is_some() && !is_newer(chain, &state.accepted());
        let statements = match &judged.known {
            _ if is_same => self.held(state),
            Some((_, held)) if judged.imported.chain.is_none() => held.clone(),
            _ => self.held(state).under(judged.parts.chain.clone()),
        };
        Some(Memory {
            accepted: if is_same { state.accepted() } else { chain.accepted().clone() },
            floors,
            licenses: state.licenses(),
            statements,
        })
    }
}

/// `spec/revocation.md` §5.1 step 5: what the newest snapshot says of the time, in the place of what another one said before. What ran by
/// that one is not to be run again, where this one is no earlier.
fn snapshot_floor(state: &State, judged: &Judged, chain: &TenantTrust) -> Floors {
    let there = state.floors_kept();
    let before = state.revocations.snapshot.as_ref();
    let Some((snapshot, maximum)) = &judged.imported.snapshot else { return there };
    if before.is_some_and(|before| before.maximum.statement == maximum.statement) {
        return there;
    }
    let issued_at = snapshot.get().issued_at;
    let goes_on =
        |before: &&SnapshotTaken| chain.has_standing(&before.maximum) && before.issued_at <= issued_at;
    let said_at = bounded(issued_at, chain);
    let there = if before.is_some_and(|before| goes_on(&before)) { there } else { there.without_snapshot() };
    Floors { snapshot: there.snapshot.max(said_at), ..there }
}

/// What counted so far.
#[derive(Default)]
struct Counting {
    shards: Vec<ShardImport>,
    maxima: BTreeMap<(AppId, u64), (Maximum, UnixSeconds)>,
    /// What the device holds and they list, and what they do not.
    listed: Vec<Listed>,
    seen: Vec<Seen>,
}

impl Counting {
    fn count(&mut self, shard: &Verified<Shard>, maximum: Maximum, held: &[Slot], memory: &RevocationMemory) {
        let said = shard.get();
        let before = memory.shards.get(&(said.app, said.block));
        self.shards.push(ShardImport {
            block: said.block,
            version: said.version,
            issued_at: said.issued_at,
            listed: said.body.as_ref().map_or(0, sealgate_artifact::ShardBody::count),
            is_new: before.is_none_or(|before| before.maximum.statement != maximum.statement),
        });
        for held in held {
            match held.number.filter(|slot| Shard::block_of(*slot) == said.block) {
                Some(slot) if said.lists(slot) => {
                    let keys = maximum.raised_by.clone();
                    self.listed.push(Listed { what: held.what, id: held.id, keys });
                }
                Some(_) => self.seen.push(Seen { statement: held.id, shard: shard.id() }),
                None => {}
            }
        }
        self.maxima.insert((said.app, said.block), (maximum, said.issued_at));
    }
}

/// The app to which a state belongs: that of what it holds, else of the files beside it, else of the data that was taken over before.
fn app_of(state: &State, files: LicenseFiles<'_>, own: AppId) -> Option<AppId> {
    let licenses = licenses(state, files).into_iter().flatten().filter_map(license_app);
    let bundle = state.bundled.kept.as_deref().and_then(bundle_app);
    let held = licenses.chain(files.proof.and_then(proof_app)).chain(bundle).next();
    let taken = state.revocations.shards.keys().map(|(app, _)| *app);
    held.or_else(|| taken.clone().find(|app| *app == own)).or_else(|| taken.clone().next())
}

fn license_app(bytes: &[u8]) -> Option<AppId> {
    Unverified::<License>::decode(bytes).ok()?.danger_peek().ok().map(|said| said.app)
}

fn bundle_app(bytes: &[u8]) -> Option<AppId> {
    Unverified::<Bundle>::decode(bytes).ok()?.danger_peek().ok().map(|said| said.terms.app)
}

fn proof_app(bytes: &[u8]) -> Option<AppId> {
    Unverified::<ActivationProof>::decode(bytes).ok()?.danger_peek().ok().map(|said| said.app)
}

fn licenses<'a>(state: &'a State, files: LicenseFiles<'a>) -> [Option<&'a [u8]>; 3] {
    let kept = state.activated.as_ref().map(|kept| kept.license.as_slice());
    let validated = state.memory.as_ref().and_then(|memory| memory.statements.license.as_deref());
    [kept, validated, files.license]
}

/// The blocks of an app that a snapshot names.
fn named(snapshot: &Snapshot, app: AppId) -> impl Iterator<Item = (AppId, u64)> {
    snapshot.shards.iter().filter(move |entry| entry.app == app).map(|entry| (entry.app, entry.block))
}

/// The statements of this device that can be taken back: as they were accepted, and those of files, which somebody shows. A slot is one of an
/// app, so what is another app's is not looked up.
pub(crate) fn held_slots(state: &State, files: LicenseFiles<'_>, app: AppId) -> Vec<Slot> {
    let license = |bytes: &[u8]| {
        let claim = Unverified::<License>::decode(bytes).ok()?;
        let said = claim.danger_peek().ok().filter(|said| said.app == app)?;
        Some(Slot::of_terms(HeldStatement::License, claim.envelope().id(), &said))
    };
    let bundle = |bytes: &[u8]| {
        let claim = Unverified::<Bundle>::decode(bytes).ok()?;
        let said = claim.danger_peek().ok().filter(|said| said.terms.app == app)?;
        Some(Slot::of_terms(HeldStatement::Bundle, claim.envelope().id(), &said.terms))
    };
    let bundle = state.bundled.kept.as_deref().and_then(bundle);
    let licenses = licenses(state, files).into_iter().flatten().filter_map(license);
    let proofs =
        [state.activated.as_ref().map(|kept| kept.proof.as_slice()), files.proof].into_iter().flatten();
    let proofs = proofs.filter(|proof| proof_app(proof) == Some(app)).filter_map(Slot::of_proof);
    let mut all: Vec<Slot> = vec![];
    for held in licenses.chain(proofs).chain(bundle) {
        if all.iter().all(|other| other.id != held.id) {
            all.push(held);
        }
    }
    all
}

/// Whether any level is another statement than the one that was accepted.
pub(crate) fn is_newer(chain: &TenantTrust, before: &Accepted) -> bool {
    let ids = |accepted: &Accepted| {
        let Accepted { root, keyset, tenant_keyset, .. } = accepted;
        [root, keyset, tenant_keyset].map(|level| level.as_ref().map(|level| level.statement))
    };
    ids(chain.accepted()) != ids(before)
}

/// At most the end of what vouches for it, as `spec/online.md` §6.8 has it of a decision.
pub(crate) fn bounded(said_at: UnixSeconds, chain: &TenantTrust) -> UnixSeconds {
    let ends = [
        chain.root().get().expires_at,
        chain.keyset().get().expires_at,
        chain.tenant_keyset().get().expires_at,
    ];
    ends.into_iter().map(|end| end.minus(1)).fold(said_at, UnixSeconds::min)
}

/// Where the file system knows no locks, an older snapshot does not take the place of a newer one that another process took over meanwhile.
struct WhileCurrent<'a> {
    store: &'a dyn RevocationStore,
    /// Whether the state is the one by which the snapshot was judged.
    is_current: &'a (dyn Fn() -> bool + Sync),
}

impl RevocationStore for WhileCurrent<'_> {
    fn lock(&self) -> io::Result<Box<dyn Any>> {
        self.store.lock()
    }

    fn open(&self) -> io::Result<Option<Box<dyn RevocationFile>>> {
        self.store.open()
    }

    fn replace(&self, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        self.store.replace(&mut |out: &mut dyn Write| {
            write(out)?;
            if (self.is_current)() { Ok(()) } else { Err(io::ErrorKind::Interrupted.into()) }
        })
    }

    fn folder(&self) -> &Path {
        self.store.folder()
    }
}

/// What became of the file that is kept.
enum Kept {
    AsBefore,
    Anew,
    /// `spec/revocation.md` §5.8: the state knows a newer shard of a block that the snapshot names, and neither this file nor the one before has it.
    Lacking,
}

/// Keeps the shards that count from now on.
fn keep_file(
    (store, lock): (&dyn RevocationStore, &io::Result<Box<dyn Any>>),
    staged: &Staged,
    (judged, memory): (&Judged, &RevocationMemory),
    app: AppId,
) -> Result<Kept, String> {
    // Without a snapshot that verified, nothing of the file's is to be looked up.
    let Some((said, _)) = &judged.imported.snapshot else { return Ok(Kept::AsBefore) };
    let wanted: Vec<StatementId> = memory.shards.values().map(|taken| taken.maximum.statement).collect();
    let mut before = KeptFile::open(store).ok().flatten();
    let snapshot = judged.parts.snapshot.envelope();
    if before.as_mut().is_some_and(|file| is_kept(file, snapshot, &wanted)) {
        return Ok(Kept::AsBefore);
    }
    lock.as_ref().map_err(io::Error::to_string)?;
    let written = keep(store, staged, before, &wanted).map_err(|why| why.to_string())?;
    let mut needed = named(said.get(), app).filter_map(|place| memory.shards.get(&place));
    let is_there = |taken: &ShardTaken| written.contains(&taken.maximum.statement);
    Ok(if needed.all(is_there) { Kept::Anew } else { Kept::Lacking })
}

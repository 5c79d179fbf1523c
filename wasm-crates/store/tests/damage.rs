//! Damage on disk: a typed error, or no effect; never another value. `STORE_DAMAGE=n` sets the trials of each kind.

mod model;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use model::{Model, Random, State, advance, check_beside, open, options, promises};
use store::{Health, Read, Store, StoreError};

fn trials() -> u64 {
    std::env::var("STORE_DAMAGE").map_or(12, |n| n.parse().unwrap())
}

/// What a damaged file did.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    NoEffect,
    Typed,
}

struct Whole {
    bytes: Vec<u8>,
    states: std::collections::BTreeMap<u64, State>,
}

fn whole() -> Whole {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut model = Model::default();
    let states = advance(&store, &mut model, 60);
    store.close().unwrap();
    drop(store);
    let bytes = std::fs::read(directory.path().join("state.redb")).unwrap();
    Whole { bytes, states }
}

fn typed<T>(store: Option<&Store>, result: store::Result<T>) -> Result<T, Outcome> {
    result.map_err(|error| {
        let damage = matches!(
            error,
            StoreError::Damaged { .. } | StoreError::Schema { .. } | StoreError::Io { .. }
        );
        assert!(damage, "not an error of damage: {error:?}");
        if let (Some(store), StoreError::Damaged { .. }) = (store, &error) {
            // No retry on the same handle.
            assert_eq!(store.health(), Health::Damaged(error.clone()));
            assert_eq!(store.get(b"last"), Err(error));
        }
        Outcome::Typed
    })
}

/// Reads everything that is in the file, then, with `write`, goes on and reads again.
fn read_all(directory: &Path, whole: &Whole, write: bool) -> Result<(), Outcome> {
    let store = typed(None, Store::open(directory, options()))?;
    let s = Some(&store);
    let read = |last: u64, states: &std::collections::BTreeMap<u64, State>| {
        let head = typed(s, store.head())?;
        assert_eq!(head, Some(last), "another head");
        for (generation, state) in states {
            let model = typed(s, Model::read(&store, *generation))?;
            assert_eq!(&model.state, state, "another state at {generation}");
            let header = typed(s, store.frame(*generation))?;
            assert!(header.is_some(), "frame {generation} silently gone");
            check_beside_typed(&store, *generation)?;
        }
        assert_eq!(
            typed(s, store.get(b"last"))?,
            Some(last.to_be_bytes().to_vec())
        );
        Ok(())
    };
    if !write {
        return read(60, &whole.states);
    }
    // An ordinary write next to the damage must not make it look whole.
    let mut states = whole.states.clone();
    let mut model = typed(s, Model::read(&store, 60))?;
    for number in 61..=64 {
        typed(s, store.commit_frame(&model.frame(number)))?;
        states.insert(number, model.state.clone());
    }
    read(64, &states)?;
    let report = typed(s, store.verify(Some(&mut promises)))?;
    if !report.is_sound() {
        return Err(Outcome::Typed);
    }
    Ok(())
}

fn check_beside_typed(store: &Store, number: u64) -> Result<(), Outcome> {
    typed(Some(store), store.certificate(number))?;
    typed(Some(store), store.cursor(b"registry", number))?;
    check_beside(store, number);
    Ok(())
}

fn damaged(whole: &Whole, bytes: &[u8], write: bool) -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("state.redb"), bytes).unwrap();
    let result = catch_unwind(AssertUnwindSafe(|| {
        read_all(directory.path(), whole, write)
    }));
    match result {
        Ok(Ok(())) => Outcome::NoEffect,
        Ok(Err(outcome)) => outcome,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

fn run(whole: &Whole, seed: u64, damage: impl Fn(&mut Random, &mut Vec<u8>)) -> (u64, u64) {
    let (mut typed, mut without) = (0, 0);
    let mut random = Random::new(seed);
    for trial in 0..trials() {
        let mut bytes = whole.bytes.clone();
        damage(&mut random, &mut bytes);
        match damaged(whole, &bytes, trial % 2 == 1) {
            Outcome::Typed => typed += 1,
            Outcome::NoEffect => without += 1,
        }
    }
    (typed, without)
}

/// The part of the file that holds pages: the file is longer than its content.
fn used(bytes: &[u8]) -> u64 {
    bytes.iter().rposition(|&byte| byte != 0).unwrap() as u64
}

#[test]
fn the_untouched_file_reads_whole() {
    let whole = whole();
    assert_eq!(damaged(&whole, &whole.bytes, false), Outcome::NoEffect);
    assert_eq!(damaged(&whole, &whole.bytes, true), Outcome::NoEffect);
}

#[test]
fn one_flipped_byte_is_typed_or_without_effect() {
    let whole = whole();
    let used = used(&whole.bytes);
    let (typed, without) = run(&whole, 1, |random, bytes| {
        let at = random.below(used) as usize;
        bytes[at] ^= 1 + random.below(255) as u8;
    });
    println!("bytes: {typed} typed, {without} without effect");
}

#[test]
fn one_page_of_garbage_is_typed_or_without_effect() {
    let whole = whole();
    let used = used(&whole.bytes);
    let (typed, without) = run(&whole, 2, |random, bytes| {
        let page = random.below(used / 4096) as usize * 4096;
        for byte in &mut bytes[page..page + 4096] {
            *byte = random.next() as u8;
        }
    });
    println!("garbage pages: {typed} typed, {without} without effect");
    assert!(typed > 0);
}

#[test]
fn a_page_of_zeros_or_an_old_page_elsewhere_is_typed_or_without_effect() {
    let whole = whole();
    let used = used(&whole.bytes);
    let (typed, without) = run(&whole, 3, |random, bytes| {
        let page = random.below(used / 4096) as usize * 4096;
        if random.below(2) == 0 {
            bytes[page..page + 4096].fill(0);
        } else {
            let from = random.below(used / 4096) as usize * 4096;
            bytes.copy_within(from..from + 4096, page);
        }
    });
    println!("misplaced pages: {typed} typed, {without} without effect");
    assert!(typed > 0);
}

#[test]
fn a_cut_file_is_typed() {
    let whole = whole();
    for percent in [0, 1, 20, 40, 60, 80, 99] {
        let length = whole.bytes.len() * percent / 100;
        if percent == 0 {
            // An empty file is no store: never taken for a new one.
            assert_eq!(damaged(&whole, &[], false), Outcome::Typed);
            continue;
        }
        assert_eq!(
            damaged(&whole, &whole.bytes[..length], false),
            Outcome::Typed,
            "{percent} %"
        );
    }
    assert_eq!(
        damaged(&whole, b"not a store at all", false),
        Outcome::Typed
    );
}

#[test]
fn a_damaged_handle_writes_no_more_so_the_damage_is_not_sealed() {
    let directory = tempfile::tempdir().unwrap();
    let whole = whole();
    let path = directory.path().join("state.redb");
    let at = whole
        .bytes
        .windows(9)
        .rposition(|window| window == b"header 30")
        .unwrap();
    let mut bytes = whole.bytes.clone();
    bytes[at] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let read = Store::open(directory.path(), options()).and_then(|store| store.frame(30));
    assert!(matches!(read, Err(StoreError::Damaged { .. })), "{read:?}");
    let salvage = store::Options {
        salvage: true,
        ..options()
    };
    let store = Store::open(directory.path(), salvage.clone()).unwrap();
    let error = store.frame(30).unwrap_err();
    let StoreError::Damaged { table, key, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(*table, Some(store::Table::Frame));
    assert_eq!(key[..], 30u64.to_be_bytes());
    assert!(store.batch(&[], store::Durability::Durable).is_err());
    assert_eq!(store.reopen(), Err(error));
    store.close().unwrap();
    drop(store);
    // Found again, and mended: the frame is fetched anew.
    let store = Store::open(directory.path(), salvage.clone()).unwrap();
    let report = store.verify(Some(&mut promises)).unwrap();
    assert_eq!(
        report.damaged,
        [(store::Table::Frame, 30u64.to_be_bytes().to_vec())]
    );
    assert_eq!(store.repair(&report).unwrap().lost, report.damaged);
    drop(store);
    Store::rebuild(directory.path(), &salvage).unwrap();
    let store = Store::open(directory.path(), options()).unwrap();
    assert_eq!(store.frame(30).unwrap(), None);
    assert!(store.verify(Some(&mut promises)).unwrap().is_sound());
}

#[test]
fn a_scrub_finds_damage_before_it_is_needed() {
    let directory = tempfile::tempdir().unwrap();
    let whole = whole();
    let scrub = |bytes: &[u8]| {
        std::fs::write(directory.path().join("state.redb"), bytes).unwrap();
        let store = Store::open(directory.path(), options())?;
        let (mut position, mut steps) = (store.scrub(None, 50)?, 1);
        while position.is_some() {
            position = store.scrub(position, 50)?;
            steps += 1;
        }
        Ok::<_, StoreError>(steps)
    };
    assert!(scrub(&whole.bytes).unwrap() > 15);
    let mut bytes = whole.bytes.clone();
    let at = bytes
        .windows(9)
        .rposition(|window| window == b"header 30")
        .unwrap();
    bytes[at] ^= 1;
    assert!(matches!(scrub(&bytes), Err(StoreError::Damaged { .. })));
}

#[test]
fn wrong_page_sums_without_a_wrong_record_are_cured_by_a_copy() {
    let directory = tempfile::tempdir().unwrap();
    let whole = whole();
    let path = directory.path().join("state.redb");
    // The second byte of a page is padding: no record holds it, the page sum does.
    let header = b"header 30";
    let at = whole
        .bytes
        .windows(header.len())
        .rposition(|window| window == header)
        .unwrap();
    let mut bytes = whole.bytes.clone();
    bytes[at / 4096 * 4096 + 1] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let salvage = store::Options {
        salvage: true,
        ..options()
    };
    let store = Store::open(directory.path(), salvage.clone()).unwrap();
    let report = store.verify(Some(&mut promises)).unwrap();
    assert!(!report.pages_sound);
    assert!(report.damaged.is_empty() && report.missing.is_empty());
    drop(store);
    Store::rebuild(directory.path(), &salvage).unwrap();
    let store = Store::open(directory.path(), options()).unwrap();
    assert!(store.verify(Some(&mut promises)).unwrap().is_sound());
    assert_eq!(Model::read(&store, 60).unwrap().state, whole.states[&60]);
}

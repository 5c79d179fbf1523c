//! Full disks: the levels, and a real file system of 24 MB that runs full.

mod model;

use std::path::Path;

use model::{Model, advance, options, promises};
use store::{DiskLevel, Durability, Health, KvOperation, Options, Read, Space, Store, StoreError};

fn at_percent<const USED: u64>(_: &Path) -> std::io::Result<Space> {
    Ok(Space {
        total: 100,
        available: 100 - USED,
    })
}

fn kv(number: u64, length: usize) -> KvOperation {
    KvOperation::Put {
        key: number.to_be_bytes().to_vec(),
        value: vec![number as u8; length],
    }
}

#[test]
fn above_95_percent_frames_and_puts_are_refused_the_rest_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let ballast = directory.path().join("ballast");
    let roomy = Options {
        ballast_bytes: 1 << 20,
        space: at_percent::<50>,
        ..options()
    };
    let store = Store::open(directory.path(), roomy.clone()).unwrap();
    store.intern(&[b"tree".to_vec()]).unwrap();
    let mut model = Model::default();
    advance(&store, &mut model, 80);
    assert_eq!(ballast.metadata().unwrap().len(), 1 << 20);
    drop(store);
    for (space, level) in [
        (at_percent::<70> as store::SpaceProbe, DiskLevel::Notice),
        (at_percent::<90>, DiskLevel::Warning),
    ] {
        let options = Options {
            space,
            ..roomy.clone()
        };
        let store = Store::open(directory.path(), options).unwrap();
        assert_eq!(store.disk_level().unwrap(), level);
        let next = store.head().unwrap().unwrap() + 1;
        advance(&store, &mut model, next);
    }
    assert!(ballast.exists());
    let full = Options {
        space: at_percent::<95>,
        ..roomy.clone()
    };
    let store = Store::open(directory.path(), full).unwrap();
    let before = model.clone();
    let frame = model.frame(83);
    assert_eq!(store.commit_frame(&frame).unwrap_err().code(), "full");
    assert!(!ballast.exists());
    let put = store.batch(&[kv(1, 1)], Durability::Durable);
    assert_eq!(put.unwrap_err().code(), "full");
    let delete = KvOperation::Delete {
        key: b"last".to_vec(),
    };
    store.batch(&[delete], Durability::Durable).unwrap();
    assert_eq!(store.prune(0, 10).unwrap().oldest, 19);
    assert_eq!(Model::read(&store, 82).unwrap(), before);
    assert_eq!(store.health(), Health::Sound);
    store.close().unwrap();
    drop(store);
    let store = Store::open(directory.path(), roomy).unwrap();
    assert!(ballast.exists());
    store.commit_frame(&frame).unwrap();
    assert_eq!(Model::read(&store, 83).unwrap(), model);
}

/// A tmpfs of its own; `None`, said aloud, where this process may not mount.
struct Mount(tempfile::TempDir);

impl Mount {
    fn new(megabytes: u32) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"])
            .arg(directory.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(directory)),
            other => {
                eprintln!("NOT TESTED: mounting a small tmpfs is impossible here: {other:?}");
                None
            }
        }
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg("-l")
            .arg(self.0.path())
            .status();
    }
}

#[test]
fn a_disk_that_runs_full_is_a_typed_error_and_loses_nothing() {
    let Some(mount) = Mount::new(24) else { return };
    let directory = mount.0.path().join("store");
    let options = Options {
        ballast_bytes: 2 << 20,
        // The levels are off, so that the disk really runs full.
        space: at_percent::<50>,
        ..options()
    };
    let store = Store::open(&directory, options.clone()).unwrap();
    store.intern(&[b"tree".to_vec()]).unwrap();
    let mut model = Model::default();
    advance(&store, &mut model, 3);
    let filler = mount.0.path().join("filler");
    let mut last = None;
    let error = (0..10_000)
        .find_map(|number| {
            let written = store.batch(&[kv(number, 100_000)], Durability::Durable);
            if written.is_ok() {
                last = Some(number);
            }
            written.err()
        })
        .unwrap();
    assert!(matches!(error, StoreError::Full(_)), "{error}");
    assert_eq!(store.health(), Health::WriteFailed(error.clone()));
    // Refused until it is opened again, with the same cause.
    assert_eq!(
        store.batch(&[kv(1, 1)], Durability::Durable),
        Err(error.clone())
    );
    let _ = std::fs::write(&filler, vec![1; 1 << 20]);
    assert!(store.release_ballast());
    store.reopen().unwrap();
    assert_eq!(store.health(), Health::Sound);
    for number in 0..=last.unwrap() {
        let value = store.get(&number.to_be_bytes()).unwrap().unwrap();
        assert_eq!(value, vec![number as u8; 100_000]);
    }
    assert_eq!(store.get(&(last.unwrap() + 1).to_be_bytes()).unwrap(), None);
    assert_eq!(Model::read(&store, 3).unwrap(), model);
    // The ballast gave room for a clean stop.
    store.batch(&[kv(0, 10)], Durability::Durable).unwrap();
    assert!(store.verify(Some(&mut promises)).unwrap().is_sound());
    store.close().unwrap();
    drop(store);
    let _ = std::fs::remove_file(&filler);
    let store = Store::open(&directory, options.clone()).unwrap();
    assert_eq!(
        store.get(&0u64.to_be_bytes()).unwrap().unwrap(),
        vec![0; 10]
    );
    drop(store);
    // Opening on a disk with no byte left, then again with room.
    let mut filler_size = 1 << 20;
    while filler_size > 0 {
        use std::io::Write;
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&filler)
            .unwrap();
        if file.write_all(&vec![1; filler_size]).is_err() {
            filler_size /= 4;
        }
    }
    match Store::open(&directory, options.clone()) {
        Ok(store) => assert_eq!(store.head().unwrap(), Some(3)),
        Err(error) => assert_eq!(error.code(), "full", "{error}"),
    }
    std::fs::remove_file(&filler).unwrap();
    let store = Store::open(&directory, options).unwrap();
    assert_eq!(Model::read(&store, 3).unwrap(), model);
}

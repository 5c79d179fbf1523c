//! kill -9 at random moments of frames, prune, rollback, backup and migration: nothing acknowledged is lost, nothing is torn.
//! `STORE_POWER_CUTS=25` adds power cuts on an image of ext4 (root only).
//! `STORE_KILLS=200` sets the number of kills; the child is this program, started again.

mod model;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use model::{Model, Random, State, check_beside, open, options, promises};
use store::{Migrated, Migration, Options, Pin, Read, Schema, Store, Table};

const CHILD: &str = "STORE_CRASH_CHILD";

fn main() {
    if let Ok(directory) = std::env::var(CHILD) {
        match std::env::args().nth(1).as_deref() {
            Some("migrate") => migrating_child(Path::new(&directory)),
            _ => working_child(Path::new(&directory)),
        }
        return;
    }
    let kills: u64 = std::env::var("STORE_KILLS").map_or(16, |n| n.parse().unwrap());
    kill_at_work(kills);
    kill_at_migration(kills.div_ceil(4));
    #[cfg(target_os = "linux")]
    if let Ok(cuts) = std::env::var("STORE_POWER_CUTS") {
        power::cut(cuts.parse().unwrap());
    }
}

/// Tells the parent, which sees the line also when the next instruction never comes.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// Writes frames for ever, with everything else a node does in between.
fn working_child(directory: &Path) {
    let store = open(directory);
    let seed = std::process::id().into();
    let mut random = Random::new(seed);
    let mut head = store.head().unwrap().unwrap_or(0);
    let mut model = if head == 0 {
        Model::default()
    } else {
        Model::read(&store, head).unwrap()
    };
    loop {
        head += 1;
        store.commit_frame(&model.frame(head)).unwrap();
        say(&format!("head {head}"));
        if head.is_multiple_of(4) {
            store.prune(0, 8).unwrap();
            say("pruned");
        }
        if head.is_multiple_of(30) {
            let pin = Pin {
                generation: head,
                reason: b"child".to_vec(),
                expires: 0,
            };
            store.pin(&pin).unwrap();
            say(&format!(
                "copy {}",
                store.backup(directory.join("backups")).unwrap().display()
            ));
        }
        if random.below(25) == 0 {
            let back = head
                .saturating_sub(random.below(10))
                .max(store.oldest_generation().unwrap())
                .max(1);
            say(&format!("back {back}"));
            store.rollback(back).unwrap();
            head = back;
            say(&format!("head {head}"));
            model = Model::read(&store, head).unwrap();
        }
    }
}

fn exclaim(table: Table, key: &[u8], value: &[u8]) -> store::Result<Migrated> {
    let value = if table == Table::Kv {
        [value, b"!"].concat()
    } else {
        value.to_vec()
    };
    Ok(Some((key.to_vec(), value)))
}

const STEPS: &[Migration] = &[Migration {
    from: 1,
    to: 2,
    record: exclaim,
}];

fn second() -> Options {
    Options {
        schema: Schema {
            version: 2,
            migrations: STEPS,
        },
        ..options()
    }
}

fn migrating_child(directory: &Path) {
    say("started");
    let store = Store::open(directory, second()).unwrap();
    say("migrated");
    store.close().unwrap();
}

/// Power cuts: an ext4 image whose file system is shut down without flushing its log.
#[cfg(target_os = "linux")]
mod power {
    use super::*;
    use rustix::ioctl::{Setter, ioctl, opcode};

    /// FS_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: what was not synced is gone.
    fn shut_down(mount: &Path) {
        const SHUTDOWN: rustix::ioctl::Opcode = opcode::read::<u32>(b'X', 125);
        let directory = std::fs::File::open(mount).unwrap();
        // SAFETY: the call reads one u32, which lives until it returns.
        unsafe { ioctl(&directory, Setter::<SHUTDOWN, u32>::new(2)) }.unwrap();
    }

    fn run(program: &str, arguments: &[&str], path: &Path) {
        let status = Command::new(program)
            .args(arguments)
            .arg(path)
            .status()
            .unwrap();
        assert!(status.success(), "{program}");
    }

    pub fn cut(cuts: u64) {
        let held = tempfile::tempdir().unwrap();
        let (image, mount) = (held.path().join("image"), held.path().join("mount"));
        std::fs::File::create(&image)
            .unwrap()
            .set_len(256 << 20)
            .unwrap();
        std::fs::create_dir(&mount).unwrap();
        run("mkfs.ext4", &["-q"], &image);
        let mut truth = Truth::new();
        let mut random = Random::new(cuts);
        let (mut head, mut acknowledged) = (0, 0);
        for _ in 0..cuts {
            run("mount", &["-o", "loop", image.to_str().unwrap()], &mount);
            let directory = mount.join("store");
            let life = Duration::from_millis(50 + random.below(1500));
            let heard = kill_with(&directory, "work", life, || shut_down(&mount));
            run("umount", &[], &mount);
            run("mount", &["-o", "loop", image.to_str().unwrap()], &mount);
            acknowledged += heard
                .lines
                .iter()
                .filter(|line| line.starts_with("head"))
                .count();
            let (low, high) = possible_heads(head, &heard);
            let store = open(&directory);
            head = check(&store, &mut truth, false);
            assert!(
                (low..=high).contains(&head),
                "head {head}, acknowledged {low} to {high}"
            );
            store.close().unwrap();
            drop(store);
            let _ = std::fs::remove_dir_all(directory.join("backups"));
            run("umount", &[], &mount);
        }
        println!("{cuts} power cuts: {acknowledged} frames acknowledged, none lost or torn");
    }
}

/// What the child said before it died.
struct Heard {
    lines: Vec<String>,
}

/// Starts the child, kills it after `life`, and collects its lines.
fn kill_after(directory: &Path, mode: &str, life: Duration) -> Heard {
    kill_with(directory, mode, life, || ())
}

fn kill_with(directory: &Path, mode: &str, life: Duration, before: impl FnOnce()) -> Heard {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg(mode)
        .env(CHILD, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let reader = std::thread::spawn(move || lines.map_while(Result::ok).collect());
    std::thread::sleep(life);
    before();
    child.kill().unwrap();
    child.wait().unwrap();
    Heard {
        lines: reader.join().unwrap(),
    }
}

/// The state after each frame, which depends on nothing but its number.
struct Truth {
    model: Model,
    states: BTreeMap<u64, State>,
}

impl Truth {
    fn new() -> Self {
        Self {
            model: Model::default(),
            states: BTreeMap::from([(0, State::new())]),
        }
    }

    fn at(&mut self, frame: u64) -> &State {
        for number in self.states.len() as u64..=frame {
            self.model.frame(number);
            self.states.insert(number, self.model.state.clone());
        }
        &self.states[&frame]
    }
}

/// The heads that may be in the store after these lines.
fn possible_heads(before: u64, heard: &Heard) -> (u64, u64) {
    let (mut low, mut high) = (before, before + 1);
    for line in &heard.lines {
        let (word, number) = line.split_once(' ').unwrap_or((line, "0"));
        match word {
            "head" => (low, high) = (number.parse().unwrap(), number.parse::<u64>().unwrap() + 1),
            "back" => low = number.parse().unwrap(),
            _ => {}
        }
    }
    (low, high)
}

fn check(store: &Store, truth: &mut Truth, all: bool) -> u64 {
    let Some(head) = store.head().unwrap() else {
        return 0;
    };
    let oldest = store.oldest_generation().unwrap().max(1);
    let generations: Vec<u64> = if all {
        (oldest..=head).collect()
    } else {
        vec![oldest, (oldest + head) / 2, head]
    };
    for generation in generations {
        assert_eq!(
            &Model::read(store, generation).unwrap().state,
            truth.at(generation),
            "generation {generation}"
        );
        check_beside(store, generation);
    }
    assert_eq!(store.frame(head + 1).unwrap(), None);
    let report = store.verify(Some(&mut promises)).unwrap();
    assert!(report.is_sound(), "{report:?}");
    head
}

fn kill_at_work(kills: u64) {
    let directory = tempfile::tempdir().unwrap();
    let mut truth = Truth::new();
    let mut random = Random::new(kills);
    let (mut head, mut acknowledged, mut slowest) = (0, 0, Duration::ZERO);
    let mut copies = 0;
    for kill in 0..kills {
        let heard = kill_after(
            directory.path(),
            "work",
            Duration::from_micros(2_000 + random.below(400_000)),
        );
        acknowledged += heard
            .lines
            .iter()
            .filter(|line| line.starts_with("head"))
            .count();
        let (low, high) = possible_heads(head, &heard);
        let started = Instant::now();
        let store = open(directory.path());
        slowest = slowest.max(started.elapsed());
        head = check(&store, &mut truth, kill % 8 == 0);
        assert!(
            (low..=high).contains(&head),
            "head {head}, acknowledged {low} to {high}"
        );
        store.close().unwrap();
        copies += check_copies(&directory.path().join("backups"), &mut truth);
    }
    println!(
        "{kills} kills at work: {acknowledged} frames acknowledged, none lost or torn; {copies} copies whole; slowest reopening {slowest:?}"
    );
    if kills >= 8 {
        assert!(acknowledged > 0);
    }
}

/// Every copy that has its name is whole; what a kill left has another name.
fn check_copies(directory: &Path, truth: &mut Truth) -> u64 {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return 0;
    };
    let mut copies = 0;
    for entry in entries {
        let path: PathBuf = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "redb") {
            let restored = tempfile::tempdir().unwrap();
            std::fs::copy(&path, restored.path().join("state.redb")).unwrap();
            let store = open(restored.path());
            let head = check(&store, truth, false);
            assert!(path.ends_with(format!("state-{head}.redb")));
            copies += 1;
        }
        std::fs::remove_file(path).unwrap();
    }
    copies
}

fn kill_at_migration(kills: u64) {
    let source = tempfile::tempdir().unwrap();
    let store = open(source.path());
    let mut model = Model::default();
    model::advance(&store, &mut model, 60);
    store.close().unwrap();
    drop(store);
    let original = std::fs::read(source.path().join("state.redb")).unwrap();
    // How long it takes undisturbed tells when to kill.
    let whole = Instant::now();
    drop(Store::open(source.path(), second()).unwrap());
    let whole = whole.elapsed().as_micros() as u64 + 5_000;
    let mut random = Random::new(kills);
    let (mut before, mut after) = (0, 0);
    for _ in 0..kills {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("state.redb"), &original).unwrap();
        kill_after(
            directory.path(),
            "migrate",
            Duration::from_micros(random.below(whole * 3 / 2)),
        );
        match Store::open(directory.path(), options()) {
            Ok(store) => {
                before += 1;
                assert_eq!(
                    store.get(b"last").unwrap(),
                    Some(60u64.to_be_bytes().to_vec())
                );
            }
            Err(error) => {
                after += 1;
                assert_eq!(error, store::StoreError::Schema { found: 2, known: 1 });
            }
        }
        let store = Store::open(directory.path(), second()).unwrap();
        let last = [&60u64.to_be_bytes(), &b"!"[..]].concat();
        assert_eq!(store.get(b"last").unwrap(), Some(last));
        assert_eq!(Model::read(&store, 60).unwrap(), model);
        assert!(store.verify(Some(&mut promises)).unwrap().is_sound());
        let left: Vec<_> = std::fs::read_dir(directory.path())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }
    println!(
        "{kills} kills at migration: {before} left the old store, {after} the new one, none anything between"
    );
}

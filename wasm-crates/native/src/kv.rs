//! The table of keys and values beside the state (`core/platform/store.ts`): the store, converted and nothing else.

use ledger::Code;
use napi::Result;
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use store::{Durability, KvOperation, Page, RangeRequest, Read, Snapshot, Store, StoreError};

type Error = napi::Error<Code>;

fn thrown(cause: StoreError) -> Error {
    let code = match cause.code() {
        "arguments" => Code::Arguments,
        "full" => Code::Full,
        "closed" => Code::Closed,
        "corrupt" => Code::Corrupt,
        _ => Code::Failed,
    };
    Error::new(code, cause.to_string())
}

fn closed(what: &str) -> Error {
    Error::new(Code::Closed, format!("{what} was closed"))
}

/// Part of a range: parallel lists.
#[napi(object)]
pub struct KvPage {
    /// Keys in order.
    pub keys: Vec<Uint8Array>,
    /// Values.
    pub values: Vec<Uint8Array>,
    /// Whether the range goes on behind the page.
    pub more: bool,
}

impl From<Page> for KvPage {
    fn from(page: Page) -> Self {
        let (keys, values) = page
            .entries
            .into_iter()
            .map(|(key, value)| (Uint8Array::new(key), Uint8Array::new(value)))
            .unzip();
        Self {
            keys,
            values,
            more: page.more,
        }
    }
}

/// Keys and values of a state store. Views are named by numbers; 0 is the newest commit. It ends with its store.
#[napi]
pub struct KvTable {
    store: Weak<Store>,
    views: BTreeMap<u32, Snapshot>,
    last: u32,
}

impl KvTable {
    pub(crate) fn of(store: &Arc<Store>) -> Self {
        Self {
            store: Arc::downgrade(store),
            views: BTreeMap::new(),
            last: 0,
        }
    }

    fn open(&self) -> Result<Arc<Store>, Code> {
        self.store.upgrade().ok_or_else(|| closed("the store"))
    }

    fn read<T>(
        &self,
        view: u32,
        newest: impl FnOnce(&Store) -> store::Result<T>,
        older: impl FnOnce(&Snapshot) -> store::Result<T>,
    ) -> Result<T, Code> {
        let store = self.open()?;
        if view == 0 {
            return newest(&store).map_err(thrown);
        }
        let snapshot = self.views.get(&view).ok_or_else(|| closed("the view"))?;
        older(snapshot).map_err(thrown)
    }
}

#[napi]
impl KvTable {
    /// Value of a key, or null.
    #[napi(catch_unwind)]
    pub fn get(&self, view: u32, key: &[u8]) -> Result<Option<Uint8Array>, Code> {
        let value = self.read(view, |store| store.get(key), |view| view.get(key))?;
        Ok(value.map(Uint8Array::new))
    }

    /// A page of the keys from `from`, included, to `to`, excluded.
    #[napi(catch_unwind)]
    pub fn range(
        &self,
        view: u32,
        from: Option<&[u8]>,
        to: Option<&[u8]>,
        reverse: bool,
        limit: u32,
        max_bytes: u32,
    ) -> Result<KvPage, Code> {
        let request = RangeRequest {
            from: from.map(<[u8]>::to_vec),
            to: to.map(<[u8]>::to_vec),
            reverse,
            limit: limit as usize,
            max_bytes: max_bytes as usize,
        };
        let page = self.read(
            view,
            |store| store.range(&request),
            |view| view.range(&request),
        )?;
        Ok(page.into())
    }

    /// Puts and deletes in order, all or none. `puts`: 1 = put, else delete.
    #[napi(catch_unwind)]
    pub fn batch(
        &self,
        puts: &[u8],
        keys: Vec<Uint8Array>,
        values: Vec<Uint8Array>,
        durable: bool,
    ) -> Result<(), Code> {
        if puts.len() != keys.len() || keys.len() != values.len() {
            return Err(Error::new(Code::Arguments, "lists of different lengths"));
        }
        let operations: Vec<_> = puts
            .iter()
            .zip(keys.iter().zip(&values))
            .map(|(put, (key, value))| {
                let key = key.to_vec();
                if *put == 1 {
                    KvOperation::Put {
                        key,
                        value: value.to_vec(),
                    }
                } else {
                    KvOperation::Delete { key }
                }
            })
            .collect();
        let durability = if durable {
            Durability::Durable
        } else {
            Durability::Relaxed
        };
        self.open()?.batch(&operations, durability).map_err(thrown)
    }

    /// Holds a view of the newest commit; its number.
    #[napi(catch_unwind)]
    pub fn snapshot(&mut self) -> Result<u32, Code> {
        let snapshot = self.open()?.snapshot().map_err(thrown)?;
        self.last = self
            .last
            .checked_add(1)
            .ok_or_else(|| Error::new(Code::Failed, "no more views"))?;
        self.views.insert(self.last, snapshot);
        Ok(self.last)
    }

    /// Ends a view.
    #[napi(catch_unwind)]
    pub fn release(&mut self, view: u32) {
        if let Some(snapshot) = self.views.remove(&view) {
            snapshot.release();
        }
    }
}

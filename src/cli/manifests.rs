//! The manifests of materials and products, which lie beside an envelope.
//!
//! What lives here: where they are, reading those that a statement names, and what a seal makes of
//! them. What does not: what a manifest is (`fact::manifest`), which facts count
//! (`seal::recorded`).

use std::collections::{HashMap, HashSet};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::cause::{Cause, Code};
use crate::collect::{MATERIALS_FILE, PRODUCTS_FILE};
use crate::crypto::sha256_of_many;
use crate::encoding::hex;
use crate::fact::manifest::{Manifest, name_of};
use crate::failure::Failure;
use crate::files::{self, FileError, Overwrite};
use crate::record::Attached;
use crate::report;
use crate::seal::recorded::Recorded;
use crate::seal::statement::SUBJECTS_MAX;
use crate::seal::subjects::product_subjects;
use crate::session::attached;
use crate::text::{Next, count, visible};
use crate::verify::{as_product, product_of};

/// What the names of an envelope and of its bundle end in.
const ENDINGS: [&str; 2] = [".intoto.json", ".sigstore.json"];

/// The manifest of this name beside an envelope or its bundle.
pub fn path_beside(envelope: &Path, name: &str) -> PathBuf {
    let own = envelope.file_name().unwrap_or_default().to_string_lossy();
    let stem = ENDINGS.iter().find_map(|ending| own.strip_suffix(ending)).unwrap_or(&own);
    envelope.with_file_name(format!("{stem}.{name}"))
}

/// Where both would be.
pub fn paths_beside(envelope: &Path) -> [PathBuf; 2] {
    [MATERIALS_FILE, PRODUCTS_FILE].map(|name| path_beside(envelope, name))
}

/// Names and digests of files around the commands.
pub struct Around {
    /// What was there.
    pub materials: Vec<(String, String)>,
    /// What came of them.
    pub products: Vec<(String, String)>,
}

/// The manifests of a session that is sealed.
#[derive(Default)]
pub struct Manifests {
    /// Of the materials.
    pub materials: Option<Manifest>,
    /// Of the products.
    pub products: Option<Manifest>,
    /// Their names and bytes.
    written: Vec<(&'static str, Vec<u8>)>,
}

impl Manifests {
    /// Those that lie beside the journal.
    pub fn of_session(folder: &Path, recorded: &Recorded) -> Result<Self, Failure> {
        let mut manifests = Manifests::default();
        let named = [(MATERIALS_FILE, recorded.materials()), (PRODUCTS_FILE, recorded.products())];
        for (name, one) in named {
            let Some(one) = one else { continue };
            let bytes = attached::read(folder, one)
                .map_err(|cause| Failure::because(cause.code, cause.to_string()))?;
            let Some(bytes) = bytes else { continue };
            let manifest = Manifest::read(&bytes).ok_or_else(|| {
                let what = format!("the attached file {} is no manifest", one.name);
                Failure::because(Code::AttachedOther, what)
            })?;
            *if name == MATERIALS_FILE { &mut manifests.materials } else { &mut manifests.products } =
                Some(manifest);
            manifests.written.push((name, bytes));
        }
        Ok(manifests)
    }

    /// The subjects that a seal gets: the products, and behind them what it was told of, of which so
    /// many are files.
    pub fn subjects(
        &self,
        recorded: &Recorded,
        given: &[(String, String)],
        files: usize,
    ) -> Result<Vec<(String, String)>, Failure> {
        let option = |at: usize, name: &str| {
            let option = if at < files { "--subject" } else { "--subject-digest" };
            format!("{option} {}", visible(name.as_bytes()))
        };
        let Some(products) = &self.products else {
            let is_known = recorded.product_count().is_none_or(|files| files == 0);
            return match given.first().filter(|_| !is_known) {
                None => Ok(given.to_vec()),
                Some((name, _)) => Err(Failure::unable(format!(
                    "{}: the manifest of the products is not beside the journal, so nothing tells whether this is one of them",
                    option(0, name)
                ))
                .next("put attached/products.jsonl back into the session's folder, or leave the option out")),
            };
        };
        let named: HashMap<String, Option<String>> = products
            .entries()
            .iter()
            .map(|entry| (entry.name(), entry.sha256().map(|sha256| hex(sha256))))
            .collect();
        // A name that means something else in a statement has ./ in front.
        let of = |name: &str| named.get(name).or_else(|| named.get(&format!("./{name}")));
        let mut others = Vec::new();
        for (at, (name, sha256)) in given.iter().enumerate() {
            let is_product = |name: &str| of(name).is_some();
            // An image is no file, and can be called like one.
            let product = match at < files {
                true => in_place(recorded, name)
                    .filter(|name| is_product(name))
                    .or_else(|| product_of(name, is_product))
                    .or_else(|| called_otherwise(&named, name, sha256)),
                false => None,
            };
            let product = product.or_else(|| Some(name.clone()).filter(|name| is_product(name)));
            match product.as_deref().and_then(of) {
                None => others.push((name.clone(), sha256.clone())),
                Some(Some(have)) if have == sha256 => {}
                Some(have) => {
                    let then = match have {
                        Some(_) => "had another",
                        None => "was no file that the recorder read",
                    };
                    let product = product.unwrap_or_default();
                    let what = format!(
                        "{}: its sha256 is {sha256}, and the product {} {then} when the session ended",
                        option(at, name),
                        visible(product.as_bytes())
                    );
                    // A verifier that knows the name alone could not tell them apart.
                    let other = match is_end_of(&product, name) {
                        true => "name the file by its path from the root on",
                        false => "give the file a last name that no product has",
                    };
                    let next = format!(
                        "leave the option out: what the recorder read is a subject as it was then; or {other}"
                    );
                    return Err(Failure::unable(what).next(Next::say(next)));
                }
            }
        }
        let mut subjects = product_subjects(products);
        subjects.extend(others);
        if subjects.len() + 2 > SUBJECTS_MAX {
            let room = SUBJECTS_MAX - 2 - products.files().count();
            let what = format!("--subject: beside the products there is room for {room} more");
            return Err(Failure::unable(what).next("put the files into one archive and name that"));
        }
        Ok(subjects)
    }

    /// What was there and what came of the session, with the files that a seal was told of: for the
    /// formats of others, which list them all.
    pub fn around(&self, subjects: &[(String, String)]) -> Around {
        let named = |manifest: &Option<Manifest>| manifest.as_ref().map(Manifest::named).unwrap_or_default();
        let mut products = named(&self.products);
        let recorded: HashSet<String> = products.iter().map(|(name, _)| name.clone()).collect();
        products.extend(subjects.iter().filter(|(name, _)| !recorded.contains(name)).cloned());
        Around { materials: named(&self.materials), products }
    }

    /// Writes them beside the envelope.
    pub fn publish(&self, envelope: &Path, overwrite: Overwrite) -> Result<(), FileError> {
        self.written.iter().try_for_each(|(name, bytes)| {
            files::publish(&path_beside(envelope, name), bytes, 0o644, overwrite)
        })
    }
}

/// The name that a file would have as a product of the session, where its folder is still in its place.
fn in_place(recorded: &Recorded, file: &str) -> Option<String> {
    let at = Path::new(file).canonicalize().ok()?;
    let name = name_of(at.as_os_str().as_bytes());
    let own = recorded.place().and_then(|place| name.strip_prefix(&place).map(str::to_owned));
    Some(own.unwrap_or(name))
}

/// Whether a file is called like the end of a product's name.
fn is_end_of(product: &str, file: &str) -> bool {
    product.ends_with(&format!("/{}", as_product(file)))
}

/// A product whose name ends in this one, if all that do have other bytes: no verifier could tell them
/// apart by a path that says no more.
fn called_otherwise(products: &HashMap<String, Option<String>>, name: &str, sha256: &str) -> Option<String> {
    let called = || products.iter().filter(|(product, _)| is_end_of(product, name));
    let first = called().map(|(product, _)| product).min()?;
    called().all(|(_, have)| have.as_deref() != Some(sha256)).then(|| first.clone())
}

/// What a fact names and is not beside the journal is said; what is another file is refused.
pub fn beside_the_journal(beside: attached::Beside) -> Result<(), Failure> {
    let other = |cause: Cause| {
        Failure::because(cause.code, cause.to_string())
            .next("put the file back that was recorded, or remove this one: then its digest alone is sealed")
    };
    let missing = beside.missing().map_err(other)?;
    if let Some(first) = missing.first {
        let more = match missing.count - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        report::say(&format!(
            "the attached file {first}{more} is not beside the journal: only its digest is sealed"
        ));
    }
    Ok(())
}

/// The manifest that a statement names, if it lies beside the envelope.
///
/// # Errors
/// What lies there is another file, or cannot be read.
pub fn read_beside(envelope: &Path, name: &str, one: &Attached) -> Result<Option<Manifest>, Cause> {
    let path = path_beside(envelope, name);
    let bytes = match files::read_limited(&path, one.size) {
        Ok(bytes) => bytes,
        Err(FileError::Missing(_)) => return Ok(None),
        Err(FileError::TooLong(..)) => return Err(another(&path, one)),
        Err(error) => return Err(Cause::new(Code::FileUnable, error.to_string())),
    };
    match Manifest::read(&bytes) {
        Some(manifest) if sha256_of_many(&bytes) == one.sha256 => Ok(Some(manifest)),
        _ => Err(another(&path, one)),
    }
}

fn another(path: &Path, one: &Attached) -> Cause {
    let bytes = count(one.size, "byte");
    let what = format!("{} is not the {} of {bytes} that was sealed", path.display(), one.name);
    Cause::new(Code::AttachedOther, what)
}

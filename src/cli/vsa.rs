//! `attesh verify --emit-vsa`: the verdict as a file that others take.
//!
//! Rules: what can fail is tried before anything is judged; nothing is said of a file that no trusted
//! key signed.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::args::Verify;
use super::outputs::reserve;
use super::signing::signer;
use crate::clock;
use crate::failure::{Failure, Kind};
use crate::files::{self, Overwrite};
use crate::report;
use crate::seal::signer::Signer;
use crate::sys;
use crate::verify::Verdict;
use crate::verify::summary::{Input, Verified, payload, reference};

/// A summary that was asked for.
pub struct Vsa<'a> {
    args: &'a Verify,
    output: &'a Path,
    overwrite: Overwrite,
    signer: Signer,
}

impl<'a> Vsa<'a> {
    /// Opens the key and checks that the file can be written; `None` where nobody asked for one.
    ///
    /// # Errors
    /// The key cannot be used, the file cannot be written, or several files are to be judged.
    pub fn new(args: &'a Verify) -> Result<Option<Self>, Failure> {
        let Some(output) = args.emit_vsa.as_deref() else { return Ok(None) };
        sys::hide();
        let one = |what| Err(Failure::usage(format!("--emit-vsa: a summary {what}")));
        match (&args.files[..], &args.key[..]) {
            ([_], [] | [_]) => {}
            ([_], _) => return one("has one key; give --trust the keys that you trust"),
            _ => return one("is of one attestation; verify each by itself"),
        }
        if args.resource_uri.as_deref().is_some_and(|uri| !crate::record::is_uri(uri)) {
            return Err(Failure::usage("--resource-uri: not a URI")
                .next("name what the subjects belong to, as in pkg:oci/app or https://example.org/app"));
        }
        let overwrite = if args.force { Overwrite::Yes } else { Overwrite::No };
        reserve(output, overwrite, "name another file")?;
        let signer = signer(args.key.first().map(PathBuf::as_path), args.passphrase_file.as_deref())?;
        Ok(Some(Vsa { args, output, overwrite, signer }))
    }

    /// Writes the summary of a verdict by a policy with this digest; the file.
    ///
    /// # Errors
    /// It could not be signed or written.
    pub fn write(
        &self,
        verdict: Result<&Verdict, &Failure>,
        policy: Option<&str>,
    ) -> Result<Option<&'a Path>, Failure> {
        let judged = verdict.ok().and_then(|verdict| {
            Some((verdict, verdict.statement.as_deref()?, verdict.envelope_sha256.as_deref()?, policy?))
        });
        let Some((verdict, statement, envelope, policy)) = judged else {
            report::say("no summary is written: nothing that can be judged was signed by a trusted key");
            return Ok(None);
        };
        let called = |path: &Path| reference(path.file_name().unwrap_or_default().as_bytes());
        let named = self.args.policy.as_deref().unwrap_or(Path::new(""));
        let verified = Verified {
            policy: Input { uri: called(named), sha256: policy },
            attestation: Input { uri: called(&self.args.files[0]), sha256: envelope },
            resource: self.args.resource_uri.as_deref(),
            at: &clock::rfc3339(clock::now().realtime_ns),
            version: env!("CARGO_PKG_VERSION"),
        };
        let signed = self.signer.seal(payload(verdict, statement, &verified));
        let signed = signed.map_err(|error| Failure::of(Kind::Unable, &error))?;
        files::publish(self.output, &signed.to_json(), 0o644, self.overwrite)?;
        Ok(Some(self.output))
    }
}

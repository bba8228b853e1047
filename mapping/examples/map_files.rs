//! Maps message files to bundles: `map_files OUT FILE…`. For measuring; people use `drawbridge map`.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use mapping::Profile;
use mapping::inbound::Context;
use model::{IdentityKey, Timestamp};
use sha2::{Digest, Sha256};

fn main() -> std::io::Result<()> {
    let mut files = std::env::args_os().skip(1).map(PathBuf::from);
    let out = files.next().unwrap_or_else(|| PathBuf::from("."));
    std::fs::create_dir_all(&out)?;
    for file in files {
        let stem = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if let Some(bundle) = map(&file)? {
            std::fs::write(out.join(format!("{stem}.json")), bundle)?;
        }
    }
    Ok(())
}

fn map(file: &Path) -> std::io::Result<Option<String>> {
    let bytes = std::fs::read(file)?;
    let Ok(message) = hl7v2::Message::parse(&bytes) else {
        return Ok(None);
    };
    let ctx = Context {
        profile: Profile::named("generic").expect("it is shipped"),
        key: &IdentityKey::PUBLIC,
        zone: &TimeZone::UTC,
        received_at: Timestamp::MAX,
        journal: None,
        digest: Sha256::digest(&bytes).into(),
    };
    Ok(mapping::bundle_text(&message, &ctx).ok())
}

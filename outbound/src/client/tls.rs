//! TLS towards a receiver: whom we trust, and who we say we are.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

/// The client side of TLS, ready for use.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    server_name: Option<String>,
}

/// Why TLS can't be set up. Names files, never what is in them.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read, or holds no PEM of the kind wanted.
    #[error("{0} can't be read as PEM: {1}")]
    File(PathBuf, String),
    /// A certificate or key does not fit.
    #[error("the certificates can't be used")]
    Unusable(#[from] rustls::Error),
}

impl Tls {
    /// `ca`: who may have signed the receiver's certificate. `identity`: our certificate and key,
    /// where the receiver asks for one. `server_name`: where the certificate's name is not the host.
    pub fn from_files(
        ca: &Path,
        identity: Option<(&Path, &Path)>,
        server_name: Option<String>,
    ) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(ca)? {
            roots.add(certificate)?;
        }
        // Named, not process-wide: two crates that link different providers must not make us panic.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let config = match identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => builder.with_client_auth_cert(
                certificates(certificate)?,
                PrivateKeyDer::from_pem_file(key).map_err(|error| file(key, &error))?,
            )?,
        };
        Ok(Self {
            config: Arc::new(config),
            server_name,
        })
    }

    pub(super) async fn connect(
        &self,
        host: &str,
        socket: TcpStream,
    ) -> io::Result<TlsStream<TcpStream>> {
        let name = self.server_name.as_deref().unwrap_or(host).to_owned();
        let name = ServerName::try_from(name)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "no valid server name"))?;
        TlsConnector::from(Arc::clone(&self.config))
            .connect(name, socket)
            .await
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(path).map_err(|error| file(path, &error))?;
    let certificates = read
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| file(path, &error))?;
    if certificates.is_empty() {
        return Err(TlsError::File(
            path.to_owned(),
            "it holds no certificate".to_owned(),
        ));
    }
    Ok(certificates)
}

fn file(path: &Path, error: &rustls::pki_types::pem::Error) -> TlsError {
    TlsError::File(path.to_owned(), error.to_string())
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls(..)")
    }
}

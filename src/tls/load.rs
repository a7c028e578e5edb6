//! From a policy to what a handshake needs. Files are read here, and the platform's authorities looked up, once in a
//! process. Policies that say the same share one configuration, so that a later connection resumes an earlier one's session
//! whoever made it; a session made under one policy is never resumed under another, which may verify more.

use std::sync::{Arc, Mutex, PoisonError};

use once_cell::sync::OnceCell;
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroize as _;

use super::channel::Channel;
use super::info::TlsVersion;
use super::policy::{ClientCertificate, Pem, Roots, Tls, TlsConfigError};
use super::verify::Verifier;

/// Configurations kept for resumption; the one used longest ago makes room.
const CONFIGS: usize = 32;
/// Servers whose sessions one configuration remembers.
const SESSIONS: usize = 1024;

type Digest = [u8; 32];

static PLATFORM: OnceCell<Arc<RootCertStore>> = OnceCell::new();
/// By the digest of what they are made of; oldest first.
static KNOWN: Mutex<Vec<(Digest, Arc<ClientConfig>)>> = Mutex::new(Vec::new());

/// A policy that is ready to be used for one server.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Connector {
    /// `host` is the name connected to, where there is one.
    pub(crate) fn new(policy: &Tls, host: Option<&str>) -> Result<Self, TlsConfigError> {
        let provider = provider().ok_or(TlsConfigError::NoProvider)?;
        Ok(Self { name: server_name(policy, host)?, config: config(policy, provider)? })
    }

    /// The client's side of a handshake.
    pub(crate) fn channel(&self) -> Result<Channel, TlsConfigError> {
        ClientConnection::new(Arc::clone(&self.config), self.name.clone())
            .map(|connection| Channel::new(connection.into()))
            .map_err(|error| TlsConfigError::Other(error.to_string()))
    }
}

/// Who does the cryptography.
pub(super) fn provider() -> Option<Arc<CryptoProvider>> {
    #[cfg(feature = "aws-lc-rs")]
    return Some(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
    return Some(Arc::new(rustls::crypto::ring::default_provider()));
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    None
}

pub(super) fn sha256(data: &[u8]) -> Digest {
    Sha256::digest(data).into()
}

/// The versions from one to another.
pub(super) fn versions(min: TlsVersion, max: TlsVersion) -> Vec<&'static SupportedProtocolVersion> {
    let all: [(_, &SupportedProtocolVersion); 2] =
        [(TlsVersion::Tls12, &rustls::version::TLS12), (TlsVersion::Tls13, &rustls::version::TLS13)];
    all.into_iter().filter(|(version, _)| (min..=max).contains(version)).map(|(_, found)| found).collect()
}

/// The certificates in a PEM; at least one.
pub(super) fn certificates(pem: &Pem) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(pem)?).collect();
    match found {
        Ok(found) if found.is_empty() => Err(format!("{}: no certificate in PEM", place(pem))),
        Ok(found) => Ok(found),
        Err(error) => Err(format!("{}: {error}", place(pem))),
    }
}

/// The private key in a PEM.
pub(super) fn private_key(pem: &Pem) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(&read(pem)?).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound => format!("{}: no private key in PEM", place(pem)),
        error => format!("{}: {error}", place(pem)),
    })
}

fn read(pem: &Pem) -> Result<bytes::Bytes, String> {
    match pem {
        Pem::Data(data) => Ok(data.clone()),
        Pem::File(path) => {
            std::fs::read(path).map(Into::into).map_err(|error| format!("{}: {error}", path.display()))
        }
    }
}

fn place(pem: &Pem) -> String {
    match pem {
        Pem::Data(_) => "the data given".to_owned(),
        Pem::File(path) => path.display().to_string(),
    }
}

fn server_name(policy: &Tls, host: Option<&str>) -> Result<ServerName<'static>, TlsConfigError> {
    let name =
        policy.server_name.as_deref().or(host).ok_or_else(|| {
            TlsConfigError::ServerName("a unix socket has none: it must be given".to_owned())
        })?;
    // An address in brackets, as in a URL; a name that ends in the root's dot.
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    let bare = bare.strip_suffix('.').unwrap_or(bare);
    ServerName::try_from(bare.to_owned())
        .map_err(|_| TlsConfigError::ServerName(format!("not a name: {}", name.escape_default())))
}

/// What a configuration is made of, with every file read.
struct Material {
    /// `None`: the platform's.
    roots: Option<Vec<CertificateDer<'static>>>,
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
}

impl Material {
    fn of(policy: &Tls) -> Result<Self, TlsConfigError> {
        let roots = match &policy.roots {
            Roots::Platform | Roots::PinsAlone => None,
            Roots::Only(pem) => Some(certificates(pem).map_err(TlsConfigError::Roots)?),
        };
        let identity = match &policy.client_certificate {
            None => None,
            Some(ClientCertificate { chain, key }) => {
                let both = certificates(chain).and_then(|chain| Ok((chain, private_key(key)?)));
                Some(both.map_err(TlsConfigError::ClientCertificate)?)
            }
        };
        Ok(Self { roots, identity })
    }

    /// Under which the configuration is kept: equal if and only if all of it is.
    fn digest(&self, policy: &Tls) -> Digest {
        let mut all = format!(
            "{} {:?} {:?} {}",
            policy.dangerously_accept_any_certificate,
            policy.min_version,
            policy.pins,
            match policy.roots {
                Roots::Platform => "platform",
                Roots::Only(_) => "only",
                Roots::PinsAlone => "pins",
            }
        )
        .into_bytes();
        let mut add = |der: &[u8]| {
            all.extend_from_slice(&(der.len() as u64).to_be_bytes());
            all.extend_from_slice(der);
        };
        self.roots.iter().flatten().for_each(|der| add(der));
        if let Some((chain, key)) = &self.identity {
            add(b"client");
            chain.iter().for_each(|der| add(der));
            add(key.secret_der());
        }
        let digest = sha256(&all);
        // A key may be in it.
        all.zeroize();
        digest
    }
}

fn config(policy: &Tls, provider: Arc<CryptoProvider>) -> Result<Arc<ClientConfig>, TlsConfigError> {
    if matches!(policy.roots, Roots::PinsAlone) && policy.pins.is_empty() {
        return Err(TlsConfigError::NoPin);
    }
    let material = Material::of(policy)?;
    let digest = material.digest(policy);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(at) = known.iter().position(|(known, _)| *known == digest) {
        let found = known.remove(at);
        let config = Arc::clone(&found.1);
        known.push(found);
        return Ok(config);
    }
    let config = Arc::new(make(policy, material, provider)?);
    if known.len() >= CONFIGS {
        known.remove(0);
    }
    known.push((digest, Arc::clone(&config)));
    Ok(config)
}

fn make(
    policy: &Tls,
    material: Material,
    provider: Arc<CryptoProvider>,
) -> Result<ClientConfig, TlsConfigError> {
    let other = |error: rustls::Error| TlsConfigError::Other(error.to_string());
    let pins = (!policy.pins.is_empty()).then(|| policy.pins.clone());
    let (issuers, pins) = match (&policy.roots, policy.dangerously_accept_any_certificate) {
        (_, true) => (None, None),
        (Roots::PinsAlone, false) => (None, pins),
        _ => {
            let roots = match material.roots {
                None => platform()?,
                Some(roots) => Arc::new(only(roots)?),
            };
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
            (Some(verifier.map_err(|error| TlsConfigError::Roots(error.to_string()))?), pins)
        }
    };
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions(policy.min_version, TlsVersion::Tls13))
        .map_err(other)?;
    let builder = match (issuers, pins) {
        (Some(issuers), None) => builder.with_webpki_verifier(issuers),
        (issuers, pins) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verifier::new(&provider, issuers, pins))),
    };
    let mut config = match material.identity {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => builder
            .with_client_auth_cert(chain, key)
            .map_err(|error| TlsConfigError::ClientCertificate(error.to_string()))?,
    };
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    Ok(config)
}

/// The platform's authorities. What can't be read of them is left out, as long as something is left.
fn platform() -> Result<Arc<RootCertStore>, TlsConfigError> {
    PLATFORM
        .get_or_try_init(|| {
            let found = rustls_native_certs::load_native_certs();
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                let why = found.errors.first().map_or_else(String::new, |error| format!(": {error}"));
                return Err(TlsConfigError::Roots(format!("this system has none{why}")));
            }
            Ok(Arc::new(roots))
        })
        .map(Arc::clone)
}

fn only(certificates: Vec<CertificateDer<'static>>) -> Result<RootCertStore, TlsConfigError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate).map_err(|error| TlsConfigError::Roots(error.to_string()))?;
    }
    Ok(roots)
}

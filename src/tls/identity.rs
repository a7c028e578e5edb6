//! The server's side, for the sink: its certificate and key, and the handshakes made with them.

use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection};

use super::channel::Channel;
use super::info::TlsVersion;
use super::load;
use super::policy::Pem;
use crate::session::{TlsError, TlsFailure};

/// A server's certificate and key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Identity {
    /// The certificate, and behind it those that lead to the authority.
    pub chain: Pem,
    /// Its private key.
    pub key: Pem,
    /// Clients must have a certificate of one of these authorities.
    pub client_roots: Option<Pem>,
    /// Nothing newer.
    pub max_version: TlsVersion,
}

/// A server's certificate or key can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("server certificate: {0}")]
pub struct IdentityError(String);

impl Identity {
    /// A certificate and its key.
    pub const fn new(chain: Pem, key: Pem) -> Self {
        Self { chain, key, client_roots: None, max_version: TlsVersion::Tls13 }
    }

    /// A new self-signed certificate for these names and addresses, which serves as its own authority. For tests: nobody
    /// else has a reason to trust it.
    ///
    /// # Errors
    ///
    /// A name that is none.
    #[cfg(feature = "self-signed")]
    pub fn self_signed<I>(names: I) -> Result<Self, IdentityError>
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        use rcgen::PublicKeyData as _;
        let other = |error: rcgen::Error| IdentityError(error.to_string());
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let mut params = rcgen::CertificateParams::new(names).map_err(other)?;
        let key = rcgen::KeyPair::generate().map_err(other)?;
        // No two have the same subject: an issuer of the same name with another key would be a bad signature.
        let [a, b, c, d, ..] = load::sha256(&key.subject_public_key_info());
        let name = format!("smtpipe self-signed {:08x}", u32::from_be_bytes([a, b, c, d]));
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let certificate = params.self_signed(&key).map_err(other)?;
        let pem = |text: String| Pem::Data(text.into_bytes().into());
        Ok(Self::new(pem(certificate.pem()), pem(key.serialize_pem())))
    }
}

/// Handshakes from the server's side.
#[derive(Clone, Debug)]
pub(crate) struct Acceptor(Arc<ServerConfig>);

impl Acceptor {
    pub(crate) fn new(identity: &Identity) -> Result<Self, IdentityError> {
        let other = |error: rustls::Error| IdentityError(error.to_string());
        let provider = load::provider().ok_or_else(|| IdentityError("built without TLS".to_owned()))?;
        let chain = load::certificates(&identity.chain).map_err(IdentityError)?;
        let key = load::private_key(&identity.key).map_err(IdentityError)?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&load::versions(TlsVersion::Tls12, identity.max_version))
            .map_err(other)?;
        let builder = match &identity.client_roots {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                for root in load::certificates(pem).map_err(IdentityError)? {
                    roots.add(root).map_err(other)?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(verifier.map_err(|error| IdentityError(error.to_string()))?)
            }
        };
        let mut config = builder.with_single_cert(chain, key).map_err(other)?;
        // Where the server speaks first its greeting goes with its half of the handshake.
        config.send_half_rtt_data = identity.client_roots.is_none();
        Ok(Self(Arc::new(config)))
    }

    pub(crate) fn channel(&self) -> Result<Channel, TlsError> {
        ServerConnection::new(Arc::clone(&self.0))
            .map(|connection| Channel::new(connection.into()))
            .map_err(|error| TlsError::new(TlsFailure::Other, error.to_string()))
    }
}

//! Who is believed to be the server, where that isn't the library's own rule: pins, and the setting that believes everybody.
//! That the server has the key to its certificate is proved in any case, by its signature.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::load::sha256;
use super::policy::Pin;

#[derive(Debug)]
pub(super) struct Verifier {
    algorithms: WebPkiSupportedAlgorithms,
    /// Issuer, name and dates; `None` where they aren't looked at.
    issuers: Option<Arc<WebPkiServerVerifier>>,
    /// `None`: nothing is pinned.
    pins: Option<Vec<Pin>>,
}

impl Verifier {
    pub(super) fn new(
        provider: &CryptoProvider,
        issuers: Option<Arc<WebPkiServerVerifier>>,
        pins: Option<Vec<Pin>>,
    ) -> Self {
        let algorithms = provider.signature_verification_algorithms;
        Self { algorithms, issuers, pins }
    }

    fn fits(pin: Pin, certificate: &CertificateDer<'_>) -> bool {
        match pin {
            Pin::Certificate(digest) => sha256(certificate) == digest,
            Pin::PublicKey(digest) => ParsedCertificate::try_from(certificate)
                .is_ok_and(|parsed| sha256(&parsed.subject_public_key_info()) == digest),
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(issuers) = &self.issuers {
            issuers.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        }
        // Only the server's own certificate counts: what it sends along proves nothing by being there.
        match &self.pins {
            Some(pins) if !pins.iter().any(|&pin| Self::fits(pin, end_entity)) => {
                Err(CertificateError::ApplicationVerificationFailure.into())
            }
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

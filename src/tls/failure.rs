//! The library's errors by the names that a caller can act on.

use rustls::{AlertDescription, CertificateError, Error};

use crate::session::{TlsError, TlsFailure};

pub(super) fn failure(error: &Error) -> TlsError {
    let (failure, text) = match error {
        Error::InvalidCertificate(error) => certificate(error),
        Error::NoCertificatesPresented => {
            (TlsFailure::Certificate, "the server has no certificate".to_owned())
        }
        Error::AlertReceived(alert) => {
            (TlsFailure::Refused, format!("the server refused the handshake: {}", words(*alert)))
        }
        Error::PeerIncompatible(why) => {
            (TlsFailure::Refused, format!("the server has no version or cipher in common with us: {why:?}"))
        }
        Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::InvalidMessage(_)
        | Error::DecryptError
        | Error::PeerMisbehaved(_)
        | Error::PeerSentOversizedRecord => {
            (TlsFailure::Protocol, format!("the server's side of TLS is broken, or isn't TLS: {error}"))
        }
        other => (TlsFailure::Other, other.to_string()),
    };
    TlsError::new(failure, text)
}

fn certificate(error: &CertificateError) -> (TlsFailure, String) {
    use CertificateError as E;
    let (failure, text) = match error {
        E::Expired | E::ExpiredContext { .. } => {
            (TlsFailure::Expired, "the server's certificate has expired")
        }
        E::NotValidYet | E::NotValidYetContext { .. } => {
            (TlsFailure::NotYetValid, "the server's certificate is not valid yet")
        }
        E::NotValidForNameContext { expected, presented } => {
            let presented = if presented.is_empty() { "no name".to_owned() } else { presented.join(", ") };
            let text = format!("the server's certificate is for {presented}, not for {}", expected.to_str());
            return (TlsFailure::WrongName, text);
        }
        E::NotValidForName => (TlsFailure::WrongName, "the server's certificate is for another name"),
        E::BadSignature => (
            TlsFailure::Certificate,
            "the server's certificate was not signed by its issuer, or the server doesn't have its key",
        ),
        E::UnknownIssuer => (
            TlsFailure::UnknownIssuer,
            "the server's certificate is self-signed, or its issuer is not trusted",
        ),
        E::Revoked => (TlsFailure::Revoked, "the server's certificate was revoked"),
        // Only our own verifier says that.
        E::ApplicationVerificationFailure => {
            (TlsFailure::NotPinned, "the server's certificate is not the one that is pinned")
        }
        other => {
            return (TlsFailure::Certificate, format!("the server's certificate can't be used: {other}"));
        }
    };
    (failure, text.to_owned())
}

fn words(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::HandshakeFailure => "nothing in common".to_owned(),
        AlertDescription::ProtocolVersion => "not that version".to_owned(),
        AlertDescription::CertificateRequired => "it wants a client certificate".to_owned(),
        AlertDescription::UnrecognisedName => "it doesn't know that name".to_owned(),
        other => format!("{other:?}"),
    }
}

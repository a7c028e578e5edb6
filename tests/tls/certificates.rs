//! An authority, and certificates of it that are right or wrong in one way each.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use smtpipe::tls::{Identity, Pem};

pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key.
pub(crate) struct Issued {
    pub(crate) chain: String,
    pub(crate) key: String,
    pub(crate) der: Vec<u8>,
    /// Its SubjectPublicKeyInfo.
    pub(crate) public_key: Vec<u8>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    pub(crate) fn pem(&self) -> Pem {
        pem(&self.issuer.pem())
    }

    /// A certificate for a name, with whatever else is to be changed.
    pub(crate) fn issue(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Issued {
        let (params, key) = params(name, change);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        issued(&certificate, &key)
    }
}

/// A certificate of nobody's.
pub(crate) fn self_signed(name: &str) -> Issued {
    let (params, key) = params(name, |_| {});
    issued(&params.self_signed(&key).unwrap(), &key)
}

pub(crate) fn expired(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2001, 1, 1);
    params.not_after = date_time_ymd(2002, 1, 1);
}

pub(crate) fn not_yet_valid(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(4001, 1, 1);
}

fn params(name: &str, change: impl FnOnce(&mut CertificateParams)) -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    change(&mut params);
    (params, KeyPair::generate().unwrap())
}

fn issued(certificate: &rcgen::Certificate, key: &KeyPair) -> Issued {
    use rcgen::PublicKeyData as _;
    Issued {
        chain: certificate.pem(),
        key: key.serialize_pem(),
        der: certificate.der().to_vec(),
        public_key: key.subject_public_key_info(),
    }
}

impl Issued {
    pub(crate) fn identity(&self) -> Identity {
        Identity::new(pem(&self.chain), pem(&self.key))
    }
}

pub(crate) fn pem(text: &str) -> Pem {
    Pem::Data(text.as_bytes().to_vec().into())
}

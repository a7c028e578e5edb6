//! lettre: its `SmtpConnection`, without the pool (whose NOOP before each reuse would cost it a round trip a message).

use lettre::address::Envelope;
use lettre::transport::smtp::client::SmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use smtpipe_bench_peers::Peer;

fn main() {
    let peer = Peer::from_arguments();
    let sender = "sender@a.test".parse().expect("an address");
    let recipients = peer.recipients.iter().map(|r| r.parse().expect("an address")).collect();
    let envelope = Envelope::new(Some(sender), recipients).expect("an envelope");
    let name = ClientId::Domain("bench.test".to_owned());
    let mut connection =
        SmtpConnection::connect((peer.host.as_str(), peer.port), None, &name, None, None).expect("a connection");
    let mut accepted = 0;
    for _ in 0..peer.messages {
        accepted += u64::from(connection.send(&envelope, &peer.content).expect("sent").is_positive());
    }
    connection.quit().expect("quit");
    peer.report(accepted);
}

//! mail-send: one client, `send` for each message.

use mail_send::SmtpClientBuilder;
use mail_send::smtp::message::Message;
use smtpipe_bench_peers::Peer;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let peer = Peer::from_arguments();
    let mut client = SmtpClientBuilder::new(peer.host.as_str(), peer.port)
        .expect("a TLS configuration")
        .helo_host("bench.test")
        .connect_plain()
        .await
        .expect("a connection");
    let mut accepted = 0;
    for _ in 0..peer.messages {
        let recipients = peer.recipients.iter().map(String::as_str);
        let message = Message::new("sender@a.test", recipients, peer.content.as_slice());
        client.send(message).await.expect("sent");
        accepted += 1;
    }
    client.quit().await.expect("quit");
    peer.report(accepted);
}

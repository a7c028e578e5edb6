/* As null.c, for TLS: NULL for every pointer of every function. */

#include "common.h"

#define REFUSED(call) CHECK((call) == SMTPIPE_ERR_NULL)
#define EMPTY(call) CHECK(!(call))

int main(void)
{
    const uint8_t byte = 'x', *data = &byte;
    size_t len = 7;
    smtpipe_config *config = NULL;
    smtpipe_sink_options *options = NULL;
    REFUSED(smtpipe_config_set_tls(NULL, SMTPIPE_TLS_REQUIRED));
    REFUSED(smtpipe_config_set_ca_file(NULL, "f"));
    REFUSED(smtpipe_config_set_ca_data(NULL, &byte, 1));
    REFUSED(smtpipe_config_set_client_certificate(NULL, "c", "k"));
    REFUSED(smtpipe_config_set_client_certificate_data(NULL, &byte, 1, &byte, 1));
    REFUSED(smtpipe_config_set_tls_name(NULL, "n"));
    REFUSED(smtpipe_config_add_tls_pin(NULL, SMTPIPE_PIN_CERTIFICATE, &byte, 32));
    REFUSED(smtpipe_config_set_tls_pins_alone(NULL, 1));
    REFUSED(smtpipe_config_set_tls_min_version(NULL, SMTPIPE_TLS_1_3));
    REFUSED(smtpipe_config_set_tls_clear_after_failure(NULL, 1));
    REFUSED(smtpipe_config_set_tls_dangerously_accept_any_certificate(NULL, 1));
    OK(smtpipe_config_new(&config));
    OK(smtpipe_config_set_ca_file(config, NULL));
    OK(smtpipe_config_set_ca_data(config, NULL, 0));
    REFUSED(smtpipe_config_set_ca_data(config, NULL, 1));
    OK(smtpipe_config_set_tls_name(config, NULL));
    REFUSED(smtpipe_config_set_client_certificate(config, NULL, "k"));
    REFUSED(smtpipe_config_set_client_certificate(config, "c", NULL));
    REFUSED(smtpipe_config_set_client_certificate_data(config, NULL, 0, &byte, 1));
    REFUSED(smtpipe_config_set_client_certificate_data(config, &byte, 1, NULL, 0));
    REFUSED(smtpipe_config_add_tls_pin(config, SMTPIPE_PIN_CERTIFICATE, NULL, 32));
    smtpipe_config_free(config);
    EMPTY(smtpipe_client_tls(NULL));
    EMPTY(smtpipe_error_tls_failure(NULL));
    EMPTY(smtpipe_tls_info_version(NULL));
    EMPTY(smtpipe_tls_info_cipher(NULL));
    EMPTY(smtpipe_tls_info_resumed(NULL));
    EMPTY(smtpipe_tls_info_certificate_count(NULL));
    REFUSED(smtpipe_tls_info_certificate(NULL, 0, &data, &len));
    REFUSED(smtpipe_session_tls_established(NULL, 0, NULL, 0, 1));
    REFUSED(smtpipe_session_tls_failed(NULL, 0, SMTPIPE_TLS_FAILURE_OTHER, "w"));
    REFUSED(smtpipe_session_truncated(NULL, 0));
    REFUSED(smtpipe_session_sent_holding(NULL, 0, 0, 0));
    EMPTY(smtpipe_server_awaits_handshake(NULL));
    REFUSED(smtpipe_server_tls_established(NULL));
    REFUSED(smtpipe_server_options_set_starttls(NULL, 1));
    REFUSED(smtpipe_sink_options_set_tls(NULL, SMTPIPE_TLS_REQUIRED, &byte, 1, &byte, 1));
    REFUSED(smtpipe_sink_options_set_tls_self_signed(NULL, SMTPIPE_TLS_REQUIRED, "n"));
    REFUSED(smtpipe_sink_options_certificate(NULL, &data, &len));
    OK(smtpipe_sink_options_new(&options));
    REFUSED(smtpipe_sink_options_set_tls(options, SMTPIPE_TLS_REQUIRED, NULL, 0, &byte, 1));
    REFUSED(smtpipe_sink_options_set_tls(options, SMTPIPE_TLS_REQUIRED, &byte, 1, NULL, 0));
    REFUSED(smtpipe_sink_options_set_tls_self_signed(options, SMTPIPE_TLS_REQUIRED, NULL));
    REFUSED(smtpipe_sink_options_certificate(options, NULL, &len));
    REFUSED(smtpipe_sink_options_certificate(options, &data, NULL));
    smtpipe_sink_options_free(options);
    CHECK(data == &byte && len == 7);
    return 0;
}

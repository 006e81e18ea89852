// SPDX-License-Identifier: Apache-2.0
// Syslog over TLS (RFC 5425): TLS 1.2 or newer, the receiver's certificate and name are always checked. Files are read
// again for each connection, so a renewed certificate needs no restart.
#include <fmt/format.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "stream.h"

namespace ambit::sink {
namespace {

namespace ssl = boost::asio::ssl;

class TlsLayer {
 public:
  TlsLayer(boost::asio::io_context& io, const SinkConfig& config)
      : tls_(config.tls),
        name_(config.tls.server_name.empty() ? config.host : config.tls.server_name),
        context_(ssl::context::tls_client),
        io_(io) {}

  std::optional<TransportError> prepare() {
    SSL_CTX_set_min_proto_version(context_.native_handle(), TLS1_2_VERSION);
    context_.set_verify_mode(ssl::verify_peer);
    error_code e;
    if (tls_.ca.empty()) {
      context_.set_default_verify_paths(e);
    } else {
      context_.load_verify_file(tls_.ca, e);
    }
    if (e) return TransportError{fmt::format("TLS ca {}: {}", tls_.ca, e.message())};
    if (!tls_.cert.empty()) {
      context_.use_certificate_chain_file(tls_.cert, e);
      if (e) return TransportError{fmt::format("TLS cert {}: {}", tls_.cert, e.message())};
      context_.use_private_key_file(tls_.key, ssl::context::pem, e);
      if (e) return TransportError{fmt::format("TLS key {}: {}", tls_.key, e.message())};
    }
    stream_.emplace(io_, context_);
    stream_->set_verify_callback(ssl::host_name_verification(name_), e);
    boost::asio::ip::make_address(name_, e);
    if (e) {  // a name: servers choose their certificate by it; for addresses there is no such thing (RFC 6066)
      SSL_ctrl(stream_->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name_.data());
    }
    return std::nullopt;
  }

  ssl::stream<tcp::socket>& stream() { return *stream_; }
  tcp::socket& socket() { return stream_ ? stream_->next_layer() : unused_; }
  template <class Handler>
  void handshake(Handler handler) {
    stream_->async_handshake(ssl::stream_base::client, std::move(handler));
  }

 private:
  TlsConfig tls_;
  std::string name_;
  ssl::context context_;
  boost::asio::io_context& io_;
  tcp::socket unused_{io_};  // before prepare() has made the stream
  std::optional<ssl::stream<tcp::socket>> stream_;
};

}  // namespace

std::unique_ptr<Transport> make_syslog_tls(const TransportSetup& setup) {
  return std::make_unique<StreamTransport<TlsLayer>>(setup);
}

}  // namespace ambit::sink

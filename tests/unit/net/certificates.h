// Certificates: an authority made for one test, and the certificates it signs, as PEM files.
#pragma once

#include "unit/net/temp_dir.h"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <string>

namespace kvstash::net::test {

inline constexpr long kHour = 3600;  // Seconds.

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Certificate = std::unique_ptr<X509, FreeCertificate>;
using OpenFile = std::unique_ptr<std::FILE, CloseFile>;

inline OpenFile create_file(const std::string& path) {
  OpenFile file(std::fopen(path.c_str(), "w"));
  REQUIRE(file != nullptr);
  return file;
}

struct Subject {
  std::string name;               // Common name.
  long valid_for_s = 24 * kHour;  // From now; negative: has expired.
  std::string key_pass = {};      // Empty: the key is not encrypted.
};

struct IssuedFiles {
  std::string cert_file;
  std::string key_file;
};

class Authority {
 public:
  explicit Authority(const std::string& name) : key_(EVP_EC_gen("P-256")) {
    certificate_ = sign({.name = name}, *key_);
    write_certificate(ca_file(), *certificate_);
  }

  std::string ca_file() const { return dir_.file("ca.crt"); }

  // Files named after the subject.
  IssuedFiles issue(const Subject& subject) const {
    const Key key(EVP_EC_gen("P-256"));
    const IssuedFiles files{.cert_file = dir_.file(subject.name + ".crt"),
                            .key_file = dir_.file(subject.name + ".key")};
    write_certificate(files.cert_file, *sign(subject, *key));
    const OpenFile out = create_file(files.key_file);
    const EVP_CIPHER* cipher = subject.key_pass.empty() ? nullptr : EVP_aes_128_cbc();
    const auto* pass = reinterpret_cast<const unsigned char*>(subject.key_pass.data());
    REQUIRE(PEM_write_PrivateKey(out.get(), key.get(), cipher, pass,
                                 static_cast<int>(subject.key_pass.size()), nullptr, nullptr) == 1);
    return files;
  }

 private:
  // The first one, signed before there is a certificate, is the authority's own.
  Certificate sign(const Subject& subject, EVP_PKEY& key) const {
    Certificate certificate(X509_new());
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -48 * kHour);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), subject.valid_for_s);
    X509_set_pubkey(certificate.get(), &key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(subject.name.data()),
                               static_cast<int>(subject.name.size()), -1, 0);
    const X509* issuer = certificate_ ? certificate_.get() : certificate.get();
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
    if (!certificate_) {
      X509_EXTENSION* is_authority =
          X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
      X509_add_ext(certificate.get(), is_authority, -1);
      X509_EXTENSION_free(is_authority);
    }
    REQUIRE(X509_sign(certificate.get(), key_.get(), EVP_sha256()) > 0);
    return certificate;
  }

  static void write_certificate(const std::string& path, X509& certificate) {
    const OpenFile out = create_file(path);
    REQUIRE(PEM_write_X509(out.get(), &certificate) == 1);
  }

  TempDir dir_;
  Key key_;
  Certificate certificate_;
};

}  // namespace kvstash::net::test

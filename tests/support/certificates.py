"""Certificates for one test: an authority and the certificates it signs, as PEM files made by openssl(1)."""

import pathlib
import subprocess


def _openssl(*args):
    subprocess.run(["openssl", *[str(arg) for arg in args]], check=True, capture_output=True)


class Authority:
    def __init__(self, folder, name="test authority"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file, self.key = self.folder / "ca.crt", self.folder / "ca.key"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                 "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.file)

    def issue(self, name, days=10, passphrase=None, into=None):
        """Signs a certificate: (certificate, key), named after `into` or `name`; older files are replaced."""
        base = self.folder / (into or name)
        cert, key, request = base.with_suffix(".crt"), base.with_suffix(".key"), base.with_suffix(".csr")
        protect = ["-passout", f"pass:{passphrase}"] if passphrase else ["-nodes"]
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", *protect,
                 "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial",
                 "-days", days, "-out", cert)
        return cert, key

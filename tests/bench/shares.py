"""Where a process spends its CPU, by kind of work (design.md §8, issue "Delivery"): perf samples with their call chains.

A sample belongs to the library it was taken in; which work of libcrypto it is, its callers tell. Assembler of libcrypto has no
unwind tables everywhere: what cannot be told apart stays `crypto`, which counts as cryptography."""
import collections
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess

# In the order in which they are asked: the first that stands in the chain names the work.
CRYPTO = (("TLS", r"\bSSL_|libssl|ssl::detail::engine"),
          ("chaînes", r"verify_chain|X509_verify"),
          ("signature", r"CMS_SignerInfo_sign|RSA_sign|EVP_DigestSign"),
          ("empreintes", r"EVP_Digest|EVP_Q_digest|SHA256|HMAC|EVP_Q_mac|mime::sha|match_key"),
          ("chiffrement", r"mime::smime::encrypt|EVP_Encrypt|EVP_Decrypt|EVP_Cipher|node_vault|vault::.*crypt"))
BASE64 = re.compile(r"base64|encode_blocks|decode_blocks|decode_groups|encode_line")
KINDS = ("signature", "chiffrement", "empreintes", "chaînes", "crypto", "TLS", "base64", "deflate", "reste")


def kind_of(chain):
    """`chain`: (function, library) from the sample outwards."""
    function, library = chain[0]
    if library.startswith("libz.so"):
        return "deflate"
    if BASE64.search(function):
        return "base64"
    if library.startswith("libssl"):
        return "TLS"
    if not library.startswith("libcrypto"):
        return "reste"
    for name, pattern in CRYPTO:
        if any(re.search(pattern, f"{one} {where}") for one, where in chain):
            return name
    return "crypto"


class Shares:
    def __init__(self, pid, file):
        self.pid, self.file = pid, pathlib.Path(file)

    def usable(self):
        if shutil.which("perf") is None:
            return False
        tried = subprocess.run(["perf", "record", "-q", "-o", f"{self.file}.try", "-e", "cpu-clock", "true"], capture_output=True, check=False)
        return tried.returncode == 0

    @contextlib.contextmanager
    def recording(self):
        perf = subprocess.Popen(["perf", "record", "-q", "-F", "199", "-e", "cpu-clock", "--call-graph", "dwarf,16384", "-o", str(self.file),
                                 "-p", str(self.pid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            perf.send_signal(signal.SIGINT)
            perf.wait(60)

    def _chains(self):
        said = subprocess.Popen(["perf", "script", "--no-inline", "-i", str(self.file), "-F", "tid,ip,sym,dso"], stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True, errors="replace", env=dict(os.environ, LC_ALL="C"))
        chain = []
        for line in said.stdout:
            if match := re.match(r"\s+[0-9a-f]+ (.*) \(([^()]*)\)$", line):
                chain.append((match[1], os.path.basename(match[2])))
            elif not line.strip() and chain:
                yield chain
                chain = []
        if chain:
            yield chain
        said.wait()

    def kinds(self, top=None):
        """{kind: share of the samples}; with `top`, prints the heaviest functions of the rest."""
        counts, rest = collections.Counter(), collections.Counter()
        for chain in self._chains():
            kind = kind_of(chain)
            counts[kind] += 1
            if kind == "reste":
                rest[chain[0]] += 1
        total = sum(counts.values())
        for (name, library), count in rest.most_common(top or 0):
            print(f"    {100 * count / total:5.1f} %  {library:<24} {name[:90]}")
        return {kind: counts[kind] / total for kind in KINDS} if total else {}

#!/bin/bash
# Completes each bundle with a timestamp (RFC 3161) of its signature, by an authority made here, for
# a verifier that takes no bundle without one. The stamp of each bad bundle is good.
#
#     tests/oracles/stamp.sh FOLDER        makes FOLDER/stamped
set -euo pipefail

folder=$1 out=$1/stamped
rm -rf "$out"
mkdir -p "$out/bad"
here=$(mktemp -d)
trap 'status=$?; ((status == 0)) || cat "$here/said" >&3; rm -rf "$here"' EXIT
exec 3>&2 2>"$here/said"

cat > "$here/tsa.cnf" <<END
[tsa]
default_tsa = here
[here]
serial = $here/serial
signer_cert = $here/tsa.pem
signer_key = $here/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
ess_cert_id_alg = sha256
[leaf]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
END
echo 01 > "$here/serial"
new_key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
openssl req -x509 "${new_key[@]}" -keyout "$here/ca.key" -out "$here/ca.pem" -days 2 -subj '/O=test/CN=root'
openssl req "${new_key[@]}" -keyout "$here/tsa.key" -out "$here/tsa.csr" -subj '/O=test/CN=time'
openssl x509 -req -in "$here/tsa.csr" -CA "$here/ca.pem" -CAkey "$here/ca.key" -CAcreateserial -days 2 \
    -extfile "$here/tsa.cnf" -extensions leaf -out "$here/tsa.pem"

der() { openssl x509 -in "$here/$1.pem" -outform DER | base64 -w 0; }
jq -n --arg tsa "$(der tsa)" --arg ca "$(der ca)" '{
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [], certificateAuthorities: [], ctlogs: [],
    timestampAuthorities: [{subject: {organization: "test", commonName: "time"}, uri: "http://localhost",
        certChain: {certificates: [{rawBytes: $tsa}, {rawBytes: $ca}]},
        validFor: {start: "2020-01-01T00:00:00Z"}}]}' > "$out/root.json"

# stamped BUNDLE OUTPUT [BUNDLE-WHOSE-SIGNATURE-IS-STAMPED]
stamped() {
    jq -rj '.dsseEnvelope.signatures[0].sig' "${3-$1}" | base64 -d > "$here/sig"
    openssl ts -query -data "$here/sig" -sha256 -cert -out "$here/query"
    openssl ts -reply -config "$here/tsa.cnf" -queryfile "$here/query" -out "$here/reply"
    jq -c --arg stamp "$(base64 -w 0 < "$here/reply")" '.verificationMaterial.timestampVerificationData =
        {rfc3161Timestamps: [{signedTimestamp: $stamp}]}' "$1" > "$2"
}

good=$folder/good/sealed.sigstore.json
stamped "$good" "$out/sealed.sigstore.json"
for file in "$folder"/bad/*.sigstore.json; do stamped "$file" "$out/bad/${file##*/}"; done
stamped "$good" "$out/bad/stamp-of-another.sigstore.json" "$folder/bad/sig-of-stranger.sigstore.json"

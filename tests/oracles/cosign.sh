#!/bin/bash
# Bundle, envelope, provenance and summary as cosign sees them: with a key of one's own, and without
# a log. It holds the file that it is given against the subjects, and the type that is asked for.
#
#     tests/oracles/cosign.sh COSIGN FOLDER
set -euo pipefail

cosign=$1 folder=$2
HOME=$(mktemp -d)
export HOME
trap 'rm -rf "$HOME"' EXIT
# The Statement's subject has the digest of nothing.
: > "$HOME/empty"

session=https://attesh.dev/shell-session/v0.1

# verified KEY FORM FILE [TYPE ARTIFACT]
verified() {
    local form=--$2
    "$cosign" verify-blob-attestation --key "$folder/$1" "$form" "$3" --type "${4:-$session}" \
        --insecure-ignore-tlog=true "${5:-$HOME/empty}" >"$HOME/said" 2>&1
}

wrong=0 rejected=0
good() { verified "$@" || { printf 'refused %s\n' "$3"; cat "$HOME/said"; wrong=1; }; }
bad() {
    if verified "$@"; then
        printf 'accepted %s with %s\n' "$3" "$1"
        wrong=1
    else
        rejected=$((rejected + 1))
    fi
}

good key.pub bundle "$folder/good/sealed.sigstore.json"
good key.pub signature "$folder/good/sealed.intoto.json"
bad stranger.pub bundle "$folder/good/sealed.sigstore.json"
bad stranger.pub signature "$folder/good/sealed.intoto.json"
for file in "$folder"/bad/*.sigstore.json; do bad key.pub bundle "$file"; done
for file in "$folder"/bad/*.intoto.json; do bad key.pub signature "$file"; done
# The derived Statements, whose subject is a product.
for pair in build.slsa.json=slsaprovenance1 vsa.json=https://slsa.dev/verification_summary/v1; do
    file=${pair%%=*} type=${pair#*=} good=$folder/derived/good
    good key.pub signature "$good/$file" "$type" "$good/app"
    bad stranger.pub signature "$good/$file" "$type" "$good/app"
    bad key.pub signature "$good/$file" "$session" "$good/app"
    bad key.pub signature "$good/$file" "$type" "$folder/derived/another-artifact/app"
    for set in payload-flipped signature-flipped payload-type no-signature signed-for-another-type predicate-type; do
        bad key.pub signature "$folder/derived/$set/$file" "$type" "$good/app"
    done
done
((rejected > 40)) || { echo 'too few mutations'; wrong=1; }
printf 'cosign: 4 accepted, %d rejected\n' "$rejected"
exit "$wrong"

#!/bin/bash
# Bundle and envelope as cosign sees them: with a key of one's own, and without a log.
#
#     tests/oracles/cosign.sh COSIGN FOLDER
set -euo pipefail

cosign=$1 folder=$2
HOME=$(mktemp -d)
export HOME
trap 'rm -rf "$HOME"' EXIT
# The Statement's subject has the digest of nothing.
: > "$HOME/empty"

# verified KEY FORM FILE
verified() {
    local form=--$2
    "$cosign" verify-blob-attestation --key "$folder/$1" "$form" "$3" \
        --type https://attesh.dev/shell-session/v0.1 --insecure-ignore-tlog=true "$HOME/empty" \
        >"$HOME/said" 2>&1
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
((rejected > 20)) || { echo 'too few mutations'; wrong=1; }
printf 'cosign: 2 accepted, %d rejected\n' "$rejected"
exit "$wrong"

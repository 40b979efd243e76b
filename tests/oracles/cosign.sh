#!/bin/bash
# Bundle, envelope, provenance and summary as cosign sees them: with a key of one's own, a file, and
# without a log. It holds the file that it is given against the subjects, and the type that is asked
# for.
#
#     tests/oracles/cosign.sh COSIGN FOLDER
set -euo pipefail

cosign=$1 folder=$2
HOME=$(mktemp -d)
export HOME
trap 'rm -rf "$HOME"' EXIT
type=https://attesh.dev/shell-session/v0.1
good=("bundle $folder/good/sealed.sigstore.json" "signature $folder/good/sealed.intoto.json")

# verified KEY FORM FILE BLOB [TYPE]
verified() {
    "$cosign" verify-blob-attestation --key "$folder/$1" "--$2" "$3" \
        --type "${5:-$type}" --insecure-ignore-tlog=true "$4" >"$HOME/said" 2>&1
}

wrong=0 accepted=0 rejected=0
good() {
    if verified "$@"; then
        accepted=$((accepted + 1))
    else
        printf 'refused %s of %s\n' "$3" "$4"
        cat "$HOME/said"
        wrong=1
    fi
}
bad() {
    if verified "$@"; then
        printf 'accepted %s of %s with %s\n' "$3" "$4" "$1"
        wrong=1
    else
        rejected=$((rejected + 1))
    fi
}

# The product that the recorder saw.
product=$folder/subjects/build.txt
for one in "${good[@]}"; do
    read -r form file <<<"$one"
    for blob in "$folder"/subjects/*; do good key.pub "$form" "$file" "$blob"; done
    bad key.pub "$form" "$file" "$folder/another"
    bad stranger.pub "$form" "$file" "$product"
    bad key.pub "$form" "$file" "$product" https://example.org/a/v1
done
for file in "$folder"/bad/*.sigstore.json; do bad key.pub bundle "$file" "$product"; done
for file in "$folder"/bad/*.intoto.json; do bad key.pub signature "$file" "$product"; done
# The derived Statements, whose subject is a product.
for pair in build.slsa.json=slsaprovenance1 vsa.json=https://slsa.dev/verification_summary/v1; do
    file=${pair%%=*} kind=${pair#*=} right=$folder/derived/good
    good key.pub signature "$right/$file" "$right/app" "$kind"
    bad stranger.pub signature "$right/$file" "$right/app" "$kind"
    bad key.pub signature "$right/$file" "$right/app"
    bad key.pub signature "$right/$file" "$folder/derived/another-artifact/app" "$kind"
    for set in payload-flipped signature-flipped payload-type no-signature signed-for-another-type predicate-type; do
        bad key.pub signature "$folder/derived/$set/$file" "$right/app" "$kind"
    done
done
((accepted == 10 && rejected > 40)) || { echo 'too few files'; wrong=1; }
printf 'cosign: %d accepted, %d rejected\n' "$accepted" "$rejected"
exit "$wrong"

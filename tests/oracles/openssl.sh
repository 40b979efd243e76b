#!/bin/bash
# The envelope as openssl sees it, by the lines of EXAMPLES in attesh-seal(5), and its keyid as
# ssh-keygen prints it.
#
#     tests/oracles/openssl.sh FOLDER
set -euo pipefail

folder=$1
page=$(dirname "${BASH_SOURCE[0]}")/../../man/attesh-seal.5
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT

# example N: the Nth block of EXAMPLES, as a reader sees it
example() {
    awk -v wanted="$1" '
        /^\.Sh / { inside = $2 == "EXAMPLES" }
        inside && /^\.Ed/ { shown = 0 }
        inside && shown { gsub(/\\e/, "\\"); print }
        inside && /^\.Bd/ { shown = ++block == wanted }' "$page"
}
{ echo 'set -euo pipefail'; example 1; } > "$here/signature"
{ echo 'set -euo pipefail'; example 2; example 3; } > "$here/transcript"
grep -q 'openssl pkeyutl -verify -rawin' "$here/signature"
grep -q 'cmp - NAME.transcript' "$here/transcript"

# verified SCRIPT KEY ENVELOPE TRANSCRIPT
verified() {
    cp "$folder/$2" "$here/key.pub"
    cp "$3" "$here/NAME.intoto.json"
    cp "$4" "$here/NAME.transcript"
    (cd "$here" && bash "$1") >"$here/said" 2>&1
}

wrong=0 rejected=0
good() { verified "$@" || { printf 'refused %s\n' "$3"; cat "$here/said"; wrong=1; }; }
bad() {
    if verified "$@"; then
        printf 'accepted %s with %s and %s\n' "$3" "$2" "$4"
        wrong=1
    else
        rejected=$((rejected + 1))
    fi
}

envelope=$folder/good/sealed.intoto.json transcript=$folder/good/sealed.transcript
good signature key.pub "$envelope" "$transcript"
good transcript key.pub "$envelope" "$transcript"
bad signature stranger.pub "$envelope" "$transcript"
for file in "$folder"/bad/*.intoto.json; do
    # The lines of the page give the payload's type, and do not read that of the file.
    [[ ${file##*/} == type-of-another.* ]] || bad signature key.pub "$file" "$transcript"
done
good signature key.pub "$folder/bad/type-of-another.intoto.json" "$transcript"
sed '$d' "$transcript" > "$here/shorter"
bad transcript key.pub "$envelope" "$here/shorter"
sed 's/"exitCode":0/"exitCode":1/' "$transcript" > "$here/failed"
bad transcript key.pub "$envelope" "$here/failed"

# A signature of ssh-keygen is over other bytes than that of an envelope: it can say whose key it is.
read -r _ fingerprint _ < <(ssh-keygen -l -f "$folder/key.ssh")
[[ $(jq -r '.signatures[0].keyid' "$envelope") == "$fingerprint" ]] || { echo 'ssh-keygen prints another keyid'; wrong=1; }
hint=$(jq -r .verificationMaterial.publicKey.hint "$folder/good/sealed.sigstore.json")
[[ $hint == "$fingerprint" ]] || { echo 'ssh-keygen prints another hint'; wrong=1; }

((rejected > 13)) || { echo 'too few mutations'; wrong=1; }
printf 'openssl: 3 accepted, %d rejected\n' "$rejected"
exit "$wrong"

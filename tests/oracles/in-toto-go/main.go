// The layout and the links as in-toto for Go sees them: the words of in-toto-verify, and its answer.
//
//	in-toto-go --layout FILE --verification-keys FILE --link-dir FOLDER
package main

import (
	"flag"
	"fmt"
	"os"

	intoto "github.com/in-toto/in-toto-golang/in_toto"
)

func verify(layout, key, links string) error {
	metadata, err := intoto.LoadMetadata(layout)
	if err != nil {
		return err
	}
	var owner intoto.Key
	if err := owner.LoadKey(key, "ed25519", []string{"sha256"}); err != nil {
		return err
	}
	// The library finds the signature by the name of the key, which it gives with more members than
	// the layout has it by.
	owner.KeyID = metadata.Sigs()[0].KeyID
	keys := map[string]intoto.Key{owner.KeyID: owner}
	_, err = intoto.InTotoVerify(metadata, keys, links, "", map[string]string{}, [][]byte{}, true)
	return err
}

func main() {
	layout := flag.String("layout", "", "")
	key := flag.String("verification-keys", "", "")
	links := flag.String("link-dir", "", "")
	flag.Parse()
	if err := verify(*layout, *key, *links); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

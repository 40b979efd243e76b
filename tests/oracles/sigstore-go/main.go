// The bundle as sigstore-go sees it: with a key of one's own, a file, and without a log.
//
//	sigstore-go FOLDER
package main

import (
	"crypto"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	return value
}

// trusting gives a verifier that knows one key, for all time, and asks for nothing else.
func trusting(path string) *verify.Verifier {
	key := must(cryptoutils.UnmarshalPEMToPublicKey(must(os.ReadFile(path))))
	judge := must(signature.LoadVerifier(key, crypto.Hash(0)))
	known := root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) {
		return root.NewExpiringKey(judge, time.Time{}, time.Time{}), nil
	})
	return must(verify.NewVerifier(known, verify.WithNoObserverTimestamps()))
}

// accepts shows it a bundle and a file.
func accepts(judge *verify.Verifier, path, artifact string) error {
	sealed, err := bundle.LoadJSONFromPath(path)
	if err != nil {
		return err
	}
	file := must(os.Open(artifact))
	defer file.Close()
	_, err = judge.Verify(sealed, verify.NewPolicy(verify.WithArtifact(file), verify.WithKey()))
	return err
}

func main() {
	at := func(name ...string) string { return filepath.Join(append([]string{os.Args[1]}, name...)...) }
	good := at("good", "sealed.sigstore.json")
	judge := trusting(at("key.pub"))
	var wrong []string
	artifacts := must(filepath.Glob(at("subjects", "*")))
	for _, artifact := range artifacts {
		if err := accepts(judge, good, artifact); err != nil {
			wrong = append(wrong, fmt.Sprintf("refused %s: %v", artifact, err))
		}
	}
	refuse := func(name string, err error) {
		fmt.Printf("  %s: %v\n", name, err)
		if err == nil {
			wrong = append(wrong, "accepted "+name)
		}
	}
	refuse("key of a stranger", accepts(trusting(at("stranger.pub")), good, artifacts[0]))
	refuse("another file", accepts(judge, good, at("another")))
	bad := must(filepath.Glob(at("bad", "*.sigstore.json")))
	for _, path := range bad {
		refuse(filepath.Base(path), accepts(judge, path, artifacts[0]))
	}
	if len(artifacts) < 4 || len(bad) < 10 {
		wrong = append(wrong, "too few files")
	}
	if len(wrong) > 0 {
		fmt.Println(strings.Join(wrong, "\n"))
		os.Exit(1)
	}
	fmt.Printf("sigstore-go: %d accepted, %d rejected\n", len(artifacts), len(bad)+2)
}

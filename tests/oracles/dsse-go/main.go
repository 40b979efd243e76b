// The envelope as the DSSE library for Go sees it, which in-toto and cosign build on.
//
//	go run . FOLDER
package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

const payloadType = "application/vnd.in-toto+json"

// verifier holds one public key; the library asks it about each signature.
type verifier struct {
	key   ed25519.PublicKey
	keyid string
}

func (v verifier) Verify(_ context.Context, data, sig []byte) error {
	if !ed25519.Verify(v.key, data, sig) {
		return errors.New("the signature does not hold")
	}
	return nil
}

func (v verifier) KeyID() (string, error)   { return v.keyid, nil }
func (v verifier) Public() crypto.PublicKey { return v.key }

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	return value
}

func publicKey(path string) ed25519.PublicKey {
	block, _ := pem.Decode(must(os.ReadFile(path)))
	return must(x509.ParsePKIXPublicKey(block.Bytes)).(ed25519.PublicKey)
}

func verify(path string, key verifier) ([]byte, error) {
	var envelope dsse.Envelope
	if err := json.Unmarshal(must(os.ReadFile(path)), &envelope); err != nil {
		return nil, err
	}
	if envelope.PayloadType != payloadType {
		return nil, fmt.Errorf("payload type %s", envelope.PayloadType)
	}
	judge := must(dsse.NewEnvelopeVerifier(key))
	if _, err := judge.Verify(context.Background(), &envelope); err != nil {
		return nil, err
	}
	return envelope.DecodeB64Payload()
}

func main() {
	folder := os.Args[1]
	good := filepath.Join(folder, "good", "sealed.intoto.json")
	key, stranger := publicKey(filepath.Join(folder, "key.pub")), publicKey(filepath.Join(folder, "stranger.pub"))
	var wrong []string
	payload, err := verify(good, verifier{key: key})
	if err != nil || !bytes.Equal(payload, must(os.ReadFile(filepath.Join(folder, "payload")))) {
		wrong = append(wrong, fmt.Sprintf("refused what is good: %v", err))
	}
	if _, err := verify(good, verifier{key: stranger}); err == nil {
		wrong = append(wrong, "accepted with the key of a stranger")
	}
	bad := must(filepath.Glob(filepath.Join(folder, "bad", "*.intoto.json")))
	for _, path := range bad {
		_, err := verify(path, verifier{key: key})
		fmt.Printf("  %s: %v\n", filepath.Base(path), err)
		if err == nil {
			wrong = append(wrong, "accepted "+path)
		}
	}
	if len(bad) < 10 {
		wrong = append(wrong, "too few mutations")
	}
	if len(wrong) > 0 {
		fmt.Println(strings.Join(wrong, "\n"))
		os.Exit(1)
	}
	fmt.Printf("go-securesystemslib: 1 accepted, %d rejected\n", len(bad)+1)
}
